// Package streamtest holds what every connector of a stream is tested with. A connector's test says how messages get into
// its source and out of its sink by other means than the connector, and what it cannot keep:
//
//	func TestSource(t *testing.T) {
//		streamtest.Source(t, streamtest.SourceSetup{New: newTopic, Partitions: 3, Envelopes: true, Tombstones: true, Resumes: true})
//	}
//
//	func TestSink(t *testing.T) {
//		streamtest.Sink(t, streamtest.SinkSetup{New: newOutput, Envelopes: true, Tombstones: true})
//	}
//
// [Replays] tests what takes dead letters back.
//
// It tests no transactions, no failures of brokers and no options: those are different for each connector.
package streamtest
