//go:build darwin || freebsd || netbsd || openbsd

package cli

import (
	"runtime"
	"syscall"
)

// peakMemory is the most memory that this process had in RAM so far, in bytes; 0 when the system does not tell.
func peakMemory() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss) // bytes there, kilobytes elsewhere
	}
	return int64(u.Maxrss) << 10
}
