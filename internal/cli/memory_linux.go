package cli

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// peakMemory is the most memory that this process had in RAM so far, in bytes; 0 when the system does not tell.
//
// getrusage is not asked: what it calls the peak of a process counts in the one that started it, up to exec, so under
// `go run` it would tell of the Go command.
func peakMemory() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if rest, ok := strings.CutPrefix(sc.Text(), "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}
