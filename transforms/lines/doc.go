// Package lines makes streams of JSON lines: standard input and files as a source that ends, standard output, a file or a
// folder as a sink. It is the connector "jsonl" of package stream.
//
//	jsonl:-                    standard input, or standard output
//	jsonl:rows.jsonl           a file, also .gz and .zst to read
//	jsonl:'rows/*.jsonl'       files, in lexical order
//	jsonl:scored/              a folder to write to: scored/part-00000.jsonl, a file for each reader
//
// # Source
//
// A message is a line; blank ones are passed over. Its offset is the byte offset of the line in the uncompressed content, its
// timestamp the moment at which it was read. There is no place to commit positions to: a run that starts again reads
// everything again. Standard input cannot be read again, so a bundle that fails takes the run with it. One reader reads
// all; a line over format.MaxRow is cut there, which its decoder rejects.
//
// # Sink
//
// Files are appended to, never replaced. Whole lines are written at once, and acknowledged when the operating system has
// them; with the option sync=true, when the disk has them. A line that an earlier process was killed in the middle of is cut
// off when the file is opened again.
package lines
