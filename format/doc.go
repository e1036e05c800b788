// Package format is what the file formats share: a [File] with its compression, the [Column]s that a reader is asked
// for, the [Batch] that it gives, and the [Format] interface that csv, jsonl and parquet implement. No Beam here.
//
// Rows travel as Arrow record batches. Text formats carry no types, so the caller (who knows the model's signature) says
// what each column is to be read as; numbers become float64 exactly as strconv.ParseFloat has it, with NaN for missing.
// Columns that only pass through may be asked for as raw bytes, and a writer of the same format puts those back byte for
// byte.
package format
