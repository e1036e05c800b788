#include "textflag.h"

// One of sixteen marks: where the lowest bit of AX is, plus R12, goes to mark i behind R11; the bit is cleared.
#define MARK(i) \
	TZCNTQ AX, DX; \
	ADDL   R12, DX; \
	MOVW   DX, (2*i)(R11); \
	BLSRQ  AX, AX

// func scanWords(text *byte, words int, delim byte, marks *uint16, ends *uint16) (n int, lines int)
//
// It equals, for each 64 bytes of text, at = 0, 64, ...:
//	all, ends := masks of the bytes that are delim or a line feed, and that are a line feed
//	add(at, all, ends)
// where n counts from 1 on. Sixteen marks are written at least, whether there are as many or not.
TEXT ·scanWords(SB), NOSPLIT, $0-56
	MOVQ text+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ marks+24(FP), DI
	MOVQ ends+32(FP), R8
	VPBROADCASTB delim+16(FP), Y4
	MOVL $10, AX
	MOVQ AX, X5
	VPBROADCASTB X5, Y5
	MOVQ $1, R9              // marks
	XORQ R10, R10            // line ends
	XORQ R12, R12            // offset of the word
	TESTQ CX, CX
	JZ   done

word:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPCMPEQB Y4, Y0, Y2
	VPCMPEQB Y5, Y0, Y0
	VPCMPEQB Y4, Y1, Y3
	VPCMPEQB Y5, Y1, Y1
	VPOR Y0, Y2, Y2
	VPOR Y1, Y3, Y3
	VPMOVMSKB Y2, AX
	VPMOVMSKB Y3, BX
	SHLQ $32, BX
	ORQ  BX, AX              // all
	VPMOVMSKB Y0, BX
	VPMOVMSKB Y1, DX
	SHLQ $32, DX
	ORQ  DX, BX              // ends

line:
	TESTQ BX, BX
	JZ   marks
	MOVQ BX, DX
	NEGQ DX
	ANDQ BX, DX
	DECQ DX
	ANDQ AX, DX              // marks before the lowest line end
	POPCNTQ DX, DX
	ADDL R9, DX
	MOVW DX, (R8)(R10*2)
	INCQ R10
	BLSRQ BX, BX
	JMP  line

marks:
	LEAQ (DI)(R9*2), R11
	POPCNTQ AX, DX
	ADDQ DX, R9
	MARK(0)
	MARK(1)
	MARK(2)
	MARK(3)
	MARK(4)
	MARK(5)
	MARK(6)
	MARK(7)
	MARK(8)
	MARK(9)
	MARK(10)
	MARK(11)
	MARK(12)
	MARK(13)
	MARK(14)
	MARK(15)
	TESTQ AX, AX
	JZ   next

	ADDQ $32, R11

tail:
	MARK(0)
	ADDQ $2, R11
	TESTQ AX, AX
	JNZ  tail

next:
	ADDQ $64, SI
	ADDQ $64, R12
	DECQ CX
	JNZ  word

done:
	VZEROUPPER
	MOVQ R9, n+40(FP)
	MOVQ R10, lines+48(FP)
	RET
