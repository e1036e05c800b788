//go:build unix

package files

import (
	"os"
	"syscall"

	"github.com/glulam/glulam/fault"
)

// lock keeps other runs on this machine out of a directory, also those of this process. A killed process gives it back.
func lock(dir string) (release func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	switch err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
	case nil:
		return func() { d.Close() }, nil
	case syscall.EWOULDBLOCK:
		d.Close()
		return nil, fault.New(fault.Conflict, dir, "another run is writing to this directory").WithHint("wait for it, or choose another --output")
	}
	return func() { d.Close() }, nil // a file system without locks
}
