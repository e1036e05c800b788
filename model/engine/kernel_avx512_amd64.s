#include "go_asm.h"
#include "textflag.h"

// Kernels for AVX-512 F and BW; those that gather, at the end, also for DQ and VL. A plane is one register.

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

// Adds the values of a tree whose table is at values to the sums of eight rows in x. step is from a tree's codes to the next one's; widen makes
// eight 32-bit codes of those at DI, in Y2.
#define GATHER64(tree, step, widen, values, x) \
	widen (tree*step)(DI), Y2 \
	KXNORQ K1, K1, K1 \
	VPXORQ Z3, Z3, Z3 \
	VGATHERDPD (values)(Y2*8), K1, Z3 \
	VADDPD Z3, x, x

#define GATHER32(tree, step, widen, values, x) \
	widen (tree*step)(DI), Y2 \
	KXNORQ K1, K1, K1 \
	VPXORQ Y3, Y3, Y3 \
	VGATHERDPS (values)(Y2*4), K1, Y3 \
	VADDPS Y3, x, x

// Adds all eight trees to eight rows at a time, BX times: the tables are those at AX.
#define ADD(gather, step, widen, mov, x, size, codes, next) \
	MOVQ 0(AX), R8   \
	MOVQ 8(AX), R9   \
	MOVQ 16(AX), R10 \
	MOVQ 24(AX), R11 \
	MOVQ 32(AX), R12 \
	MOVQ 40(AX), R13 \
	MOVQ 48(AX), R15 \
	MOVQ 56(AX), DX  \
next:                \
	mov (SI), x      \
	gather(0, step, widen, R8, x)  \
	gather(1, step, widen, R9, x)  \
	gather(2, step, widen, R10, x) \
	gather(3, step, widen, R11, x) \
	gather(4, step, widen, R12, x) \
	gather(5, step, widen, R13, x) \
	gather(6, step, widen, R15, x) \
	gather(7, step, widen, DX, x)  \
	mov x, (SI)      \
	ADDQ $(8*size), SI  \
	ADDQ $(8*codes), DI \
	DECQ BX          \
	JNZ  next        \
	VZEROUPPER       \
	RET

// func addEight64AVX512(sums *float64, codes *byte, values *[8]*float64, turns int)
//
// As addEight, for turns * 8 rows.
TEXT ·addEight64AVX512(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ values+16(FP), AX
	MOVQ turns+24(FP), BX
	ADD(GATHER64, 512, VPMOVZXBD, VMOVUPD, Z0, 8, 1, next)

// func addEight32AVX512(sums *float32, codes *byte, values *[8]*float32, turns int)
//
// As addEight, for turns * 8 rows.
TEXT ·addEight32AVX512(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ values+16(FP), AX
	MOVQ turns+24(FP), BX
	ADD(GATHER32, 512, VPMOVZXBD, VMOVUPS, Y0, 4, 1, next)

// func addEightWide64AVX512(sums *float64, codes *uint16, values *[8]*float64, turns int)
//
// As addEightWide, for turns * 8 rows.
TEXT ·addEightWide64AVX512(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ values+16(FP), AX
	MOVQ turns+24(FP), BX
	ADD(GATHER64, 1024, VPMOVZXWD, VMOVUPD, Z0, 8, 2, next)

// func addEightWide32AVX512(sums *float32, codes *uint16, values *[8]*float32, turns int)
//
// As addEightWide, for turns * 8 rows.
TEXT ·addEightWide32AVX512(SB), NOSPLIT, $0-32
	MOVQ sums+0(FP), SI
	MOVQ codes+8(FP), DI
	MOVQ values+16(FP), AX
	MOVQ turns+24(FP), BX
	ADD(GATHER32, 1024, VPMOVZXWD, VMOVUPS, Y0, 4, 2, next)

// func locateAVX512(class *byte, s *search, x *float64, rows int)
//
// Writes the plane of each of rows > 0 rows, of fewer than 256 planes, and up to seven more: see search.classes.
TEXT ·locateAVX512(SB), NOSPLIT, $0-32
	MOVQ class+0(FP), DI
	MOVQ s+8(FP), R8
	MOVQ x+16(FP), SI
	MOVQ rows+24(FP), CX
	VBROADCASTSD search_scale(R8), Z8
	VBROADCASTSD search_offset(R8), Z9
	MOVQ $0x4330000000000000, BX
	VPBROADCASTQ BX, Z10      // the first bucket
	MOVQ (search_start+8)(R8), AX
	LEAQ -1(AX)(BX*1), BX
	VPBROADCASTQ BX, Z11      // the last one
	MOVQ search_start(R8), R10
	MOVQ search_sorted(R8), R11
	VPBROADCASTD search_none(R8), Y12
	MOVL $1, AX
	VPBROADCASTD AX, Y13
	MOVQ search_half(R8), R9
	VPBROADCASTD R9, Y14
	KXNORB K4, K4, K4

eight:
	CMPQ CX, $8
	JCC  load
	MOVL $1, AX               // fewer are left
	SHLXL CX, AX, AX
	DECL AX
	KMOVB AX, K4

load:
	VMOVUPD.Z (SI), K4, Z1
	VMULPD Z8, Z1, Z2
	VADDPD Z9, Z2, Z2
	VMAXPD Z10, Z2, Z2        // the first bucket for NaN
	VMINPD Z11, Z2, Z2
	VPMOVQD Z2, Y2
	KXNORQ K1, K1, K1
	VPXORQ Y3, Y3, Y3
	VPGATHERDD (R10)(Y2*4), K1, Y3
	VMOVDQA32 Y14, Y4
	MOVQ R9, DX

half:
	VPADDD Y3, Y4, Y6
	KXNORQ K1, K1, K1
	VPXORQ Z7, Z7, Z7
	VGATHERDPD -8(R11)(Y6*8), K1, Z7
	VCMPPD $0x11, Z1, Z7, K2  // less
	VPADDD Y4, Y3, K2, Y3
	VPSRLD $1, Y4, Y4
	SHRQ $1, DX
	JNZ  half

	VPADDD Y13, Y3, Y3
	VCMPPD $0x03, Z1, Z1, K2  // NaN
	VMOVDQA32 Y12, K2, Y3
	VPMOVDB Y3, (DI)
	ADDQ $8, DI
	ADDQ $64, SI
	SUBQ $8, CX
	JHI  eight
	VZEROUPPER
	RET
