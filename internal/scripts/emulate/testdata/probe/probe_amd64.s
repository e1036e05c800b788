#include "textflag.h"

// func compareMax(v, bins, thr, d *[64]byte)
TEXT ·compareMax(SB), NOSPLIT, $0-32
	MOVQ     v+0(FP), AX
	MOVQ     bins+8(FP), BX
	MOVQ     thr+16(FP), CX
	MOVQ     d+24(FP), DX
	VMOVDQU8 (AX), Z0
	VMOVDQU8 (BX), Z1
	VMOVDQU8 (CX), Z2
	VPCMPUB  $6, Z2, Z1, K1
	VPMAXUB  (DX), Z0, K1, Z0
	VMOVDQU8 Z0, (AX)
	VZEROUPPER
	RET

// func above(bins, thr *[64]byte) uint64
TEXT ·above(SB), NOSPLIT, $0-24
	MOVQ     bins+0(FP), BX
	MOVQ     thr+8(FP), CX
	VMOVDQU8 (BX), Z31
	VPCMPUB  $6, (CX), Z31, K7
	KMOVQ    K7, AX
	MOVQ     AX, ret+16(FP)
	VZEROUPPER
	RET

// func lookup(index, a, b *[64]byte)
TEXT ·lookup(SB), NOSPLIT, $0-24
	MOVQ     index+0(FP), AX
	MOVQ     a+8(FP), BX
	MOVQ     b+16(FP), CX
	VMOVDQU8 (AX), Z0
	VMOVDQU8 (BX), Z1
	VPERMI2B (CX), Z1, Z0
	VMOVDQU8 Z0, (AX)
	VZEROUPPER
	RET

// func leaves(index *[8]uint64, a, b *[8]float64)
TEXT ·leaves(SB), NOSPLIT, $0-24
	MOVQ      index+0(FP), AX
	MOVQ      a+8(FP), BX
	MOVQ      b+16(FP), CX
	VMOVDQU64 (AX), Z16
	VMOVUPD   (BX), Z17
	VPERMI2PD (CX), Z17, Z16
	VMOVDQU64 Z16, (AX)
	VZEROUPPER
	RET

// func bits(words *[8]uint64, index *[64]byte) uint64
TEXT ·bits(SB), NOSPLIT, $0-24
	MOVQ         words+0(FP), AX
	MOVQ         index+8(FP), BX
	VMOVDQU64    (AX), Z1
	VPSHUFBITQMB (BX), Z1, K1
	KMOVQ        K1, AX
	MOVQ         AX, ret+16(FP)
	VZEROUPPER
	RET

// func sum(acc, x *[8]float64)
TEXT ·sum(SB), NOSPLIT, $0-16
	MOVQ    acc+0(FP), AX
	MOVQ    x+8(FP), BX
	VMOVUPD (AX), Z0
	VADDPD  (BX), Z0, Z0
	VMOVUPD Z0, (AX)
	VZEROUPPER
	RET
