// Package parquetdir writes the predictions of a stream as Parquet files, parted by windows of event time. It is the connector
// "parquet" of package stream, a sink.
//
//	parquet:scored/                       windows of the run's --window
//	parquet:scored/?window=1h             or of a length of their own
//
//	scored/window=2013-10-01T06:00:00Z/part-00000-1380610800123-9f86d081884c7d65.parquet
//	scored/window=2013-10-01T06:00:00Z/_SUCCESS
//
// # Windows
//
// Windows have one length, do not overlap, and are aligned to 1970, UTC. A row is in the window that its event time is in;
// times outside the years 1 to 9999 are in the first or last window. When the watermark passes a window's end, its rows become
// parts, and when all readers of the run have passed it there is _SUCCESS. Rows that come later become further parts, at the
// latest late-every after they came; no part is ever replaced. A window without rows has no folder.
//
// # What is acknowledged
//
// Rows go to a spool first, a file for each window in a hidden folder of the sink, .spool-RUN: Arrow batches in frames with a
// checksum, a frame a micro-batch. Flush returns when they are on disk. Memory holds one micro-batch, and while a part is made
// one row group; a spool of part-size, or of too many windows, becomes a part before its time. Parts appear whole, by a rename.
// The steps in between are such that a process may be killed after each, and the next one of the same run goes on: see convert.
//
// # Rows that come again
//
// After a crash a source gives the last micro-batch again if its positions were not committed. The frames of a spool say of
// which messages their rows are: source, offset, event time and the message's own timestamp. A row that is the same in all of
// them as one of the last micro-batch is not written again. That holds for sources whose messages have a place and a timestamp
// for good, such as Kafka and NATS, as long as the run has the same number of readers; lines of files, whose timestamp is the
// moment at which they were read, are written again. If the score of such a row is another one the second time, the first one
// stays.
//
// What a disk damages in rows that were acknowledged is an error, except in the last frame of a spool: that cannot be told
// from a write that was cut off.
//
// # Readers
//
// Each reader of a run has a folder of its own there, a lock that keeps a second process out, and a file that says how far it
// has come, which the others read. A reader that has no watermark yet holds up _SUCCESS; one whose source has ended does not,
// for as long as that launch of the run lasts. When a run comes back with another number of readers, the new ones make parts of
// what the old ones left. Runs of different names in one folder do not disturb each other, but _SUCCESS is then that of the
// first one to pass.
//
// # What it does not do
//
// It writes to folders of this machine and mounted ones. It does not join small parts, and nothing of what it wrote is ever
// removed.
package parquetdir
