//go:build unix

package parquetdir

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/glulam/glulam/fault"
)

// lock keeps other processes out of a reader's folder, as far as its file system has locks. A killed process gives it back.
func lock(dir string) (release func(), err error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fault.FromOS(fault.Unwritable, path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == syscall.EWOULDBLOCK {
		f.Close()
		return nil, fault.New(fault.Conflict, dir, "another process of the same run is writing here").WithHint("wait until it has ended, or give this one another --name")
	}
	return func() { f.Close() }, nil
}
