#include "go_asm.h"
#include "textflag.h"

// One row. No instruction here is of a larger set than AVX2 and BMI.

// A step from the node at p, in bytes from the first one.
#define STEP(p, t, u) \
	MOVWLZX (BX)(p*1), u    \
	SHRXQ   CX, p, t        \
	MOVL    u, (SI)(t*4)    \
	MOVWLZX 2(BX)(p*1), t   \
	MOVBLZX (DI)(u*1), u    \
	ADDL    u, t            \
	LEAQ    (p)(t*4), p

#define EIGHT \
	STEP(R8, AX, DX)  \
	STEP(R9, AX, DX)  \
	STEP(R10, AX, DX) \
	STEP(R11, AX, DX) \
	STEP(R12, AX, DX) \
	STEP(R13, AX, DX) \
	STEP(R14, AX, DX) \
	STEP(R15, AX, DX)

// Where lane i begins, in bytes.
#define BEGIN(i, p) \
	MOVL (lane__size*i+lane_from)(AX), p \
	SHLQ $2, p

// Goes on if the walk at p has not come to the end of lane i.
#define UNTIL(i, p) \
	MOVL (lane__size*i+lane_to)(AX), DX \
	SHLQ $2, DX \
	CMPQ p, DX  \
	JCS  step

// func walkAVX2(last, nodes *uint32, lanes *[abreast]lane, shift uint64, answers *byte)
//
// As walkTrees, for one group.
TEXT ·walkAVX2(SB), NOSPLIT, $0-40
	MOVQ last+0(FP), SI
	MOVQ nodes+8(FP), BX
	MOVQ lanes+16(FP), AX
	MOVQ shift+24(FP), CX
	ADDQ $2, CX
	MOVQ answers+32(FP), DI
	BEGIN(0, R8)
	BEGIN(1, R9)
	BEGIN(2, R10)
	BEGIN(3, R11)
	BEGIN(4, R12)
	BEGIN(5, R13)
	BEGIN(6, R14)
	BEGIN(7, R15)

step:
	EIGHT
	EIGHT
	EIGHT
	EIGHT
	MOVQ lanes+16(FP), AX
	UNTIL(0, R8)
	UNTIL(1, R9)
	UNTIL(2, R10)
	UNTIL(3, R11)
	UNTIL(4, R12)
	UNTIL(5, R13)
	UNTIL(6, R14)
	UNTIL(7, R15)
	RET

// Writes BX 1s and then 0s, R10 bytes in all or up to 31 more, to R11, and moves R11 on.
#define FILL(next, done) \
	LEAQ ·onesAndZeros+const_maxPlain(SB), AX \
	SUBQ BX, AX                 \
	XORL DX, DX                 \
	TESTQ R10, R10              \
	JZ   done                   \
next:                           \
	VMOVDQU (AX)(DX*1), Y1      \
	VMOVDQU Y1, (R11)(DX*1)     \
	ADDQ $32, DX                \
	CMPQ DX, R10                \
	JCS  next                   \
done:                           \
	ADDQ R10, R11

// Makes AX the place of the bit of a row among the planes of the column at R8: see placeOf. SI has the row, R9 the bytes from feature
// to feature, R12 the bits of the first bucket. BX, DX, R13, X0 and X1 are spoiled.
#define PLACE(search) \
	MOVQ ordered_feature(R8), AX \
	IMULQ R9, AX \
	VMOVSD (SI)(AX*1), X0 \
	VMULSD (ordered_search+search_scale)(R8), X0, X1 \
	VADDSD (ordered_search+search_offset)(R8), X1, X1 \
	VMOVQ X1, AX \
	CMPQ AX, R12 \
	CMOVQLT R12, AX \
	SUBQ R12, AX \
	MOVQ (ordered_search+search_start+8)(R8), DX \
	DECQ DX \
	CMPQ AX, DX \
	CMOVQGT DX, AX \
	MOVQ (ordered_search+search_start)(R8), DX \
	MOVL (DX)(AX*4), AX \
	MOVQ (ordered_search+search_sorted)(R8), R13 \
	MOVQ (ordered_search+search_half)(R8), DX \
search: \
	LEAQ (AX)(DX*1), BX \
	VUCOMISD -8(R13)(BX*8), X0 \
	CMOVQHI BX, AX \
	SHRQ $1, DX \
	JNZ  search \
	INCQ AX \
	MOVLQZX (ordered_search+search_none)(R8), BX \
	VUCOMISD X0, X0 \
	CMOVQPS BX, AX

// func answerAVX2(answers *byte, columns *ordered, n int, x *float64, stride int)
//
// As answerOrdered, for n > 0 columns; stride is from feature to feature in x.
TEXT ·answerAVX2(SB), NOSPLIT, $0-40
	MOVQ answers+0(FP), DI
	MOVQ columns+8(FP), R8
	MOVQ x+24(FP), SI
	MOVQ stride+32(FP), R9
	SHLQ $3, R9
	MOVQ $0x4330000000000000, R12

column:
	PLACE(search)
	MOVQ ordered_ranks(R8), DX
	MOVL rank_cuts(DX)(AX*8), BX
	MOVL rank_copies(DX)(AX*8), CX
	MOVLQSX ordered_first(R8), R11
	LEAQ 2(DI)(R11*1), R11
	MOVQ ordered_cuts(R8), R10
	FILL(cuts, copies)
	MOVQ (ordered_copies+8)(R8), R10
	MOVQ CX, BX
	FILL(more, last)
	ADDQ $ordered__size, R8
	DECQ n+16(FP)
	JNZ  column
	VZEROUPPER
	RET

// func placesAVX2(to *uint32, columns *ordered, n int, x *float64, stride int)
//
// As places, for n > 0 columns.
TEXT ·placesAVX2(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ columns+8(FP), R8
	MOVQ n+16(FP), CX
	MOVQ x+24(FP), SI
	MOVQ stride+32(FP), R9
	SHLQ $3, R9
	MOVQ $0x4330000000000000, R12

column:
	PLACE(search)
	MOVL AX, (DI)
	ADDQ $4, DI
	ADDQ $ordered__size, R8
	DECQ CX
	JNZ  column
	RET

// func andAVX2(to *uint32, n int, words *uint32, vectors *int32, count int)
//
// As and, for n * 32 words and count > 0 vectors.
TEXT ·andAVX2(SB), NOSPLIT, $0-40
	MOVQ to+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ words+16(FP), SI

part:
	MOVQ vectors+24(FP), R8
	MOVQ count+32(FP), R9
	VPCMPEQD Y0, Y0, Y0
	VMOVDQA Y0, Y1
	VMOVDQA Y0, Y2
	VMOVDQA Y0, Y3

vector:
	MOVLQSX (R8), AX
	VPAND (SI)(AX*4), Y0, Y0
	VPAND 32(SI)(AX*4), Y1, Y1
	VPAND 64(SI)(AX*4), Y2, Y2
	VPAND 96(SI)(AX*4), Y3, Y3
	ADDQ $4, R8
	DECQ R9
	JNZ  vector
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	VMOVDQU Y2, 64(DI)
	VMOVDQU Y3, 96(DI)
	ADDQ $128, DI
	ADDQ $128, SI
	DECQ CX
	JNZ  part
	VZEROUPPER
	RET
