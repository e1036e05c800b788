#include "go_asm.h"
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

// func scatterAVX2(planes *uint64, shift int, s *search, x *float64, rows int)
//
// As scatter; 1<<shift is the bytes of a plane. The line's value is cut to the buckets as a float, which is the same.
TEXT ·scatterAVX2(SB), NOSPLIT, $8-40
	MOVQ shift+8(FP), R13
	MOVQ s+16(FP), R8
	MOVQ x+24(FP), SI        // the first row of this bit
	MOVQ rows+32(FP), R10
	LEAQ (SI)(R10*8), R10    // the end of x
	VMOVSD search_scale(R8), X1
	VMOVSD search_offset(R8), X2
	MOVQ search_start+0(R8), R11
	MOVQ search_start+8(R8), AX
	DECQ AX
	MOVQ $0x4330000000000000, BX
	VMOVQ BX, X3             // the first bucket
	ADDQ AX, BX
	VMOVQ BX, X4             // the last one
	MOVQ search_sorted(R8), R12
	MOVLQZX search_none(R8), AX
	MOVQ AX, none-8(SP)
	MOVQ $1, CX              // the bit
	MOVQ search_half(R8), R8

bit:
	MOVQ planes+0(FP), DI    // the word
	MOVQ SI, BX              // its row

row:
	VMOVSD (BX), X0
	VMULSD X1, X0, X5
	VADDSD X2, X5, X5
	VMAXSD X3, X5, X5        // the second of both for NaN
	VMINSD X4, X5, X5
	VMOVD X5, AX
	MOVL (R11)(AX*4), AX
	MOVQ R8, DX              // half

search:
	LEAQ (AX)(DX*1), R15
	VUCOMISD -8(R12)(R15*8), X0
	CMOVQHI R15, AX
	SHRQ $1, DX
	JNZ  search

	INCQ AX
	VUCOMISD X0, X0
	CMOVQPS none-8(SP), AX
	SHLXQ R13, AX, AX
	ORQ  CX, (DI)(AX*1)
	ADDQ $8, DI
	ADDQ $512, BX            // 64 rows on
	CMPQ BX, R10
	JCS  row

	ADDQ $8, SI
	CMPQ SI, R10
	JCC  done
	SHLQ $1, CX
	JNZ  bit

done:
	RET

// The sums of rows are in registers while eight trees are added to them, tree after tree.

// Puts the tables of the trees, whose addresses are at AX, into R8 to R13, R15 and DX.
#define TABLES \
	MOVQ 0(AX), R8   \
	MOVQ 8(AX), R9   \
	MOVQ 16(AX), R10 \
	MOVQ 24(AX), R11 \
	MOVQ 32(AX), R12 \
	MOVQ 40(AX), R13 \
	MOVQ 48(AX), R15 \
	MOVQ 56(AX), DX

// Adds all eight. step is from a tree's codes to the next one's, add takes the table.
#define TREES(step, add) \
	MOVQ (0*step)(DI), AX \
	add(R8)  \
	MOVQ (1*step)(DI), AX \
	add(R9)  \
	MOVQ (2*step)(DI), AX \
	add(R10) \
	MOVQ (3*step)(DI), AX \
	add(R11) \
	MOVQ (4*step)(DI), AX \
	add(R12) \
	MOVQ (5*step)(DI), AX \
	add(R13) \
	MOVQ (6*step)(DI), AX \
	add(R15) \
	MOVQ (7*step)(DI), AX \
	add(DX)

// Moves the sums of four rows, of so many bytes each, into registers and out.
#define LOAD(mov, size, from, x0, x1, x2, x3) \
	mov (from*size)(SI), x0       \
	mov ((from+1)*size)(SI), x1   \
	mov ((from+2)*size)(SI), x2   \
	mov ((from+3)*size)(SI), x3

#define STORE(mov, size, from, x0, x1, x2, x3) \
	mov x0, (from*size)(SI)       \
	mov x1, ((from+1)*size)(SI)   \
	mov x2, ((from+2)*size)(SI)   \
	mov x3, ((from+3)*size)(SI)

// Adds a tree's values to the sums of eight rows. AX has the rows' codes.
#define ADD_64(values) \
	MOVBLZX AX, CX \
	VADDSD (values)(CX*8), X0, X0 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSD (values)(CX*8), X1, X1 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSD (values)(CX*8), X2, X2 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSD (values)(CX*8), X3, X3 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSD (values)(CX*8), X4, X4 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSD (values)(CX*8), X5, X5 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSD (values)(CX*8), X6, X6 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSD (values)(CX*8), X7, X7

// func addEight64AVX2(sums *float64, codes *byte, values *[8]*float64, turns int)
//
// As addEight, for turns * 8 rows.
TEXT ·addEight64AVX2(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ values+16(FP), AX
	MOVQ turns+24(FP), BX
	TABLES

next:
	LOAD(VMOVSD, 8, 0, X0, X1, X2, X3)
	LOAD(VMOVSD, 8, 4, X4, X5, X6, X7)
	TREES(512, ADD_64)
	STORE(VMOVSD, 8, 0, X0, X1, X2, X3)
	STORE(VMOVSD, 8, 4, X4, X5, X6, X7)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ BX
	JNZ  next
	RET

// Adds a tree's values to the sums of four rows. AX has the rows' codes of two bytes.
#define ADDWIDE_64(values) \
	MOVWLZX AX, CX \
	VADDSD (values)(CX*8), X0, X0 \
	SHRQ $16, AX \
	MOVWLZX AX, CX \
	VADDSD (values)(CX*8), X1, X1 \
	SHRQ $16, AX \
	MOVWLZX AX, CX \
	VADDSD (values)(CX*8), X2, X2 \
	SHRQ $16, AX \
	MOVWLZX AX, CX \
	VADDSD (values)(CX*8), X3, X3

// func addEightWide64AVX2(sums *float64, codes *uint16, values *[8]*float64, turns int)
//
// As addEightWide, for turns * 4 rows.
TEXT ·addEightWide64AVX2(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ values+16(FP), AX
	MOVQ turns+24(FP), BX
	TABLES

next:
	LOAD(VMOVSD, 8, 0, X0, X1, X2, X3)
	TREES(1024, ADDWIDE_64)
	STORE(VMOVSD, 8, 0, X0, X1, X2, X3)
	ADDQ $32, SI
	ADDQ $8, DI
	DECQ BX
	JNZ  next
	RET

// Adds a tree's values to the sums of eight rows. AX has the rows' codes.
#define ADD_32(values) \
	MOVBLZX AX, CX \
	VADDSS (values)(CX*4), X0, X0 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSS (values)(CX*4), X1, X1 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSS (values)(CX*4), X2, X2 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSS (values)(CX*4), X3, X3 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSS (values)(CX*4), X4, X4 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSS (values)(CX*4), X5, X5 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSS (values)(CX*4), X6, X6 \
	SHRQ $8, AX \
	MOVBLZX AX, CX \
	VADDSS (values)(CX*4), X7, X7

// func addEight32AVX2(sums *float32, codes *byte, values *[8]*float32, turns int)
//
// As addEight, for turns * 8 rows.
TEXT ·addEight32AVX2(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ values+16(FP), AX
	MOVQ turns+24(FP), BX
	TABLES

next:
	LOAD(VMOVSS, 4, 0, X0, X1, X2, X3)
	LOAD(VMOVSS, 4, 4, X4, X5, X6, X7)
	TREES(512, ADD_32)
	STORE(VMOVSS, 4, 0, X0, X1, X2, X3)
	STORE(VMOVSS, 4, 4, X4, X5, X6, X7)
	ADDQ $32, SI
	ADDQ $8, DI
	DECQ BX
	JNZ  next
	RET

// Adds a tree's values to the sums of four rows. AX has the rows' codes of two bytes.
#define ADDWIDE_32(values) \
	MOVWLZX AX, CX \
	VADDSS (values)(CX*4), X0, X0 \
	SHRQ $16, AX \
	MOVWLZX AX, CX \
	VADDSS (values)(CX*4), X1, X1 \
	SHRQ $16, AX \
	MOVWLZX AX, CX \
	VADDSS (values)(CX*4), X2, X2 \
	SHRQ $16, AX \
	MOVWLZX AX, CX \
	VADDSS (values)(CX*4), X3, X3

// func addEightWide32AVX2(sums *float32, codes *uint16, values *[8]*float32, turns int)
//
// As addEightWide, for turns * 4 rows.
TEXT ·addEightWide32AVX2(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ values+16(FP), AX
	MOVQ turns+24(FP), BX
	TABLES

next:
	LOAD(VMOVSS, 4, 0, X0, X1, X2, X3)
	TREES(1024, ADDWIDE_32)
	STORE(VMOVSS, 4, 0, X0, X1, X2, X3)
	ADDQ $16, SI
	ADDQ $8, DI
	DECQ BX
	JNZ  next
	RET

// Exchanges the high bits of a, of those that are s apart, with the low ones of b: see exchangeBits. m has the low ones.
#define EXCHANGE(a, b, s, m) \
	VPSRLQ s, a, Y8     \
	VPXOR  b, Y8, Y8    \
	VPAND  m, Y8, Y8    \
	VPXOR  Y8, b, b     \
	VPSLLQ s, Y8, Y8    \
	VPXOR  Y8, a, a

// As exchange, for four matrices: eight words of each at AX, step bytes apart. Y9, Y10 and Y11 have the masks.
#define EXCHANGES(step, s4, s2, s1) \
	VMOVDQU (0*step)(AX), Y0 \
	VMOVDQU (1*step)(AX), Y1 \
	VMOVDQU (2*step)(AX), Y2 \
	VMOVDQU (3*step)(AX), Y3 \
	VMOVDQU (4*step)(AX), Y4 \
	VMOVDQU (5*step)(AX), Y5 \
	VMOVDQU (6*step)(AX), Y6 \
	VMOVDQU (7*step)(AX), Y7 \
	EXCHANGE(Y0, Y4, s4, Y9) \
	EXCHANGE(Y1, Y5, s4, Y9) \
	EXCHANGE(Y2, Y6, s4, Y9) \
	EXCHANGE(Y3, Y7, s4, Y9) \
	EXCHANGE(Y0, Y2, s2, Y10) \
	EXCHANGE(Y1, Y3, s2, Y10) \
	EXCHANGE(Y4, Y6, s2, Y10) \
	EXCHANGE(Y5, Y7, s2, Y10) \
	EXCHANGE(Y0, Y1, s1, Y11) \
	EXCHANGE(Y2, Y3, s1, Y11) \
	EXCHANGE(Y4, Y5, s1, Y11) \
	EXCHANGE(Y6, Y7, s1, Y11) \
	VMOVDQU Y0, (0*step)(AX) \
	VMOVDQU Y1, (1*step)(AX) \
	VMOVDQU Y2, (2*step)(AX) \
	VMOVDQU Y3, (3*step)(AX) \
	VMOVDQU Y4, (4*step)(AX) \
	VMOVDQU Y5, (5*step)(AX) \
	VMOVDQU Y6, (6*step)(AX) \
	VMOVDQU Y7, (7*step)(AX)

// func transposeAVX2(m *[256]uint64)
//
// As transpose, two passes over eight rows at a time.
TEXT ·transposeAVX2(SB), NOSPLIT, $0-8
	MOVQ m+0(FP), AX
	VPBROADCASTQ exchangeMasks<>+0(SB), Y9
	VPBROADCASTQ exchangeMasks<>+8(SB), Y10
	VPBROADCASTQ exchangeMasks<>+16(SB), Y11
	MOVQ $8, CX

far:
	EXCHANGES(256, $32, $16, $8)
	ADDQ $32, AX
	DECQ CX
	JNZ  far

	SUBQ $256, AX
	VPBROADCASTQ exchangeMasks<>+24(SB), Y9
	VPBROADCASTQ exchangeMasks<>+32(SB), Y10
	VPBROADCASTQ exchangeMasks<>+40(SB), Y11
	MOVQ $8, CX

near:
	EXCHANGES(32, $4, $2, $1)
	ADDQ $256, AX
	DECQ CX
	JNZ  near
	VZEROUPPER
	RET

DATA exchangeMasks<>+0(SB)/8, $0x00000000ffffffff
DATA exchangeMasks<>+8(SB)/8, $0x0000ffff0000ffff
DATA exchangeMasks<>+16(SB)/8, $0x00ff00ff00ff00ff
DATA exchangeMasks<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA exchangeMasks<>+32(SB)/8, $0x3333333333333333
DATA exchangeMasks<>+40(SB)/8, $0x5555555555555555
GLOBL exchangeMasks<>(SB), RODATA|NOPTR, $48

// func widenAVX2(to *[512]uint16, low, high *[512]byte)
//
// As widen.
TEXT ·widenAVX2(SB), NOSPLIT, $0-24
	MOVQ to+0(FP), DI
	MOVQ low+8(FP), SI
	MOVQ high+16(FP), DX
	MOVQ $32, CX

sixteen:
	VMOVDQU (SI), X0
	VMOVDQU (DX), X1
	VPUNPCKLBW X1, X0, X2
	VPUNPCKHBW X1, X0, X3
	VMOVDQU X2, (DI)
	VMOVDQU X3, 16(DI)
	ADDQ $16, SI
	ADDQ $16, DX
	ADDQ $32, DI
	DECQ CX
	JNZ  sixteen
	RET
