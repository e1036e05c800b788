// Package csv reads CSV files into Arrow record batches and writes record batches as CSV. It is the [format.Format] for
// RFC 4180 with a header, with commas, semicolons, tabs or bars between the fields.
//
//	f := csv.Format{Options: csv.Options{Delimiter: ';'}}
//	layout, err := f.Describe(ctx, file)             // the header
//	pieces, err := f.Split(ctx, file, layout, 8<<20) // whole records, to be read side by side
//	r, err := f.Open(ctx, file, layout, pieces[0], []format.Column{{Name: "price"}})
//	batch, err := r.Next()                           // good rows as Arrow, bad ones as dead letters
//
// # Records
//
// A record ends with LF or CRLF, which may be mixed; the last one may end with the file instead. A CR anywhere else is
// data (but for one at the very end of the file, which encoding/csv ignores too). A byte order mark is passed over. The
// first line that is not blank is the header. Blank lines after it are passed over; they count as rows, so that row
// numbers do not depend on who looks at the file, and in [format.Batch.Blank].
//
// A quote opens a quoted field only as the first byte of a field. In it two quotes stand for one, and delimiters and
// line breaks are text and are kept as they are. After the closing quote comes a delimiter, a line ending, or the end of
// the file. All else is malformed: text after a closing quote, a quote inside a field that does not start with one, a
// quote that is never closed.
//
// # Recovery
//
// One bad quote must not take the good rows behind it along. The rule:
//
//	If the bytes from the start of a record on are well-formed up to a line ending outside of quotes (or to the end of
//	the file), and these are no more than format.MaxRow bytes, then that is the record. Otherwise the record is its
//	first line, up to the first LF whatever is around it, and it is rejected: BadQuote, or RowTooLarge if that line
//	alone is too large.
//
// So in
//
//	1,"abc,2
//	2,x,y
//	3,"x","y"
//
// the quote of the first row meets its next quote in the third, where x follows; nothing closes it, so only the first
// line is rejected. The rule needs nothing but the bytes from the start of a record on, pieces end between records, and
// the letter of a malformed record says nothing but what its own line shows: records and letters are the same whether a
// file is read whole or in pieces of any size. And it takes time proportional to the file, whatever is in it: each line
// between a quote without an end and the place that shows this has an even number of quotes, so that the records that
// start there do not look beyond their own lines.
//
// The prices: a bad row of several lines is as many letters as it has lines, or becomes a row where a line of it happens
// to look like one. And where two stray quotes fit together by chance (one after a delimiter, a later one before a
// delimiter, in the same column) the text between them is one field, as RFC 4180 says.
//
// # Cells
//
// A number is what [format.Number] says, quoted or not: "1.5" with quotes is 1.5, and "" is missing if the empty cell is.
// A text that is quoted is never null, so that an empty text and a missing one can be told apart; not quoted it is null
// if it is in [Options].Nulls. Raw cells are the bytes between the delimiters, quotes and blanks and all; a raw row has
// no line ending. Nothing is trimmed but blanks around a number.
//
// Columns that nobody asks for are not looked at, but for counting them. The reasons for a letter, in this order:
// RowTooLarge, BadQuote, FieldCount, then the first cell in the order of the file that is BadNumber, NumberRange or
// BadText (not UTF-8, in a Text column). The letter's Field is the name in the header. A text with malformed UTF-8 passes
// through Raw and RawRow.
//
// # Writing
//
// Lines end with LF. A cell is quoted if it holds the delimiter, a quote, CR or LF, or if it is a text that would be read
// as null. Floats have the fewest digits that read back as the same bits, with an exponent below 1e-6 and from 1e21 on;
// NaN, inf, -inf; a null is the first of the nulls, nothing by default. All other types look as in package arrowtext. A
// row that would be an empty line is written as "".
//
// Columns with [format.MetaRaw] or [format.MetaRawRow] are written as they stand; the header of a raw row is its
// [format.MetaHeader]. They may hold a CR at their end: such a row ends with CRLF, so that the CR stays data.
//
// # Why not encoding/csv or arrow-go's reader
//
// Both stop at a bad quote or swallow what follows, neither can say where a record starts in the file or split it, and
// both make strings of all cells: encoding/csv those of a record, in one allocation, arrow-go on top of that. Here lines
// without quotes, which is most of them, are read in bulk: the ends of all cells of 16 KiB are found at once (with AVX2 where
// there is; BenchmarkIndex), and then one column after the other is read from there, numbers eight digits at a time. A block
// with a cell that is not what its column wants is read again line by line. MB/s of one core for 20 columns (BenchmarkRead,
// BenchmarkSplit; mixed: numbers of few digits, missing cells and text; floats: full precision; quoted: mixed with quotes
// around each cell):
//
//	                             mixed   floats   quoted
//	all columns                    280      510      260
//	4 of 20 columns                790     1380      580
//	encoding/csv + ParseFloat      115      165      140
//	arrow-go's csv.Reader           85      145      115
//	Split                         6500     6500      800
//
// A batch costs a handful of allocations for each column, a row none; the buffers under the arrays are used again for
// the next batch. The writer (BenchmarkWrite, mixed) gets 150 MB/s, arrow-go's 75; most of it is the formatting of floats.
//
// # What it does not do
//
// No files without a header, no comments, no other quotes or escapes (\"), no delimiters of several bytes, no decimal
// commas, no encodings but UTF-8. It does not guess delimiters or types. A compressed file is read as one piece.
package csv
