#include "go_asm.h"
#include "textflag.h"

// One row in lanes: see lanes.go. AVX-512 F, BW, DQ, VL and VBMI.

// func binAVX512(bins *[maxLaneBins]byte, columns *laneColumns, n int, starts *uint32, cuts, x *float64, stride int)
//
// As binLanes, for n > 0; stride is from feature to feature in x, and the place before cuts[1] may be read.
TEXT ·binAVX512(SB), NOSPLIT, $0-56
	MOVQ bins+0(FP), DI
	MOVQ columns+8(FP), R8
	MOVQ n+16(FP), R9
	MOVQ starts+24(FP), R10
	MOVQ cuts+32(FP), R11
	MOVQ x+40(FP), SI
	VPBROADCASTQ stride+48(FP), Z8
	MOVQ $0x4330000000000000, AX // the first bucket
	VPBROADCASTQ AX, Z9

columns:
	VPMULUDQ laneColumns_feature(R8), Z8, Z0
	KXNORQ   K1, K1, K1
	VPXORQ   Z1, Z1, Z1
	VGATHERQPD (SI)(Z0*8), K1, Z1
	VMULPD   laneColumns_scale(R8), Z1, Z2
	VADDPD   laneColumns_offset(R8), Z2, Z2
	VMAXPD   Z9, Z2, Z2 // the first bucket for NaN
	VMINPD   laneColumns_last(R8), Z2, Z2
	VPMOVQD  Z2, Y2
	VPADDD   laneColumns_start(R8), Y2, Y2
	KXNORQ   K1, K1, K1
	VPXORQ   Y3, Y3, Y3
	VPGATHERDD (R10)(Y2*4), K1, Y3 // the place
	VMOVDQU32 laneColumns_half(R8), Y4
	VMOVDQU32 laneColumns_sorted(R8), Y5
	MOVQ     laneColumns_turns(R8), CX

half:
	VPADDD Y3, Y4, Y6
	VPADDD Y5, Y6, Y6
	KXNORQ K1, K1, K1
	VPXORQ Z7, Z7, Z7
	VGATHERDPD -8(R11)(Y6*8), K1, Z7
	VCMPPD $0x11, Z1, Z7, K2 // less
	VPADDD Y4, Y3, K2, Y3
	VPSRLD $1, Y4, Y4
	DECQ   CX
	JNZ    half

	VCMPPD $0x03, Z1, Z1, K2 // NaN
	VCMPPD $0x1e, laneColumns_low(R8), Z1, K3 // greater
	VCMPPD $0x12, laneColumns_high(R8), Z1, K3, K3 // and less or equal
	KORB   K3, K2, K2
	VMOVDQU32 laneColumns_none(R8), K2, Y3
	VPMOVDB Y3, (DI)
	ADDQ   $8, DI
	ADDQ   $laneColumns__size, R8
	DECQ   R9
	JNZ    columns
	VZEROUPPER
	RET

// func orAVX512(to *uint64, n int, words *uint64, vectors *int32, count int)
//
// As orWords, for n * 8 words and count > 0 vectors.
TEXT ·orAVX512(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ words+16(FP), SI
	TESTQ CX, CX
	JZ   done

part:
	MOVQ   vectors+24(FP), R8
	MOVQ   count+32(FP), R9
	VPXORQ Z0, Z0, Z0

vector:
	MOVLQSX (R8), AX
	VPORQ   (SI)(AX*8), Z0, Z0
	ADDQ    $4, R8
	DECQ    R9
	JNZ     vector
	VMOVDQU64 Z0, (DI)
	ADDQ    $64, DI
	ADDQ    $64, SI
	DECQ    CX
	JNZ     part
	VZEROUPPER

done:
	RET

// Adds the values of eight trees to x, tree after tree. Y2 has the places of their values, DI laner; CX, K3 and Z3 are spoiled.
#define ADD64(x) \
	MOVQ   laner_values(DI), CX    \
	KXNORQ K3, K3, K3              \
	VPXORQ Z3, Z3, Z3              \
	VGATHERDPD (CX)(Y2*8), K3, Z3  \
	VMOVUPD Z3, laner_eight(DI)    \
	VADDSD laner_eight(DI), x, x      \
	VADDSD (laner_eight+8)(DI), x, x  \
	VADDSD (laner_eight+16)(DI), x, x \
	VADDSD (laner_eight+24)(DI), x, x \
	VADDSD (laner_eight+32)(DI), x, x \
	VADDSD (laner_eight+40)(DI), x, x \
	VADDSD (laner_eight+48)(DI), x, x \
	VADDSD (laner_eight+56)(DI), x, x

#define ADD32(x) \
	MOVQ   laner_values32(DI), CX  \
	KXNORQ K3, K3, K3              \
	VPXORQ Y3, Y3, Y3              \
	VGATHERDPS (CX)(Y2*4), K3, Y3  \
	VMOVUPS Y3, laner_eight(DI)    \
	VADDSS laner_eight(DI), x, x      \
	VADDSS (laner_eight+4)(DI), x, x  \
	VADDSS (laner_eight+8)(DI), x, x  \
	VADDSS (laner_eight+12)(DI), x, x \
	VADDSS (laner_eight+16)(DI), x, x \
	VADDSS (laner_eight+20)(DI), x, x \
	VADDSS (laner_eight+24)(DI), x, x \
	VADDSS (laner_eight+28)(DI), x, x

// func lanesAVX512(r *laner)
//
// As walkLanes, for at least one group. A sum waits for one addition after the other, while the next group is on its way.
TEXT ·lanesAVX512(SB), NOSPLIT, $0-8
	MOVQ r+0(FP), DI
	MOVQ laner_groups(DI), R8
	MOVQ (laner_groups+8)(DI), DX
	MOVQ laner_steps(DI), SI
	MOVQ laner_rights(DI), R9
	MOVQ (laner_rights+8)(DI), R14
	MOVQ laner_ends(DI), BX
	MOVQ laner_first(DI), R10
	MOVQ (laner_first+8)(DI), R12
	MOVQ laner_adds(DI), R15
	MOVQ laner_binned(DI), R11
	VMOVSD laner_double(DI), X14
	VMOVSS laner_single(DI), X15
	VMOVDQU64 laner_bins(DI), Z30
	VMOVDQU64 (laner_bins+64)(DI), Z31

group:
	VPXORQ Z0, Z0, Z0
	MOVQ   laneGroup_steps(R8), CX
	TESTQ  CX, CX
	JZ     end

step:
	VMOVDQU64 laneStep_column(SI), Z1
	CMPQ   R11, $64
	JHI    two
	VPERMB Z30, Z1, Z1

binned:
	VPSUBB laneStep_delta(SI), Z0, Z0
	VPCMPUB $6, laneStep_cut(SI), Z1, K1
	TESTQ  R14, R14
	JZ     left
	KMOVQ  (R9), K2
	KORQ   K2, K1, K1
	ADDQ   $8, R9

left:
	VPMAXUB laneStep_left(SI), Z0, K1, Z0
	ADDQ   $laneStep__size, SI
	DECQ   CX
	JNZ    step

	JMP    end

two:
	VPERMI2B Z31, Z30, Z1
	JMP    binned

end:
	VPADDB laneGroup_last(R8), Z0, Z0
	VMOVDQU64 Z0, (BX)
	TESTQ  R15, R15
	JZ     next
	MOVQ   BX, AX
	MOVQ   $64, R13
	CMPQ   R12, R13
	CMOVQCS R12, R13
	SUBQ   R13, R12

eight:
	VPMOVZXBD (AX), Y2
	VPADDD (R10), Y2, Y2
	ADDQ   $8, AX
	ADDQ   $32, R10
	CMPQ   R15, $const_addsSingle
	JEQ    single
	ADD64(X14)
	SUBQ   $8, R13
	JNZ    eight
	JMP    next

single:
	ADD32(X15)
	SUBQ   $8, R13
	JNZ    eight

next:
	ADDQ   $64, BX
	ADDQ   $laneGroup__size, R8
	DECQ   DX
	JNZ    group
	VMOVSD X14, laner_double(DI)
	VMOVSS X15, laner_single(DI)
	VZEROUPPER
	RET
