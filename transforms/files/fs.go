package files

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// fileSystem is what this package needs of the place where files are: everything that it does to inputs and outputs goes
// through here. Paths are whole, with their scheme. Errors are those of package os, or *fault.Error.
//
// A file system of another kind (gs://, s3://, through Beam's registry) is one more entry in fileSystems. Where there are
// no folders MkdirAll and Sync have nothing to do, and Rename and Concat may copy: the commit repeats its steps, and
// nothing is final before the last one.
type fileSystem interface {
	// Match lists what matches a pattern (see Expand). A folder that cannot be read is an error.
	Match(pattern string) ([]string, error)
	// Identity gives what all paths of one file have in common; for a file that is not there, path itself.
	Identity(path string) string
	// Stat follows links, Lstat does not.
	Stat(path string) (fs.FileInfo, error)
	Lstat(path string) (fs.FileInfo, error)
	// Open opens a regular file for reading at random.
	Open(path string) (*format.File, error)
	// Create makes a file that is not there yet.
	Create(path string) (newFile, error)
	// Concat appends to the file dst, at offset at, what stands behind the first skip bytes of src, and gives its length.
	// It may be repeated: what dst has at at already is replaced.
	Concat(dst string, at int64, src string, skip int64) (int64, error)
	// Truncate ends a file at a size, and makes it durable.
	Truncate(path string, size int64) error
	// Rename moves a file; one that has the new name is replaced.
	Rename(from, to string) error
	// Remove removes a file or an empty folder, RemoveAll what is there with all that is in it, if anything.
	Remove(path string) error
	RemoveAll(path string) error
	MkdirAll(path string) error
	// Sync makes the names in a folder durable.
	Sync(dir string) error
	// Lock keeps other runs out of a folder until release is called or the process ends; fault.Conflict if one is in it.
	Lock(dir string) (release func(), err error)
}

// newFile is a file that is being written. Close makes it durable; Discard removes it.
type newFile interface {
	io.WriteCloser
	Discard()
}

// fileSystems by scheme; "" is the local one.
var fileSystems = map[string]fileSystem{"": localFS{}}

// fsOf gives the file system of a path.
func fsOf(path string) (fileSystem, error) {
	scheme := schemeOf(path)
	if fsys, ok := fileSystems[scheme]; ok {
		return fsys, nil
	}
	return nil, fault.New(fault.Unsupported, path, "%s:// paths are not supported yet", scheme).WithHint("copy the files to a local or mounted folder")
}

func schemeOf(path string) string {
	if scheme, _, ok := strings.Cut(path, "://"); ok {
		return scheme
	}
	return ""
}

// join puts a path together: filepath.Join would spoil one with a scheme.
func join(dir string, elem ...string) string {
	if schemeOf(dir) == "" {
		return filepath.Join(append([]string{dir}, elem...)...)
	}
	return strings.TrimRight(dir, "/") + "/" + strings.Join(elem, "/")
}

// splitPath gives the folder and the name of a path.
func splitPath(path string) (dir, name string) {
	if schemeOf(path) == "" {
		return filepath.Dir(path), filepath.Base(path)
	}
	i := strings.LastIndexByte(path, '/')
	return path[:i], path[i+1:]
}

// readFile reads a small file.
func readFile(fsys fileSystem, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, f.Size)
	if _, err := f.ReadAt(data, 0); err != nil && err != io.EOF {
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	return data, nil
}

// matchIn lists what is in a folder under names that match a pattern.
func matchIn(fsys fileSystem, dir string, pattern ...string) ([]string, error) {
	return fsys.Match(join(escape.Replace(dir), pattern...))
}

// escape makes a path match itself in a pattern.
var escape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `{`, `\{`)

// missing says whether an error is that of a file which is not there.
func missing(err error) bool {
	return err != nil && fault.FromOS(fault.Unreadable, "", err).Code == fault.NotFound
}

// Expand gives the files that match the patterns: each pattern's in lexical order, patterns in theirs, none twice. In a
// pattern * and ? stand for what they do in a shell, ** for any folders, [a-z] for a character and {a,b} for one or the
// other. A path of an existing file is no pattern. A pattern without a match, or a folder that cannot be read, is an error.
func Expand(patterns []string) ([]string, error) {
	var names []string
	seen := map[string]bool{}
	for _, p := range patterns {
		fsys, err := fsOf(p)
		if err != nil {
			return nil, err
		}
		found := []string{p}
		if _, err := fsys.Lstat(p); err != nil && strings.ContainsAny(p, `*?[{\`) {
			if found, err = fsys.Match(p); err != nil {
				if errors.Is(err, doublestar.ErrBadPattern) {
					return nil, fault.New(fault.Usage, p, "not a pattern that can be matched: %w", err)
				}
				return nil, &fault.Error{Code: fault.Unreadable, Source: p, Err: err}
			}
			if len(found) == 0 {
				return nil, fault.New(fault.NotFound, p, "no file matches").WithHint("the pattern is relative to the current folder; quote it so that the shell leaves it alone")
			}
			slices.Sort(found)
		}
		for _, name := range found {
			if !utf8.ValidString(name) { // run.json and Beam have no way to say it
				return nil, fault.New(fault.Unsupported, name, "the path is not UTF-8").WithHint("rename the file")
			}
			if id := fsys.Identity(name); !seen[id] { // one file under two names is one file
				seen[id] = true
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, fault.New(fault.Usage, "--input", "no input given")
	}
	return names, nil
}

// Input is an input file: where it is, and what errors, origins and run.json call it.
type Input struct {
	Path string
	Name string // "" = Path
}

func (i Input) name() string {
	if i.Name != "" {
		return i.Name
	}
	return i.Path
}

// Open opens the input.
func (i Input) Open() (*format.File, error) {
	fsys, err := fsOf(i.Path)
	if err != nil {
		return nil, err
	}
	f, err := fsys.Open(i.Path)
	if err != nil {
		return nil, err
	}
	f.Name = i.name()
	return f, nil
}

// stat is the input's size, and its time of modification in nanoseconds.
func (i Input) stat() (size, modified int64, err error) {
	fsys, err := fsOf(i.Path)
	if err != nil {
		return 0, 0, err
	}
	st, err := fsys.Stat(i.Path)
	if err != nil {
		return 0, 0, fault.FromOS(fault.Unreadable, i.name(), err)
	}
	return st.Size(), st.ModTime().UnixNano(), nil
}

// unwritable makes the fault for an output that cannot be written.
func unwritable(path string, err error) error {
	e := fault.FromOS(fault.Unwritable, path, err)
	if e.Hint == "" {
		e.Hint = "make room or choose another --output"
	}
	return e
}
