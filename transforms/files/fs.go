package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// This file is the one place that knows where paths lead. Paths with a scheme (gs://, s3://) come with Beam's filesystem
// registry in a later version: they need ranged reads and a rename that is a copy.

// local refuses a path of another file system.
func local(path string) error {
	if scheme, _, ok := strings.Cut(path, "://"); ok {
		return fault.New(fault.Unsupported, path, "%s:// paths are not supported yet", scheme).WithHint("copy the files to a local or mounted folder")
	}
	return nil
}

// Expand gives the files that match the patterns: each pattern's in lexical order, patterns in theirs, none twice. A
// pattern without a match, or one that matches a directory only, is an error.
func Expand(patterns []string) ([]string, error) {
	var names []string
	seen := map[string]bool{}
	for _, p := range patterns {
		if err := local(p); err != nil {
			return nil, err
		}
		found := []string{p}
		if _, err := os.Lstat(p); err != nil && strings.ContainsAny(p, `*?[\`) {
			if found, err = filepath.Glob(p); err != nil {
				return nil, fault.New(fault.Usage, p, "not a pattern that can be matched: %w", err)
			}
			if len(found) == 0 {
				return nil, fault.New(fault.NotFound, p, "no file matches").WithHint("the pattern is relative to the current folder; quote it so that the shell leaves it alone")
			}
			slices.Sort(found)
		}
		for _, name := range found {
			// One file under two names is one file.
			id := name
			if real, err := filepath.EvalSymlinks(name); err == nil {
				id = real
			}
			if abs, err := filepath.Abs(id); err == nil {
				id = abs
			}
			if !seen[id] {
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
	if err := local(i.Path); err != nil {
		return nil, err
	}
	f, err := format.OpenFile(i.Path)
	if err != nil {
		return nil, err
	}
	f.Name = i.name()
	return f, nil
}

// unwritable makes the fault for an output that cannot be written.
func unwritable(path string, err error) error {
	if fe := (*fault.Error)(nil); errors.As(err, &fe) {
		return err
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	if le := (*os.LinkError)(nil); errors.As(err, &le) {
		err = le.Err
	}
	return &fault.Error{Code: fault.Unwritable, Source: path, Err: err, Hint: "nothing final was written; make room or choose another --output"}
}

// syncDir makes renames in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return unwritable(dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return unwritable(dir, err)
	}
	return nil
}
