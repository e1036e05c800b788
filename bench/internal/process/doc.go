// Package process runs a program and says what it took, with all its descendants: wall time, CPU time, peak memory. Memory
// and descendants are followed on Linux only.
package process
