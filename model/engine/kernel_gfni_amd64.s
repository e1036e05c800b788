#include "go_asm.h"
#include "textflag.h"

// Kernels for AVX-512 F, BW, DQ, VL, VBMI and GFNI: what turns bits, bytes and words around in registers.

// Transposes the eight words of each of Z0 to Z7: register i gets word i of each. Z16 to Z23 are spoiled.
#define TRANSPOSE \
	VPUNPCKLQDQ Z1, Z0, Z16 \
	VPUNPCKHQDQ Z1, Z0, Z17 \
	VPUNPCKLQDQ Z3, Z2, Z18 \
	VPUNPCKHQDQ Z3, Z2, Z19 \
	VPUNPCKLQDQ Z5, Z4, Z20 \
	VPUNPCKHQDQ Z5, Z4, Z21 \
	VPUNPCKLQDQ Z7, Z6, Z22 \
	VPUNPCKHQDQ Z7, Z6, Z23 \
	VSHUFI64X2 $0x88, Z18, Z16, Z4 \
	VSHUFI64X2 $0xdd, Z18, Z16, Z6 \
	VSHUFI64X2 $0x88, Z22, Z20, Z16 \
	VSHUFI64X2 $0xdd, Z22, Z20, Z18 \
	VSHUFI64X2 $0x88, Z19, Z17, Z5 \
	VSHUFI64X2 $0xdd, Z19, Z17, Z7 \
	VSHUFI64X2 $0x88, Z23, Z21, Z17 \
	VSHUFI64X2 $0xdd, Z23, Z21, Z19 \
	VSHUFI64X2 $0x88, Z16, Z4, Z0 \
	VSHUFI64X2 $0xdd, Z16, Z4, Z4 \
	VSHUFI64X2 $0x88, Z18, Z6, Z2 \
	VSHUFI64X2 $0xdd, Z18, Z6, Z6 \
	VSHUFI64X2 $0x88, Z17, Z5, Z1 \
	VSHUFI64X2 $0xdd, Z17, Z5, Z5 \
	VSHUFI64X2 $0x88, Z19, Z7, Z3 \
	VSHUFI64X2 $0xdd, Z19, Z7, Z7

// Byte i of word j from byte j of word 7-i: with it, and the bits of eachBit, eight words of 64 bits are eight bytes of each of 64 rows.
DATA crosswise<>+0(SB)/8, $0x0008101820283038
DATA crosswise<>+8(SB)/8, $0x0109111921293139
DATA crosswise<>+16(SB)/8, $0x020a121a222a323a
DATA crosswise<>+24(SB)/8, $0x030b131b232b333b
DATA crosswise<>+32(SB)/8, $0x040c141c242c343c
DATA crosswise<>+40(SB)/8, $0x050d151d252d353d
DATA crosswise<>+48(SB)/8, $0x060e161e262e363e
DATA crosswise<>+56(SB)/8, $0x070f171f272f373f
GLOBL crosswise<>(SB), RODATA|NOPTR, $64

// Byte i has bit i: multiplied with a matrix of bits, it is the matrix turned around.
DATA eachBit<>+0(SB)/8, $0x8040201008040201
GLOBL eachBit<>(SB), RODATA|NOPTR, $8

#define ROWS(z) \
	VPERMB z, Z30, z \
	VGF2P8AFFINEQB $0, z, Z31, z

// func spreadGFNI(codes *[512]byte, planes *uint64, of *[8]uint32)
//
// As spreadWide: the planes' words of 64 rows come together, and are turned around.
TEXT ·spreadGFNI(SB), NOSPLIT, $0-24
	MOVQ codes+0(FP), DI
	MOVQ planes+8(FP), SI
	MOVQ of+16(FP), R8
	VMOVDQU64 crosswise<>(SB), Z30
	VPBROADCASTQ eachBit<>(SB), Z31
	MOVL 0(R8), AX
	MOVL 4(R8), BX
	MOVL 8(R8), CX
	MOVL 12(R8), DX
	MOVL 16(R8), R9
	MOVL 20(R8), R10
	MOVL 24(R8), R11
	MOVL 28(R8), R12
	VMOVDQU64 (SI)(AX*8), Z0
	VMOVDQU64 (SI)(BX*8), Z1
	VMOVDQU64 (SI)(CX*8), Z2
	VMOVDQU64 (SI)(DX*8), Z3
	VMOVDQU64 (SI)(R9*8), Z4
	VMOVDQU64 (SI)(R10*8), Z5
	VMOVDQU64 (SI)(R11*8), Z6
	VMOVDQU64 (SI)(R12*8), Z7
	TRANSPOSE
	ROWS(Z0)
	ROWS(Z1)
	ROWS(Z2)
	ROWS(Z3)
	ROWS(Z4)
	ROWS(Z5)
	ROWS(Z6)
	ROWS(Z7)
	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	VMOVDQU64 Z2, 128(DI)
	VMOVDQU64 Z3, 192(DI)
	VMOVDQU64 Z4, 256(DI)
	VMOVDQU64 Z5, 320(DI)
	VMOVDQU64 Z6, 384(DI)
	VMOVDQU64 Z7, 448(DI)
	VZEROUPPER
	RET

// The bytes of each word the other way round.
DATA backwards<>+0(SB)/8, $0x0001020304050607
DATA backwards<>+8(SB)/8, $0x08090a0b0c0d0e0f
GLOBL backwards<>(SB), RODATA|NOPTR, $16

// Byte i of word j from byte j of word i.
DATA across<>+0(SB)/8, $0x3830282018100800
DATA across<>+8(SB)/8, $0x3931292119110901
DATA across<>+16(SB)/8, $0x3a322a221a120a02
DATA across<>+24(SB)/8, $0x3b332b231b130b03
DATA across<>+32(SB)/8, $0x3c342c241c140c04
DATA across<>+40(SB)/8, $0x3d352d251d150d05
DATA across<>+48(SB)/8, $0x3e362e261e160e06
DATA across<>+56(SB)/8, $0x3f372f271f170f07
GLOBL across<>(SB), RODATA|NOPTR, $64

// Takes the classes of 64 rows from at(SI): the missing ones, which are those of class 0, go to word at/8 of the plane at DI and have the class in
// Z29 from now on, and all classes are one less. z gets words of bits, from the lowest one up.
#define CLASSES(z, at) \
	VMOVDQU64 at(SI), z \
	VPTESTNMB z, z, K1 \
	KMOVQ K1, (at/8)(DI) \
	VPSUBB Z28, z, z \
	VMOVDQU8 Z29, K1, z \
	VPSHUFB Z30, z, z \
	VGF2P8AFFINEQB $0, z, Z31, z \
	VPERMB z, Z27, z

// Goes from the R9 bytes of planes that there are at DI to twice as many and one plane, by bit z; one more has no row. R8 bytes are wanted.
#define BIT(z, bit, low, last) \
	VMOVDQU64 z, (DI)(R9*1)       \
	XORL AX, AX                   \
	LEAQ 64(R9), BX               \
bit:                              \
	CMPQ AX, R9                   \
	JCC  last                     \
	VMOVDQU64 (DI)(AX*1), Z8      \
	VPORQ z, Z8, Z9               \
	VMOVDQU64 Z9, (DI)(AX*1)      \
	CMPQ BX, R8                   \
	JCC  low                      \
	VPANDQ z, Z8, Z9              \
	VMOVDQU64 Z9, (DI)(BX*1)      \
low:                              \
	ADDQ $64, AX                  \
	ADDQ $64, BX                  \
	JMP  bit                      \
last:                             \
	LEAQ 64(R9)(R9*1), R9         \
	CMPQ R9, R8                   \
	JCC  done

// func planesGFNI(planes *uint64, class *[blockRows]byte, cuts, right int)
//
// Writes the planes of a column of 0 < cuts < 255: the missing rows, which are those of class 0; nothing; for each cut, the rows whose
// class is more than its number and one, and the missing ones if right is 1. Classes are at most cuts + 1.
//
// The rows whose lowest bits are more than a number are known for all numbers of as many bits, first of none. With a bit more, b,
// those are the rows of that number that are so or have b; and for the number with that bit, those that are so and have b.
TEXT ·planesGFNI(SB), NOSPLIT, $0-32
	MOVQ planes+0(FP), DI
	MOVQ class+8(FP), SI
	MOVQ cuts+16(FP), CX
	VBROADCASTI32X4 backwards<>(SB), Z30
	VPBROADCASTQ eachBit<>(SB), Z31
	VMOVDQU64 across<>(SB), Z27
	MOVL $1, AX
	VPBROADCASTB AX, Z28
	MOVQ right+24(FP), AX
	IMULQ CX, AX
	VPBROADCASTB AX, Z29
	CLASSES(Z0, 0)
	CLASSES(Z1, 64)
	CLASSES(Z2, 128)
	CLASSES(Z3, 192)
	CLASSES(Z4, 256)
	CLASSES(Z5, 320)
	CLASSES(Z6, 384)
	CLASSES(Z7, 448)
	TRANSPOSE
	ADDQ $128, DI
	MOVQ CX, R8
	SHLQ $6, R8               // the end of the planes
	XORL R9, R9

	BIT(Z0, bit0, low0, last0)
	BIT(Z1, bit1, low1, last1)
	BIT(Z2, bit2, low2, last2)
	BIT(Z3, bit3, low3, last3)
	BIT(Z4, bit4, low4, last4)
	BIT(Z5, bit5, low5, last5)
	BIT(Z6, bit6, low6, last6)
	BIT(Z7, bit7, low7, last7)

done:
	VZEROUPPER
	RET

// func turnAVX512(columns *float64, to *int32, x *float64, stride, rows int)
//
// Turns eight features of rows rows, a multiple of eight, into columns: feature i of the row at x is the first of the column to[i] bytes
// from columns on. stride is the bytes from row to row.
TEXT ·turnAVX512(SB), NOSPLIT, $0-40
	MOVQ columns+0(FP), DI
	MOVQ to+8(FP), R8
	MOVQ x+16(FP), SI
	MOVQ stride+24(FP), R9
	MOVQ rows+32(FP), CX
	LEAQ (R9)(R9*2), R15      // 3 rows
	LEAQ (R9)(R9*4), R14      // 5
	LEAQ (R15)(R9*4), R13     // 7

eight:
	VMOVDQU64 (SI), Z0
	VMOVDQU64 (SI)(R9*1), Z1
	VMOVDQU64 (SI)(R9*2), Z2
	VMOVDQU64 (SI)(R15*1), Z3
	VMOVDQU64 (SI)(R9*4), Z4
	VMOVDQU64 (SI)(R14*1), Z5
	VMOVDQU64 (SI)(R15*2), Z6
	VMOVDQU64 (SI)(R13*1), Z7
	TRANSPOSE
	MOVLQSX 0(R8), AX
	MOVLQSX 4(R8), BX
	MOVLQSX 8(R8), DX
	MOVLQSX 12(R8), R10
	VMOVDQU64 Z0, (DI)(AX*1)
	VMOVDQU64 Z1, (DI)(BX*1)
	VMOVDQU64 Z2, (DI)(DX*1)
	VMOVDQU64 Z3, (DI)(R10*1)
	MOVLQSX 16(R8), AX
	MOVLQSX 20(R8), BX
	MOVLQSX 24(R8), DX
	MOVLQSX 28(R8), R10
	VMOVDQU64 Z4, (DI)(AX*1)
	VMOVDQU64 Z5, (DI)(BX*1)
	VMOVDQU64 Z6, (DI)(DX*1)
	VMOVDQU64 Z7, (DI)(R10*1)
	ADDQ $64, DI
	LEAQ (SI)(R9*8), SI
	SUBQ $8, CX
	JNZ  eight
	VZEROUPPER
	RET

// Puts the 32 values at AX into four registers.
#define TABLE(t0, t1, t2, t3) \
	VMOVUPD (AX), t0    \
	VMOVUPD 64(AX), t1  \
	VMOVUPD 128(AX), t2 \
	VMOVUPD 192(AX), t3

// Adds the values of a tree, whose table is t0 to t3, to the sums of eight rows in Z0. at is from DI to the rows' codes.
#define ADD(at, t0, t1, t2, t3) \
	VPMOVZXBQ at(DI), Z1      \
	VPSLLQ    $59, Z1, Z3     \
	VMOVDQA64 Z1, Z2          \
	VPERMI2PD t1, t0, Z1      \
	VPMOVQ2M  Z3, K1          \
	VPERMI2PD t3, t2, Z2      \
	VMOVAPD   Z2, K1, Z1      \
	VADDPD    Z1, Z0, Z0

// func addFew64AVX512(sums *float64, codes *byte, values *[8]*float64, turns int)
//
// As addEight, for turns * 8 rows and codes of up to five bits: tables are in registers, four at a time.
TEXT ·addFew64AVX512(SB), NOSPLIT, $0-32
	MOVQ values+16(FP), R8
	MOVQ codes+8(FP), DI
	MOVQ $2, R9

four:
	MOVQ 0(R8), AX
	TABLE(Z16, Z17, Z18, Z19)
	MOVQ 8(R8), AX
	TABLE(Z20, Z21, Z22, Z23)
	MOVQ 16(R8), AX
	TABLE(Z24, Z25, Z26, Z27)
	MOVQ 24(R8), AX
	TABLE(Z28, Z29, Z30, Z31)
	MOVQ sums+0(FP), SI
	MOVQ turns+24(FP), BX
	MOVQ DI, R10

next:
	VMOVUPD (SI), Z0
	ADD(0, Z16, Z17, Z18, Z19)
	ADD(512, Z20, Z21, Z22, Z23)
	ADD(1024, Z24, Z25, Z26, Z27)
	ADD(1536, Z28, Z29, Z30, Z31)
	VMOVUPD Z0, (SI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ BX
	JNZ  next

	LEAQ 2048(R10), DI
	ADDQ $32, R8
	DECQ R9
	JNZ  four
	VZEROUPPER
	RET

// Gets the words of eight rows, whose classes are at at(SI), and makes bytes of eight rows of their bits: byte j of word b is that of bit
// 8*b+j.
#define LOOK(at, z) \
	VPMULLD at(SI), Y25, Y24 \
	KXNORQ  K1, K1, K1       \
	VPXORQ  z, z, z          \
	VPGATHERDQ (R8)(Y24*8), K1, z \
	ROWS(z)

#define KEEP(z, b) \
	VPERMB z, Z29, z \
	VMOVDQU64 z, (512*b)(DX)

// Writes a plane, if there is one more.
#define PLANE(z, done) \
	VMOVDQU64 z, (DI) \
	ADDQ $64, DI      \
	DECQ CX           \
	JZ   done

// func lookUpGFNI(planes, answers *uint64, words int, class *[blockRows]uint32, asked int, buffer *[512]uint64)
//
// Writes a plane for each of the 0 < asked <= 64 lowest bits of the words that the rows' classes have at answers, words apart.
TEXT ·lookUpGFNI(SB), NOSPLIT, $0-48
	MOVQ planes+0(FP), DI
	MOVQ answers+8(FP), R8
	VPBROADCASTD words+16(FP), Y25
	MOVQ class+24(FP), SI
	MOVQ asked+32(FP), CX
	MOVQ buffer+40(FP), DX
	VMOVDQU64 crosswise<>(SB), Z30
	VPBROADCASTQ eachBit<>(SB), Z31
	VMOVDQU64 across<>(SB), Z29
	MOVQ $8, AX

word:
	LOOK(0, Z0)
	LOOK(32, Z1)
	LOOK(64, Z2)
	LOOK(96, Z3)
	LOOK(128, Z4)
	LOOK(160, Z5)
	LOOK(192, Z6)
	LOOK(224, Z7)
	TRANSPOSE
	KEEP(Z0, 0)
	KEEP(Z1, 1)
	KEEP(Z2, 2)
	KEEP(Z3, 3)
	KEEP(Z4, 4)
	KEEP(Z5, 5)
	KEEP(Z6, 6)
	KEEP(Z7, 7)
	ADDQ $256, SI
	ADDQ $64, DX
	DECQ AX
	JNZ  word
	MOVQ buffer+40(FP), DX

eight:
	VMOVDQU64 (DX), Z0
	VMOVDQU64 64(DX), Z1
	VMOVDQU64 128(DX), Z2
	VMOVDQU64 192(DX), Z3
	VMOVDQU64 256(DX), Z4
	VMOVDQU64 320(DX), Z5
	VMOVDQU64 384(DX), Z6
	VMOVDQU64 448(DX), Z7
	TRANSPOSE
	PLANE(Z0, done)
	PLANE(Z1, done)
	PLANE(Z2, done)
	PLANE(Z3, done)
	PLANE(Z4, done)
	PLANE(Z5, done)
	PLANE(Z6, done)
	PLANE(Z7, done)
	ADDQ $512, DX
	JMP  eight

done:
	VZEROUPPER
	RET
