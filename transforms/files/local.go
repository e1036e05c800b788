package files

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/glulam/glulam/format"
)

// localFS is the file system of this machine, with what is mounted there.
type localFS struct{}

func (localFS) Match(pattern string) ([]string, error) {
	// filepath.Glob passes over folders that cannot be read, and rows would be missing without a word.
	return doublestar.FilepathGlob(pattern, doublestar.WithFailOnIOErrors())
}

func (localFS) Identity(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}

func (localFS) Stat(path string) (fs.FileInfo, error)  { return os.Stat(path) }
func (localFS) Lstat(path string) (fs.FileInfo, error) { return os.Lstat(path) }
func (localFS) Open(path string) (*format.File, error) { return format.OpenFile(path) }

func (localFS) Create(path string) (newFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return localFile{f}, nil
}

// localFile is a file that Create made.
type localFile struct{ *os.File }

func (f localFile) Close() error {
	err := f.Sync()
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	return err
}

func (f localFile) Discard() {
	f.File.Close()
	os.Remove(f.Name())
}

func (localFS) Concat(dst string, at int64, src string, skip int64) (int64, error) {
	from, err := os.Open(src)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	to, err := os.OpenFile(dst, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer to.Close()
	if _, err := from.Seek(skip, io.SeekStart); err != nil {
		return 0, err
	}
	if _, err := to.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.Copy(to, from)
	if cerr := to.Close(); err == nil {
		err = cerr
	}
	return n, err
}

func (localFS) Truncate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return err
	}
	return f.Sync()
}

func (localFS) Rename(from, to string) error { return os.Rename(from, to) }
func (localFS) Remove(path string) error     { return os.Remove(path) }
func (localFS) RemoveAll(path string) error  { return os.RemoveAll(path) }
func (localFS) MkdirAll(path string) error   { return os.MkdirAll(path, 0o755) }

func (localFS) Sync(dir string) error {
	if runtime.GOOS == "windows" { // its folders cannot be synced
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (localFS) Lock(dir string) (release func(), err error) { return lock(dir) }
