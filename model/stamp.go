package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/glulam/glulam/fault"
)

// maxStamped is how many files of a folder are looked at.
const maxStamped = 10_000

// Stamp is what can be seen of a model's files without reading them: where they are, which files they are, their sizes and
// times. It tells cheaply whether a model may have changed. A file that is written over in place with as many bytes and given its
// old time again looks the same.
type Stamp struct {
	Path  string // of the model, after alias files
	files []stamped
}

type stamped struct {
	name string
	info fs.FileInfo
}

// Look takes the stamp of what a reference leads to. Errors are those of Resolve, NotFound and Unreadable.
func Look(ref string) (Stamp, error) {
	path, err := Resolve(ref)
	if err != nil {
		return Stamp{}, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return Stamp{}, fault.FromOS(fault.Unreadable, path, err)
	}
	s := Stamp{Path: path}
	if !st.IsDir() {
		s.files = []stamped{{info: st}}
		return s, nil
	}
	root, err := filepath.EvalSymlinks(path) // WalkDir does not follow a link
	if err != nil {
		return Stamp{}, fault.FromOS(fault.Unreadable, path, err)
	}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if len(s.files) == maxStamped {
			return fault.New(fault.TooLarge, path, "more than %d files", maxStamped)
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		s.files = append(s.files, stamped{rel, info})
		return err
	})
	if err != nil {
		return Stamp{}, fault.FromOS(fault.Unreadable, path, err)
	}
	return s, nil
}

// Equal says whether two stamps are of the same files, unchanged as far as can be seen.
func (s Stamp) Equal(t Stamp) bool {
	return s.Path == t.Path && slices.EqualFunc(s.files, t.files, func(a, b stamped) bool {
		return a.name == b.name && os.SameFile(a.info, b.info) && a.info.Size() == b.info.Size() && a.info.ModTime().Equal(b.info.ModTime())
	})
}

// Sum reads the files and gives the SHA-256 of their names and bytes. It is no model's digest, but tells whether two stamps
// have the same content.
func (s Stamp) Sum(ctx context.Context) (string, error) {
	h := sha256.New()
	for _, f := range s.files {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		path := s.Path
		if f.name != "" {
			path = filepath.Join(s.Path, f.name)
		}
		one := sha256.New()
		if err := copyFile(one, path); err != nil {
			return "", fault.FromOS(fault.Unreadable, path, err)
		}
		io.WriteString(h, hex.EncodeToString(one.Sum(nil))+"  "+f.name+"\n")
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func copyFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
