package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
)

// folder is a bundle in a directory. Links are followed as long as they stay within it.
type folder struct {
	path string
	root *os.Root
}

func openDir(path string) (*folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	return &folder{path, root}, nil
}

func (d *folder) has(name string) bool {
	st, err := d.root.Stat(name)
	return err == nil && st.Mode().IsRegular()
}

func (d *folder) read(name, what string, limit int64) ([]byte, error) {
	label := d.path + "/" + name
	st, err := d.root.Stat(name)
	if err == nil && !st.Mode().IsRegular() {
		return nil, fault.New(fault.Unreadable, label, "%s is not a regular file", what)
	}
	var f *os.File
	if err == nil {
		f, err = d.root.Open(name)
	}
	if err != nil {
		return nil, unreadable(label, what, err)
	}
	defer f.Close()
	return readLimited(f, label, what, st.Size(), limit)
}

// unreadable is the error for a file that the bundle names and that is not to be had.
func unreadable(label, what string, err error) error {
	e := fault.FromOS(fault.Unreadable, label, err)
	if errors.Is(err, fs.ErrNotExist) {
		e = fault.New(fault.NotFound, label, "%s is not in the bundle", what)
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) && strings.Contains(pe.Err.Error(), "escapes from parent") { // os has no name for it
		e = fault.New(fault.Unreadable, label, "%s is a link that leads out of the bundle", what)
	}
	return e
}

// readLimited reads all of r, which seems to be of a size: so much memory is taken at once, and more only if it is more.
func readLimited(r io.Reader, label, what string, size, limit int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(max(0, min(size, limit))) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(r, limit+1)); err != nil {
		return nil, fault.FromOS(fault.Unreadable, label, err)
	}
	if int64(b.Len()) > limit {
		return nil, fault.New(fault.TooLarge, label, "%s is larger than %d bytes", what, limit)
	}
	return b.Bytes(), nil
}

// memory is a bundle that was never written.
type memory struct {
	path  string
	files []File
}

func (m *memory) has(name string) bool {
	return slices.ContainsFunc(m.files, func(f File) bool { return f.Name == name })
}

func (m *memory) read(name, what string, limit int64) ([]byte, error) {
	label := m.path + "/" + name
	for _, f := range m.files {
		if f.Name == name && int64(len(f.Data)) > limit {
			return nil, fault.New(fault.TooLarge, label, "%s is larger than %d bytes", what, limit)
		}
		if f.Name == name {
			return f.Data, nil
		}
	}
	return nil, unreadable(label, what, fs.ErrNotExist)
}

// archive is a bundle in the bytes of a .tar.gz. They are unpacked once to list the files, and again for each file that is
// read, so that memory holds no other files.
type archive struct {
	path  string
	data  []byte
	top   string          // the folder that everything is in, with a slash; "" if there is none
	files map[string]bool // by name, without top
}

// openArchive lists the files of an archive.
func openArchive(data []byte, path string) (*archive, error) {
	a := &archive{path: path, data: data, files: map[string]bool{}}
	names := map[string]bool{}
	entries := 0
	err := a.walk(func(h *tar.Header, _ io.Reader) (bool, error) {
		if entries++; entries > maxEntries {
			return false, fault.New(fault.TooLarge, path, "more than %d files", maxEntries)
		}
		name := strings.TrimPrefix(h.Name, "./")
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
			return true, nil
		case tar.TypeReg:
		default:
			return false, fault.New(fault.Unsupported, path, "%s is a link or another thing that is no file", fault.Quote(h.Name)).
				WithHint("archives of bundles hold files and folders only: pack them with tar -h")
		}
		if err := checkName(name); err != nil {
			return false, fault.New(fault.Corrupt, path, "%w", err)
		}
		if names[name] {
			return false, fault.New(fault.Corrupt, path, "%s stands twice in the archive", fault.Quote(name))
		}
		names[name] = true
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	a.top = topOf(names)
	for name := range names {
		if rest, ok := strings.CutPrefix(name, a.top); ok {
			a.files[rest] = true
		}
	}
	return a, nil
}

// topOf finds the folder of the manifest: none, or one that everything is in.
func topOf(names map[string]bool) string {
	if names[ManifestName] || names[MLmodelName] {
		return ""
	}
	found := ""
	for name := range names {
		dir, base := path.Split(name)
		if (base == ManifestName || base == MLmodelName) && strings.Count(dir, "/") == 1 {
			if found != "" && found != dir {
				return "" // two bundles in one archive: neither
			}
			found = dir
		}
	}
	return found
}

// walk calls visit for each entry until it says false.
func (a *archive) walk(visit func(h *tar.Header, content io.Reader) (bool, error)) error {
	z, err := gzip.NewReader(bytes.NewReader(a.data))
	if err != nil {
		return fault.New(fault.Corrupt, a.path, "not a whole gzip file: %w", err)
	}
	limited := &io.LimitedReader{R: z, N: a.most()}
	t := tar.NewReader(limited)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			var more bool
			if more, err = visit(h, t); err == nil && !more {
				return nil
			}
		}
		fe := (*fault.Error)(nil)
		switch {
		case err == nil:
		case errors.As(err, &fe):
			return err
		case limited.N <= 0:
			return a.tooLarge()
		default:
			return fault.New(fault.Corrupt, a.path, "not a whole .tar.gz: %w", err).WithHint("it was cut off or damaged, or it is a compressed model file, which has to be unpacked first")
		}
	}
}

// most is how many bytes the archive may hold. What holds more for its own size is no model, but zeros that fill the memory.
func (a *archive) most() int64 {
	return min(maxArchiveData, max(minArchiveData, maxRatio*int64(len(a.data))))
}

func (a *archive) tooLarge() error {
	e := fault.New(fault.TooLarge, a.path, "the archive holds more than %d bytes", a.most())
	if a.most() < maxArchiveData {
		e.WithHint("that is %d times its own size; if it is meant so, unpack it and give the folder", a.most()/int64(len(a.data)))
	}
	return e
}

func (a *archive) has(name string) bool { return a.files[name] }

func (a *archive) read(name, what string, limit int64) (data []byte, err error) {
	label := a.path + "/" + name
	if !a.has(name) {
		return nil, unreadable(label, what, fs.ErrNotExist)
	}
	err = a.walk(func(h *tar.Header, content io.Reader) (bool, error) {
		if h.Typeflag != tar.TypeReg || strings.TrimPrefix(h.Name, "./") != a.top+name {
			return true, nil
		}
		if h.Size > limit {
			return false, fault.New(fault.TooLarge, label, "%s is larger than %d bytes", what, limit)
		}
		if h.Size > a.most() {
			return false, a.tooLarge()
		}
		data, err = readLimited(content, label, what, h.Size, limit)
		return false, err
	})
	return data, err
}
