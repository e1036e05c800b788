package parquetdir

import (
	"errors"
	"io/fs"
	"os"
	"runtime"

	"github.com/glulam/glulam/fault"
)

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" { // its folders cannot be synced
		return nil
	}
	d, err := os.Open(dir)
	if err == nil {
		err = d.Sync()
		if cerr := d.Close(); err == nil {
			err = cerr
		}
	}
	if err != nil {
		return fault.FromOS(fault.Unwritable, dir, err)
	}
	return nil
}

// syncFile makes the content of a file durable.
func syncFile(f *os.File) error {
	if err := f.Sync(); err != nil {
		return fault.FromOS(fault.Unwritable, f.Name(), err)
	}
	return nil
}

// writeFile makes a file that is there as a whole or not at all, by way of temp. Its name is durable when its folder is
// synced.
func writeFile(path, temp string, content []byte) error {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err == nil {
		_, err = f.Write(content)
		if err == nil {
			err = f.Sync()
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fault.FromOS(fault.Unwritable, path, err)
	}
	return nil
}

// remove removes a file if it is there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.FromOS(fault.Unwritable, path, err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
