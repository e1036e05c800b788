// Package parquet reads and writes Parquet files as Arrow record batches, for scoring: a few columns of many, numbers as
// float64 with NaN for missing, all rows or an error. The pages are read and checked here, and plain and dictionary-encoded
// numbers are decoded here (three times as fast as by arrow-go: BenchmarkDirect); all other decoders, and the putting together
// of nested columns, are those of arrow-go.
//
//	f, err := format.OpenFile("rows.parquet")
//	layout, err := parquet.Format{}.Describe(ctx, f)
//	pieces, err := parquet.Format{}.Split(ctx, f, layout, 64<<20)
//	r, err := parquet.Format{}.Open(ctx, f, layout, pieces[0], []format.Column{
//		{Name: "age", Kind: format.Number},
//		{Name: "id", Kind: format.Native},
//	})
//	batch, err := r.Next()
//
// # What a column can be read as
//
//	Arrow type                        Number                     Text             Native
//	integers of any width             nearest float64            refused          as it is
//	float16, float32, float64         exact                      refused          as it is
//	boolean                           1 and 0                    refused          as it is
//	decimals                          nearest float64            refused          as it is
//	null (nothing but nulls)          NaN                        null             as it is
//	strings, binary of any length     refused                    UTF-8 checked    as it is
//	dictionary of these               refused                    the text         a dictionary for each batch
//	dates, times, timestamps          refused                    refused          as it is
//	durations                         refused                    refused          as it is, not inside lists and structs
//	lists, structs, maps              a struct's leaf by path    likewise         the whole column
//
// "Nearest" rounds once, ties to even, as strconv.ParseFloat does. A null is NaN as a Number and null otherwise. A leaf
// inside structs goes by its path, address.zip; where its struct is null, it is. A name with dots in it is found first.
//
// # Behaviour
//
// A piece is a run of row groups; batches do not cross row groups. Batches have up to 4096 rows, fewer if they would
// hold more than about 1 MiB of text or 32 MiB of the rest. All memory of a batch but that of nested columns is used again
// for the next one. Of the file, only the footer and the columns that are asked for are read; a column that is asked for
// twice is decoded once. What is in memory is one page of each column and one batch, however long the row groups are:
// see Options.MaxPages.
//
// Batch.Bytes shares out the file's bytes, footer included, so that they add up to the file's size over all pieces.
//
// A row whose text is not UTF-8, in a column that is asked for as Text, is rejected (fault.BadText, no raw bytes). Nothing
// else rejects a row.
//
// The footers read last are remembered by their bytes (8 of them, 16 MiB together): many pieces of one file parse its
// footer once.
//
// # Files that are not to be trusted
//
// No file makes this package panic: every entry point turns panics of arrow-go into fault.Corrupt. Running out of memory
// and of stack cannot be caught, so before arrow-go sees anything it is checked that
//
//   - the footer lies in the file, its lists could be in its bytes, its schema is at most 64 levels deep, and the Arrow
//     schema in it, a flatbuffer, is a tree;
//   - every column of every row group lies in the file before the footer, and the counts of rows agree everywhere;
//   - a page fits its column, could have been compressed that much by its codec, and decompresses to exactly what it says;
//   - dictionaries and delta encodings ask for no more room than their bytes can fill.
//
// A page's CRC is verified where it has one, and so is that of zstd frames. That finds any change of the data in files
// that have them: all that this package writes, and those of pyarrow with write_page_checksum. The footer has no checksum in
// Parquet: a bit that flips in the name or type of a column may change what is read. That every row is there is checked
// always: no file is read short without an error.
//
// Nested columns (and the INT96 timestamps of old) are decoded twice, first to see that they are sound, because pqarrow
// believes what it reads.
//
// # What it does not do
//
// It does not read encrypted files, files inside gzip or zstd, columns kept in other files, LZO and Hadoop's LZ4,
// DELTA_BYTE_ARRAY for fixed-length columns, durations inside nested columns, or the text of a row (Raw, RawRow). It does not
// filter rows by statistics. It does not write page checksums of Parquet's own (arrow-go cannot), page indexes, bloom
// filters or encrypted files.
package parquet
