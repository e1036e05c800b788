//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package cli

// peakMemory is not known here.
func peakMemory() int64 { return 0 }
