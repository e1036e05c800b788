// Package jsonl reads and writes JSON lines: one JSON object (RFC 8259) a line. It is the [format.Format] named "jsonl".
//
//	layout, err := jsonl.Format{}.Describe(ctx, file)
//	pieces, err := jsonl.Format{}.Split(ctx, file, layout, 64<<20)
//	r, err := jsonl.Format{}.Open(ctx, file, layout, pieces[0], []format.Column{
//		{Name: "temp", Path: "weather.temp"},  // a number
//		{Name: "row", Kind: format.RawRow},    // and the record as it came
//	})
//
// # Lines
//
// A line ends with LF or CR LF; the last one may end with the file. Lines of white space only are passed over; they count
// as rows, so that row numbers are line numbers. A byte order mark at the beginning of the file is no part of it. gzip and
// zstd are undone by [format.File]. A record over format.MaxRow is rejected as fault.RowTooLarge, with its first 4 KiB;
// memory stays within that limit and what the columns of one batch take.
//
// # Records
//
// Each line is checked to its end, also where nobody asked for the member: by the grammar of RFC 8259, that strings are
// UTF-8, and that nothing is nested deeper than 64 levels. A line that is not one object is rejected as fault.BadJSON,
// with the byte (counted from 1) at which it went wrong; bytes that are not UTF-8 are fault.BadText. NaN, Infinity and
// -Infinity are values, too, since Python's json module writes them.
//
// A column's path is the name of a top-level member, dots and all, or else names joined by dots, looked up in objects
// within objects: "weather.temp" is the member "weather.temp" in records that have one, and otherwise the member "temp"
// of the member "weather". Nothing reaches into arrays. Each record is looked up for itself, so that pieces do not depend
// on each other. A member on the way that is null makes the value missing; any other value there that is no object is
// fault.WrongType. A name that is asked for, or on the way to one, must not come twice in its object
// (fault.DuplicateName); other names may.
//
//	JSON value                      Number                Text, Native      Raw
//	123, -1.5e3                     its float64           as it stands      as it stands
//	1e999                           fault.NumberRange     as it stands      as it stands
//	true, false                     1, 0                  as it stands      as it stands
//	NaN, Infinity, -Infinity        that                  as it stands      as it stands
//	"NaN", "Infinity", "-Infinity"  that (as in proto3)   the string        as it stands
//	any other string                fault.WrongType       the string        as it stands
//	a string in Options.Nulls       NaN                   null              as it stands
//	object, array                   fault.WrongType       as it stands      as it stands
//	null                            NaN                   null              null, the four letters
//	no such member                  NaN                   null              null, the Arrow one
//
// Numbers get the very bits that strconv.ParseFloat gives. A string with half of a surrogate pair (\ud800) is
// fault.BadText in a Text column. Where a line has several faults, the letter names one: the grammar's goes first, then a
// name too often or too many, then values.
//
// # Writing
//
// Numbers are written in the fewest digits that read back to the same bits, NaN and infinities as strings (which this
// package reads back as numbers), nulls as null, all other types as package arrowtext has them. Strings get only the
// escapes that they need. A raw value is copied, and its member left out where it is null; a raw row is copied, and the
// other columns become members behind its last one. Should the row have members of these names already, the object has
// them twice afterwards: it is for the caller to choose other names.
//
// # Why not a library
//
// encoding/json and jsontext give values one at a time; names are checked, unescaped and looked up again for each row.
// Here a record is expected to look like the ones before: `,"month":` is compared with what followed the last value last
// time, in one go, and what differs takes a slower way. Digits and string bytes are looked at eight at a time, numbers go
// straight into their column, and nothing is allocated for a row. BenchmarkRead, on real rows of 533 bytes with 34
// members, of which 22 numbers and 5 texts are asked for (one core of a shared EPYC 7003 at 2.4 GHz, best of many runs):
//
//	                                      MB/s       rows/s   allocations a row
//	glulam                                 880    1,650,000      0.07
//	  and the whole row as it stands       760    1,420,000      0.07
//	  numbers only                         960    1,800,000      0.05
//	  no column at all                   1,120    2,100,000      0.00
//	jsontext, token by token               170      317,000      0.01
//	encoding/json into a struct             54      101,000        34
//	arrow-go's array.JSONReader             38       71,000       159
//	encoding/json into map[string]any       27       51,000       135
//
// With a fifth of the members left out at random it is 400 MB/s, with members in another order in each row 200 MB/s.
// Split runs at 8 GB/s. BenchmarkWrite: the same 27 columns 570 MB/s and 1,430,000 rows/s (arrow-go's
// array.RecordToJSON 45 MB/s), an id and a prediction 7,900,000 rows/s, a raw row and a number 3 GB/s.
//
// # What it does not do
//
// It does not read one JSON array, objects that go over several lines or comments (jq -c makes JSON lines of the former
// two), and it does not infer types: the caller says what a column is read as. It does not index arrays and does not tell
// apart members that are spelled differently but have the same name. It does not keep the digits of numbers in Number
// columns that float64 cannot: ask for Raw or Text.
package jsonl
