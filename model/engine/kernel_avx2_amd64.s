#include "textflag.h"

// Kernels for AVX2. A plane is two registers of 256 rows.

// func multiplexAVX2(planes *uint64, muxes *multiplexer, n int)
//
// As multiplexWide: to = zero ^ (zero^one)&on.
TEXT ·multiplexAVX2(SB), NOSPLIT, $0-24
	MOVQ planes+0(FP), DI
	MOVQ muxes+8(FP), SI
	MOVQ n+16(FP), R8
	TESTQ R8, R8
	JZ   done

next:
	MOVL 0(SI), AX  // on
	MOVL 4(SI), BX  // zero
	MOVL 8(SI), CX  // one
	MOVL 12(SI), DX // to
	VMOVDQU (DI)(BX*8), Y0
	VMOVDQU 32(DI)(BX*8), Y1
	VPXOR (DI)(CX*8), Y0, Y2
	VPXOR 32(DI)(CX*8), Y1, Y3
	VPAND (DI)(AX*8), Y2, Y2
	VPAND 32(DI)(AX*8), Y3, Y3
	VPXOR Y0, Y2, Y2
	VPXOR Y1, Y3, Y3
	VMOVDQU Y2, (DI)(DX*8)
	VMOVDQU Y3, 32(DI)(DX*8)
	ADDQ $16, SI
	DECQ R8
	JNZ  next
	VZEROUPPER

done:
	RET

// func sweepAVX2(planes *uint64, n int, missing *uint64)
//
// As sweep, for n > 0 planes of eight words. missing are the bits to begin with.
TEXT ·sweepAVX2(SB), NOSPLIT, $0-24
	MOVQ planes+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ missing+16(FP), SI
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	MOVQ CX, AX
	SHLQ $6, AX
	ADDQ AX, DI

below:
	SUBQ $64, DI
	VPOR (DI), Y0, Y0
	VPOR 32(DI), Y1, Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	DECQ CX
	JNZ  below
	VZEROUPPER
	RET

// As transpose8, for four words: x with t for help; Y4, Y5, Y6 have the masks.
#define TRANSPOSE8(x, t) \
	VPSRLQ $7, x, t  \
	VPXOR  x, t, t   \
	VPAND  Y4, t, t  \
	VPXOR  t, x, x   \
	VPSLLQ $7, t, t  \
	VPXOR  t, x, x   \
	VPSRLQ $14, x, t \
	VPXOR  x, t, t   \
	VPAND  Y5, t, t  \
	VPXOR  t, x, x   \
	VPSLLQ $14, t, t \
	VPXOR  t, x, x   \
	VPSRLQ $28, x, t \
	VPXOR  x, t, t   \
	VPAND  Y6, t, t  \
	VPXOR  t, x, x   \
	VPSLLQ $28, t, t \
	VPXOR  t, x, x

// Writes the codes of x: 16 rows of its lower half to at, 16 of its upper one 128 rows further.
#define CODES(x, lowerX, at) \
	VMOVDQU      lowerX, at(DI)     \
	VEXTRACTI128 $1, x, at+128(DI)

// func spreadAVX2(codes *[512]byte, planes *uint64, of *[8]uint32)
//
// As spreadWide, 256 rows at a time. Bytes of two planes alternate first, then pairs of four planes, then fours of all
// eight: that makes words of eight rows, whose bits are transposed.
TEXT ·spreadAVX2(SB), NOSPLIT, $0-24
	MOVQ codes+0(FP), DI
	MOVQ planes+8(FP), SI
	MOVQ of+16(FP), R8
	MOVL 0(R8), AX
	MOVL 4(R8), BX
	MOVL 8(R8), CX
	MOVL 12(R8), DX
	MOVL 16(R8), R9
	MOVL 20(R8), R10
	MOVL 24(R8), R11
	MOVL 28(R8), R12
	MOVQ $2, R13

half:
	VMOVDQU (SI)(AX*8), Y0
	VMOVDQU (SI)(BX*8), Y1
	VMOVDQU (SI)(CX*8), Y2
	VMOVDQU (SI)(DX*8), Y3
	VMOVDQU (SI)(R9*8), Y4
	VMOVDQU (SI)(R10*8), Y5
	VMOVDQU (SI)(R11*8), Y6
	VMOVDQU (SI)(R12*8), Y7

	VPUNPCKLBW Y1, Y0, Y8
	VPUNPCKHBW Y1, Y0, Y0
	VPUNPCKLBW Y3, Y2, Y9
	VPUNPCKHBW Y3, Y2, Y1
	VPUNPCKLBW Y5, Y4, Y10
	VPUNPCKHBW Y5, Y4, Y2
	VPUNPCKLBW Y7, Y6, Y11
	VPUNPCKHBW Y7, Y6, Y3

	VPUNPCKLWD Y9, Y8, Y4
	VPUNPCKHWD Y9, Y8, Y5
	VPUNPCKLWD Y11, Y10, Y6
	VPUNPCKHWD Y11, Y10, Y7
	VPUNPCKLDQ Y6, Y4, Y8
	VPUNPCKHDQ Y6, Y4, Y9
	VPUNPCKLDQ Y7, Y5, Y10
	VPUNPCKHDQ Y7, Y5, Y11

	VPUNPCKLWD Y1, Y0, Y4
	VPUNPCKHWD Y1, Y0, Y5
	VPUNPCKLWD Y3, Y2, Y6
	VPUNPCKHWD Y3, Y2, Y7
	VPUNPCKLDQ Y6, Y4, Y0
	VPUNPCKHDQ Y6, Y4, Y1
	VPUNPCKLDQ Y7, Y5, Y2
	VPUNPCKHDQ Y7, Y5, Y3

	VPBROADCASTQ transposeMasks<>+0(SB), Y4
	VPBROADCASTQ transposeMasks<>+8(SB), Y5
	VPBROADCASTQ transposeMasks<>+16(SB), Y6
	TRANSPOSE8(Y8, Y12)
	TRANSPOSE8(Y9, Y13)
	TRANSPOSE8(Y10, Y14)
	TRANSPOSE8(Y11, Y15)
	CODES(Y8, X8, 0)
	CODES(Y9, X9, 16)
	CODES(Y10, X10, 32)
	CODES(Y11, X11, 48)
	TRANSPOSE8(Y0, Y12)
	TRANSPOSE8(Y1, Y13)
	TRANSPOSE8(Y2, Y14)
	TRANSPOSE8(Y3, Y15)
	CODES(Y0, X0, 64)
	CODES(Y1, X1, 80)
	CODES(Y2, X2, 96)
	CODES(Y3, X3, 112)

	ADDQ $32, SI
	ADDQ $256, DI
	DECQ R13
	JNZ  half
	VZEROUPPER
	RET

DATA transposeMasks<>+0(SB)/8, $0x00aa00aa00aa00aa
DATA transposeMasks<>+8(SB)/8, $0x0000cccc0000cccc
DATA transposeMasks<>+16(SB)/8, $0x00000000f0f0f0f0
GLOBL transposeMasks<>(SB), RODATA|NOPTR, $24
