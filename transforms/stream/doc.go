// Package stream holds what unbounded pipelines have in common, whatever brings their messages: the splittable DoFn that
// reads, the DoFns that write, and the session that ties them together.
//
//	read := stream.Read(s, stream.ReadOptions{Links: links, Decoder: ...})
//	scored, refused := score.Score(s, scoring, read.Blocks)
//	stream.Write(s, links, scored, read.Rejected, refused)
//
// # Sessions
//
// The readers of a run are its elements, one each, with the positions of its partitions as restriction. A reader's session
// (the clients, with what they fetched ahead) stays open in the process while the runner calls again and again: a call
// takes at most Links.Stay and ends with a checkpoint. The DoFns that write find the session of a block's reader, which
// is in the same process because read, score and write are fused; where a runner tears them apart, the first block fails.
//
// # Delivery
//
// What one poll gave is a micro-batch. It is decoded, scored and written, and the sinks acknowledge it; the next one is written
// after that. Positions are committed every Links.CommitEvery, and before more than Links.MaxInFlight messages are written
// and not committed, which is what a worker that dies has written again; with a Recalling sink after each micro-batch. Before a
// commit the rows that came in are held against those written: a difference fails the bundle, and nothing is committed.
//
// With ExactlyOnce, a connector that has transactions puts outputs, dead letters and positions into one.
//
// A reader starts at the larger of its restriction and what is committed, partition by partition: what a runner repeats
// after a failure is not read again.
//
// # Watermark
//
// It is the least of the partitions' largest event times, less Links.Disorder. A partition without a message for
// Links.Idle does not hold it back; a reader that has no other follows the other readers of its process, and with none left
// the watermark stands still.
//
// # Connectors
//
// A [Connector] opens sources and sinks of a URL scheme. Connectors register themselves; see [Register].
package stream
