package bundle

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
)

// Files gives the files of a glulam bundle made of b, by name, with glulam.yaml first: the keys in a fixed order, no more
// than b says. The bytes of the files are b's own.
func (b *Bundle) Files() []File {
	var y strings.Builder
	line := func(key, value string) { y.WriteString(key + ": " + value + "\n") }
	line("glulam", schema)
	if b.Name != "" {
		line("name", quote(b.Name))
	}
	if b.Version != "" {
		line("version", quote(b.Version))
	}
	line("model", quote(b.ModelFile))
	if b.Features != nil {
		line("features", quoteAll(b.Features))
	}
	if b.Trees != "" {
		line("trees", quote(b.Trees))
	}
	if len(b.Rename) > 0 {
		y.WriteString("rename:\n")
		names := make([]string, 0, len(b.Rename))
		for f := range b.Rename {
			names = append(names, f)
		}
		slices.Sort(names)
		for _, f := range names {
			line("  "+quote(f), quote(b.Rename[f]))
		}
	}
	if b.Outputs != nil {
		line("outputs", quoteAll(b.Outputs))
	}
	if b.Threshold != nil {
		line("threshold", number(*b.Threshold))
	}
	if c := b.Calibration; c != nil {
		y.WriteString("calibration:\n")
		line("  method", c.Method)
		if c.Method == "platt" {
			line("  a", number(c.A))
			line("  b", number(c.B))
		} else {
			line("  x", numbers(c.X))
			line("  y", numbers(c.Y))
		}
	}
	if g := b.Golden; g != nil {
		y.WriteString("golden:\n")
		line("  rows", quote(g.Rows.Name))
		line("  expected", quote(g.Expected.Name))
		if g.ULPs != nil {
			line("  ulps", strconv.FormatUint(*g.ULPs, 10))
		}
	}
	if len(b.Provenance) > 0 {
		y.WriteString("provenance:\n")
		for _, n := range b.Provenance {
			line("  "+quote(n.Key), quote(n.Text))
		}
	}
	files := []File{{ManifestName, []byte(y.String())}, {b.ModelFile, b.Model}}
	if b.Golden != nil {
		files = append(files, b.Golden.Rows, b.Golden.Expected)
	}
	slices.SortFunc(files[1:], func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// quote writes a text so that YAML reads it back: as it stands if it is a plain word, else as JSON has it.
func quote(s string) string {
	plain := s != ""
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		plain = plain && (letter || i > 0 && (c >= '0' && c <= '9' || c == '.' || c == '-' || c == '/'))
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf":
		plain = false
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}

func quoteAll(texts []string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = quote(t)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func numbers(v []float64) string {
	out := make([]string, len(v))
	for i, x := range v {
		out[i] = number(x)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// Archive writes files as a .tar.gz: the same bytes for the same files.
func Archive(w io.Writer, files []File) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Mode: 0o644, Size: int64(len(f.Data)), Format: tar.FormatPAX})
		if err == nil {
			_, err = t.Write(f.Data)
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}

// IsArchiveName says whether a bundle of this name is an archive, not a folder.
func IsArchiveName(name string) bool {
	return strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz")
}

// Write writes a bundle of files to path: an archive if IsArchiveName, else a folder. What is there already is not touched,
// and nothing half-written is left under that name.
//
// Errors are *fault.Error with code Conflict or Unwritable.
func Write(path string, files []File) error {
	if _, err := os.Lstat(path); err == nil {
		return fault.New(fault.Conflict, path, "exists already").WithHint("give another name, or remove it first")
	}
	path = filepath.Clean(path)
	dir, base := filepath.Split(path)
	temp, err := os.MkdirTemp(filepath.Clean(dir+"."), ".glulam-"+base+"-*")
	if err != nil {
		return fault.FromOS(fault.Unwritable, path, err)
	}
	defer os.RemoveAll(temp)
	made := filepath.Join(temp, base)
	if IsArchiveName(path) {
		err = writeArchive(made, files)
	} else {
		err = writeFolder(made, files)
	}
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return fault.FromOS(fault.Unwritable, path, err)
	}
	return nil
}

func writeArchive(path string, files []File) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(Archive(f, files), f.Close())
}

func writeFolder(path string, files []File) error {
	for _, f := range files {
		name := filepath.Join(path, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
