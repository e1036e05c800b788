// Package number reads the numbers that text formats (csv, jsonl) hold: decimal text to float64, exactly as
// [strconv.ParseFloat] does, without allocating.
//
// # Behaviour
//
// [Parse] takes an optional sign, digits with an optional point, and an optional exponent; inf and infinity in any case.
// Spaces and tabs around it do not count. What strconv.ParseFloat takes beyond that (hexadecimal, underscores) is [Bad],
// and so is nan in any spelling: whether a cell is missing is for [format.Nulls] to say, not for the parser. The result
// has the very bits that strconv.ParseFloat gives; a number that only ±Inf could stand for is [Range], and one too small
// for float64 is ±0, as in strconv.
//
// [Bool] knows the words of [format.Number]'s rule. [Rule] is the whole rule: nulls, then numbers, then words. [Prefix]
// finds the end of a number while it reads it, which saves a tokenizer from looking at each byte twice. [Rule.Column] reads
// many cells at once, whose ends are known.
//
// [AppendFloat] is the way back: the fewest digits that read back to the same bits.
//
// Everything is safe for concurrent use, keeps nothing of its arguments and allocates nothing, but for Range.
//
// # Why not strconv alone
//
// strconv wants a string that holds the number only, and takes syntax that is refused here, so that a caller has to look
// at each byte before. Reading digits eight at a time, numbers of few digits by one exact division (W. Clinger, "How to
// Read Floating Point Numbers Accurately", 1990) and the others by one or two 64-bit products (Eisel and Lemire) is
// about three times as fast; the rare rest goes to strconv. BenchmarkParse on one core (ns a number):
//
//	                              strconv   number
//	1837                               33       12
//	512.07                             36       13
//	0.7231948                          49       16
//	-1.2337536298411382                88       28
//
// # What it does not do
//
// It does not know thousands separators, decimal commas, percent or currency signs: such cells are Bad.
//
// [format.Nulls]: https://pkg.go.dev/github.com/glulam/glulam/format#Nulls
// [format.Number]: https://pkg.go.dev/github.com/glulam/glulam/format#Kind
package number
