package image

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
)

// File is one of an archive. Its folders are made too.
type File struct {
	Path       string // slash-separated, relative, clean
	Executable bool
	Data       []byte
}

// WriteArchive writes files as a cpio archive of the kind "newc", which Linux takes as its initramfs, with the device of its console.
// All belong to root. The order of the files does not matter.
func WriteArchive(w io.Writer, files []File) error {
	for _, f := range files {
		if !fs.ValidPath(f.Path) || f.Path == "." || uint64(len(f.Data)) >= 1<<32 {
			return fmt.Errorf("%q is no file of an archive: its path must be relative and clean, its size below 4 GiB", f.Path)
		}
	}
	a := &archive{w: bufio.NewWriter(w)}
	for _, dir := range folders(files) {
		a.add(entry{name: dir, mode: folder | 0o755})
	}
	// Linux opens it for its first process before anything is mounted.
	a.add(entry{name: "dev/console", mode: device | 0o600, major: 5, minor: 1})
	for _, f := range files {
		mode := uint32(regular | 0o644)
		if f.Executable {
			mode = regular | 0o755
		}
		a.add(entry{name: f.Path, mode: mode, data: f.Data})
	}
	a.add(entry{name: "TRAILER!!!"})
	return a.w.Flush() // with the first error of all
}

// folders gives the folders of files and /dev, parents first.
func folders(files []File) []string {
	all := map[string]bool{"dev": true}
	for _, f := range files {
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			all[dir] = true
		}
	}
	var sorted []string
	for dir := range all {
		sorted = append(sorted, dir)
	}
	slices.Sort(sorted) // a parent is a prefix
	return sorted
}

// The kinds of inodes, as in stat(2).
const (
	folder  = 0o040000
	device  = 0o020000 // of characters
	regular = 0o100000
)

type entry struct {
	name         string
	mode         uint32
	data         []byte
	major, minor uint32 // of a device
}

type archive struct {
	w      *bufio.Writer
	inodes uint32
}

func (a *archive) add(e entry) {
	a.inodes++
	fmt.Fprintf(a.w, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", a.inodes, e.mode, 0, 0, 1, 0, len(e.data), 0, 0, e.major, e.minor, len(e.name)+1, 0)
	a.w.WriteString(e.name)
	a.pad(110+len(e.name), 1) // a name ends with a zero
	a.w.Write(e.data)
	a.pad(len(e.data), 0)
}

// pad writes at least some zeros, up to a multiple of 4 bytes after n.
func (a *archive) pad(n, atLeast int) {
	a.w.Write(make([]byte, atLeast+-(n+atLeast)&3))
}
