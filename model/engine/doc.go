// Package engine compiles forests and evaluates them fast, with the bits of [forest.Reference].
//
//	e, err := engine.New(f, engine.Best())
//	e.Margins(x, rows, margins)
//
// # Planes of bits
//
// Most nodes of an ensemble ask what other nodes ask, too: 31,000 nodes of 500 trees ask 4,400 different questions of some
// data. A block of 512 rows answers each question once; the answers are a plane of 512 bits, which is a cache line. To find
// them, a value is looked up among the cuts of its feature (a question "value <= cut", whatever the file asked), the row's bit
// is set in the plane of its place there, and a sweep over the planes makes the answers of all cuts. Categories go by the sets
// that they are in together. Missing values have a plane, too. So no node knows more of its question than where its plane is.
//
// A tree is then a circuit of multiplexers over planes (circuit.go), which gives the bits of a code for the leaf that each row is in:
// about as many multiplexers as nodes, each for 512 rows at once, without a branch. An oblivious tree has none: its answers
// are the code. The planes of the code are transposed to bytes, and the bytes look the leaves' values up, which are added in
// the forest's order and precision, one rounded addition a tree.
//
// What a tree costs grows with its leaves, not with its depth: some 3 processor cycles a node and 512 rows, and 0.6 a tree and row.
//
// # Few rows
//
// Up to 64 rows take planes of one word. Up to 20 go down the trees one by one: by a walk of eight trees abreast (row.go) or, if
// the program is small, by masks of the leaves that are left (masks.go). Where bytes of a register can be looked up by another one's, up
// to 80 rows go down 64 trees at a time, each of them in a byte (lanes.go).
//
// # Kernels
//
// The innermost loops come in several makes (kernel.go): "portable" in Go, "avx2" and "avx512" in assembly. All give the same bits;
// tests hold each to the portable one and to the reference. They trust a program's indices, which are made here of a
// validated forest and checked once more (program.check).
//
// # What it does not do
//
// It parses nothing and knows no format. A forest of very many different questions or categories, or of a tree that is too large or too
// deep, is refused as TooLarge, with the reason; [forest.Reference] takes all.
package engine
