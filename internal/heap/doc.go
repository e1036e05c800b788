// Package heap has the garbage collector of a program that waits for messages run less often than Go's default, which is for
// heaps that are large already: a stream holds some 15 MB, makes about 20 MB a second of garbage per 10,000 messages, and would
// collect several times a second. Each collection takes a processor's time from messages that are under way, which is what
// the slowest hundredth of them is slow by.
//
//	heap.Roomy()
package heap
