#include "textflag.h"

// Kernels for AVX-512 F and BW. A plane is one register.

// func multiplexAVX512(planes *uint64, muxes *multiplexer, n int)
//
// As multiplexWide, for n > 0: to = on ? one : zero.
TEXT ·multiplexAVX512(SB), NOSPLIT, $0-24
	MOVQ planes+0(FP), DI
	MOVQ muxes+8(FP), SI
	MOVQ n+16(FP), R8

next:
	MOVL 0(SI), AX  // on
	MOVL 4(SI), BX  // zero
	MOVL 8(SI), CX  // one
	MOVL 12(SI), DX // to
	VMOVDQU64 (DI)(AX*8), Z0
	VMOVDQU64 (DI)(CX*8), Z1
	VPTERNLOGQ $0xca, (DI)(BX*8), Z1, Z0
	VMOVDQU64 Z0, (DI)(DX*8)
	ADDQ $16, SI
	DECQ R8
	JNZ  next
	VZEROUPPER
	RET

// func sweepAVX512(planes *uint64, n int, missing *uint64)
//
// As sweepAVX2.
TEXT ·sweepAVX512(SB), NOSPLIT, $0-24
	MOVQ planes+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ missing+16(FP), SI
	VMOVDQU64 (SI), Z0
	MOVQ CX, AX
	SHLQ $6, AX
	ADDQ AX, DI

below:
	SUBQ $64, DI
	VPORQ (DI), Z0, Z0
	VMOVDQU64 Z0, (DI)
	DECQ CX
	JNZ  below
	VZEROUPPER
	RET

// Adds bit, in all bytes, to the codes of the rows in the plane that begins at of.
#define BIT(of, bit) \
	KMOVQ (SI)(of*8), K1 \
	VPADDB bit, Z0, K1, Z0

// func spreadAVX512(codes *[512]byte, planes *uint64, of *[8]uint32)
//
// As spreadWide, 64 rows at a time: a word of a plane is a mask of their bytes.
TEXT ·spreadAVX512(SB), NOSPLIT, $0-24
	MOVQ codes+0(FP), DI
	MOVQ planes+8(FP), SI
	MOVQ of+16(FP), R8
	MOVL $1, AX
	VPBROADCASTB AX, Z1
	VPADDB Z1, Z1, Z2
	VPADDB Z2, Z2, Z3
	VPADDB Z3, Z3, Z4
	VPADDB Z4, Z4, Z5
	VPADDB Z5, Z5, Z6
	VPADDB Z6, Z6, Z7
	VPADDB Z7, Z7, Z8
	MOVL 0(R8), AX
	MOVL 4(R8), BX
	MOVL 8(R8), CX
	MOVL 12(R8), DX
	MOVL 16(R8), R9
	MOVL 20(R8), R10
	MOVL 24(R8), R11
	MOVL 28(R8), R12
	MOVQ $8, R13

word:
	VPXORQ Z0, Z0, Z0
	BIT(AX, Z1)
	BIT(BX, Z2)
	BIT(CX, Z3)
	BIT(DX, Z4)
	BIT(R9, Z5)
	BIT(R10, Z6)
	BIT(R11, Z7)
	BIT(R12, Z8)
	VMOVDQU64 Z0, (DI)
	ADDQ $8, SI
	ADDQ $64, DI
	DECQ R13
	JNZ  word
	VZEROUPPER
	RET
