package csv

import "golang.org/x/sys/cpu"

// vectors says that scanWords may be called.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// scanWords indexes 64 times words bytes of text. marks must have room for as many and 16, behind the first, which it does
// not touch; ends for as many. n is how many marks there are with the first.
//
//go:noescape
func scanWords(text *byte, words int, delim byte, marks *uint16, ends *uint16) (n, lines int)
