package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// shelf is a file system under a scheme of its own, so that a path which reaches package os unseen does not exist there.
// Its paths are shelf://NAME; it keeps them in a folder of this machine.
type shelf struct {
	localFS
	dir string
}

// mountShelf makes a shelf for the time of a test.
func mountShelf(t *testing.T) shelf {
	s := shelf{dir: t.TempDir()}
	fileSystems["shelf"] = s
	t.Cleanup(func() { delete(fileSystems, "shelf") })
	return s
}

func (s shelf) in(path string) string {
	return filepath.Join(s.dir, strings.TrimPrefix(path, "shelf://"))
}
func (s shelf) out(path string) string { return "shelf:/" + strings.TrimPrefix(path, s.dir) }

func (s shelf) Match(pattern string) ([]string, error) {
	found, err := s.localFS.Match(s.in(pattern))
	for i := range found {
		found[i] = s.out(found[i])
	}
	return found, err
}

func (s shelf) Identity(path string) string            { return path }
func (s shelf) Stat(path string) (fs.FileInfo, error)  { return s.localFS.Stat(s.in(path)) }
func (s shelf) Lstat(path string) (fs.FileInfo, error) { return s.localFS.Lstat(s.in(path)) }
func (s shelf) Open(path string) (*format.File, error) { return s.localFS.Open(s.in(path)) }
func (s shelf) Create(path string) (newFile, error)    { return s.localFS.Create(s.in(path)) }
func (s shelf) Concat(dst string, at int64, src string, skip int64) (int64, error) {
	return s.localFS.Concat(s.in(dst), at, s.in(src), skip)
}
func (s shelf) Truncate(path string, size int64) error    { return s.localFS.Truncate(s.in(path), size) }
func (s shelf) Rename(from, to string) error              { return s.localFS.Rename(s.in(from), s.in(to)) }
func (s shelf) Remove(path string) error                  { return s.localFS.Remove(s.in(path)) }
func (s shelf) RemoveAll(path string) error               { return s.localFS.RemoveAll(s.in(path)) }
func (s shelf) MkdirAll(path string) error                { return s.localFS.MkdirAll(s.in(path)) }
func (s shelf) Sync(dir string) error                     { return s.localFS.Sync(s.in(dir)) }
func (s shelf) Lock(dir string) (release func(), e error) { return s.localFS.Lock(s.in(dir)) }

// TestOtherFileSystem: whatever is done to inputs and outputs, from the pattern to a replaced output, goes through the
// file system of the path.
func TestOtherFileSystem(t *testing.T) {
	s := mountShelf(t)
	for _, name := range []string{"in", "out"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(s.dir, "in"), "a.csv", 100)
	writeFile(t, filepath.Join(s.dir, "in"), "b.csv", 10)
	names, err := Expand([]string{"shelf://in/*.csv"})
	if err != nil || len(names) != 2 || names[0] != "shelf://in/a.csv" {
		t.Fatalf("%q, %v", names, err)
	}
	const out = "shelf://out"
	release, err := Prepare(out, false)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	units, inputs, err := plan(t.Context(), PlanOptions{Run: t.Name(), Files: []Input{{Path: names[0]}, {Path: names[1]}}, Format: Format{Name: "csv"}, Shards: 2})
	if err != nil || len(inputs) != 2 || inputs[1].Name != "shelf://in/b.csv" {
		t.Fatalf("%v, %v", inputs, err)
	}
	o := CommitOptions{Dir: out, Temp: TempDir(out, "run"), Format: Format{Name: "csv"}, Manifest: Manifest{Glulam: "test", Spec: []byte("{}")}}
	for range 2 { // the second time over the first one's output
		reports := []Report{{Kind: kindPlanned, Inputs: inputs}}
		for _, u := range units {
			var p PlannedUnit
			for i, piece := range u.Pieces {
				p.Records, p.Inputs = append(p.Records, piece.Piece.Rows), append(p.Inputs, piece.Input)
				reports = append(reports, Report{Kind: kindRead, Unit: u.Index, Part: int32(i), Rows: piece.Piece.Rows})
				f, err := newTemp(o.Temp, "part")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.Write([]byte("h\nrow\n")); err != nil {
					t.Fatal(err)
				}
				if err := f.close(); err != nil {
					t.Fatal(err)
				}
				_, name := splitPath(f.path)
				reports = append(reports, Report{Kind: kindWritten, Unit: u.Index, Part: int32(i), Rows: piece.Piece.Rows, Temp: name, Bytes: 6, Head: 2})
			}
			reports[0].Units = append(reports[0].Units, p)
		}
		if rows, err := commit(o, reports); err != nil || rows != 110 {
			t.Fatalf("%d rows, %v", rows, err)
		}
		m, err := ReadManifest(out)
		if err != nil || len(m.Outputs) != len(units) || m.Inputs[0].Rows != 100 || m.Inputs[1].Rows != 10 {
			t.Fatalf("%+v, %v", m, err)
		}
		release()
		if _, err := Prepare(out, false); fault.CodeOf(err) != fault.Conflict {
			t.Fatal(err)
		}
		if release, err = Prepare(out, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := Outside(out, "shelf://in/a.csv"); err != nil {
		t.Error(err)
	}
	if err := Outside(out, "shelf://out/part-00000.csv"); fault.CodeOf(err) != fault.Conflict {
		t.Error(err)
	}
	in, err := Spool(strings.NewReader("text"), o.Temp, "-")
	if err != nil {
		t.Fatal(err)
	}
	if f, err := in.Open(); err != nil || f.Size != 4 || f.Name != "-" {
		t.Errorf("%+v, %v", f, err)
	} else {
		f.Close()
	}
	if err := RemoveTemp(o.Temp); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"gs://bucket/rows.csv", "s3://bucket/*.csv"} {
		if _, err := Expand([]string{path}); fault.CodeOf(err) != fault.Unsupported {
			t.Errorf("%s: %v", path, err)
		}
	}
}
