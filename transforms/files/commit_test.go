package files

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glulam/glulam/fault"
)

// commitCase is an output directory with temporary files and the reports about them.
func commitCase(t *testing.T) (CommitOptions, []Report) {
	t.Helper()
	dir := t.TempDir()
	o := CommitOptions{Dir: dir, Temp: TempDir(dir, "run"), Format: Format{Name: "csv"}, Manifest: Manifest{Glulam: "test", Spec: []byte("{}")}}
	if err := os.MkdirAll(o.Temp, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(o.Temp, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("w0", "h\n1\n2\n")
	write("w1a", "h\n3\n")
	write("w1b", "h\n4\n5\n")
	write("l0", "{}\n")
	return o, []Report{
		{Kind: kindWritten, Unit: 1, Part: 1, Rows: 2, Temp: "w1b", Bytes: 6, Head: 2},
		{Kind: kindRead, Unit: 1, Part: 1, Rows: 2},
		{Kind: kindLetters, Stage: stageRead, Unit: 0, Rows: 1, Temp: "l0", Bytes: 3, Codes: map[string]int64{"bad_number": 1}},
		{Kind: kindRead, Unit: 0, Rows: 3, Rejected: 1, Blank: 1},
		{Kind: kindPlanned, Inputs: []InputFile{{Name: "a", Size: 9, Checksum: "xxh64:0"}}, Units: []PlannedUnit{{Records: []int64{4}, Inputs: []int32{0}}, {Records: []int64{1, -1}, Inputs: []int32{0, 0}}}},
		{Kind: kindWritten, Unit: 0, Rows: 2, Temp: "w0", Bytes: 6, Head: 2},
		{Kind: kindRead, Unit: 1, Part: 0, Rows: 1},
		{Kind: kindWritten, Unit: 1, Part: 0, Rows: 1, Temp: "w1a", Bytes: 4, Head: 2},
	}
}

func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		if rel == ManifestName {
			data = []byte("...")
		}
		b.WriteString(rel + ": " + strings.ReplaceAll(string(data), "\n", "|") + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const committed = `part-00000.csv: h|1|2|
part-00001.csv: h|3|4|5|
rejected/part-00000.jsonl: {}|
run.json: ...
`

// TestCommit holds that the parts of a split unit are joined without their headers, that the old output goes and other
// people's files stay, and that a commit may be repeated after the end.
func TestCommit(t *testing.T) {
	o, reports := commitCase(t)
	o.Manifest.Glulam = "test"
	const manifest = `{"glulam": "x", "outputs": [{"name": "part-00000.csv"}, {"name": "part-00007.csv"}, {"name": "notes.txt"}]}`
	for name, old := range map[string]string{"part-00000.csv": "old", "part-00007.csv": "old", "run.json": manifest, "notes.txt": "old"} {
		if err := os.WriteFile(filepath.Join(o.Dir, name), []byte(old), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for try := range 2 {
		rows, err := commit(o, reports)
		if err != nil || rows != 5 {
			t.Fatalf("try %d: %d rows, %v", try, rows, err)
		}
		if got, want := tree(t, o.Dir), "notes.txt: old\n"+committed; got != want {
			t.Fatalf("try %d:\n%swant\n%s", try, got, want)
		}
	}
	data, err := os.ReadFile(filepath.Join(o.Dir, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"in": 6`, `"scored": 5`, `"rejected": 1`, `"bad_number": 1`, `"blank": 1`, `"bytes": 8`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("run.json lacks %s:\n%s", want, data)
		}
	}
}

// TestCommitRepeated stops a commit after each of its changes to the file system and repeats it: the end is the same.
func TestCommitRepeated(t *testing.T) {
	for steps := 0; ; steps++ {
		o, reports := commitCase(t)
		stopped := errors.New("stopped")
		left := steps
		checkpoint = func() error {
			if left--; left < 0 {
				return stopped
			}
			return nil
		}
		_, err := commit(o, reports)
		checkpoint = func() error { return nil }
		if err == nil {
			if steps < 6 {
				t.Fatalf("only %d steps were tried", steps)
			}
			return
		}
		if !errors.Is(err, stopped) {
			t.Fatal(err)
		}
		if _, err := commit(o, reports); err != nil {
			t.Fatalf("after %d steps: %v", steps, err)
		}
		if got := tree(t, o.Dir); got != committed {
			t.Fatalf("after %d steps:\n%s", steps, got)
		}
	}
}

// TestAccount holds that counts which disagree are found, whichever they are.
func TestAccount(t *testing.T) {
	for name, change := range map[string]func(r []Report) []Report{
		"a row lost by the sink":      func(r []Report) []Report { r[5].Rows--; return r },
		"a row twice in the sink":     func(r []Report) []Report { r[5].Rows++; return r },
		"a letter lost":               func(r []Report) []Report { r[2].Rows--; return r },
		"a row lost by the reader":    func(r []Report) []Report { r[3].Rows--; r[5].Rows--; return r },
		"a piece not read":            func(r []Report) []Report { return append(r[:1:1], r[2:]...) },
		"a piece read twice":          func(r []Report) []Report { return append(r, r[1]) },
		"a piece that was not cut":    func(r []Report) []Report { return append(r, Report{Kind: kindRead, Unit: 9}) },
		"no plan":                     func(r []Report) []Report { return append(r[:4:4], r[5:]...) },
		"two plans":                   func(r []Report) []Report { return append(r, r[4]) },
		"a whole shard not accounted": func(r []Report) []Report { return append(r[:5:5], r[6:]...) },
	} {
		o, reports := commitCase(t)
		if _, err := commit(o, change(reports)); fault.CodeOf(err) != fault.Mismatch {
			t.Errorf("%s: %v", name, err)
		}
		if got := tree(t, o.Dir); strings.Contains(got, "\npart-") {
			t.Errorf("%s: something final was written:\n%s", name, got)
		}
	}
}

func TestPrepare(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "new", "out")
	prepare := func(dir string, overwrite bool) error {
		release, err := Prepare(dir, overwrite)
		if err == nil {
			release()
		}
		return err
	}
	if err := prepare(out, false); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(TempDir(out, "killed"), "part")
	if err := os.MkdirAll(filepath.Dir(stale), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := prepare(out, false); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a directory that is not empty: %v", err)
	}
	if err := prepare(out, true); err != nil {
		t.Error(err)
	}
	release, err := Prepare(out, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(out, true); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a directory that another run has: %v", err)
	}
	release()
	for _, name := range []string{"part-00000.csv", "run.json", "rejected"} {
		theirs := filepath.Join(out, name)
		if err := os.WriteFile(theirs, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := prepare(out, true); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("somebody else's %s: %v", name, err)
		}
		os.Remove(theirs)
	}
	if _, err := os.Stat(filepath.Dir(stale)); !errors.Is(err, os.ErrNotExist) {
		t.Error("what a killed run left is still there")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := prepare(file, true); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a file for a directory: %v", err)
	}
}

// TestStop: stopping a run that is being committed waits for the end and says so; before that it keeps everything from
// being final.
func TestStop(t *testing.T) {
	o, reports := commitCase(t)
	stopped := make(chan bool)
	once := sync.OnceFunc(func() {
		go func() { stopped <- Stop(o.Temp) }()
	})
	checkpoint = func() error {
		once()
		time.Sleep(time.Millisecond) // Stop gets its chance to come too early
		return nil
	}
	defer func() { checkpoint = func() error { return nil } }()
	if _, err := commit(o, reports); err != nil {
		t.Fatal(err)
	}
	if !<-stopped {
		t.Error("the run was committed, but Stop does not say so")
	}
	if got := tree(t, o.Dir); got != committed {
		t.Error(got)
	}

	o, reports = commitCase(t)
	if Stop(o.Temp) {
		t.Error("nothing was committed")
	}
	if _, err := commit(o, reports); fault.CodeOf(err) != fault.Interrupted {
		t.Errorf("a commit after Stop: %v", err)
	}
	if got := tree(t, o.Dir); strings.Contains(got, "\npart-") || strings.HasPrefix(got, "part-") {
		t.Errorf("something final was written:\n%s", got)
	}
}

// TestCommitInTheWay: what somebody put in the way while the run was going on is never touched, and the earlier output
// stays whole.
func TestCommitInTheWay(t *testing.T) {
	const earlier = `{"glulam": "x", "outputs": [{"name": "part-00000.csv"}], "rejected": []}`
	for _, name := range []string{"part-00001.csv", "rejected/part-00000.jsonl", "rejected"} {
		o, reports := commitCase(t)
		put := func(name, text string) {
			path := filepath.Join(o.Dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		put("run.json", earlier)
		put("part-00000.csv", "earlier")
		put(name, "theirs")
		if _, err := commit(o, reports); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := tree(t, o.Dir); !strings.Contains(got, name+": theirs\n") || !strings.Contains(got, "part-00000.csv: earlier\n") || !strings.Contains(got, "\nrun.json: ") {
			t.Errorf("%s: left\n%s", name, got)
		}
	}
}

// TestCommitFailsHalfway: when a commit cannot go on after the earlier output is gone, the temporary files stay, and the
// next run knows from them what was glulam's.
func TestCommitFailsHalfway(t *testing.T) {
	o, reports := commitCase(t)
	fileSystems[""] = failing{fileSystems[""], "part-00001.csv"}
	defer func() { fileSystems[""] = localFS{} }()
	_, err := commit(o, reports)
	if fault.CodeOf(err) != fault.Unwritable || !strings.Contains(err.Error(), "run again with --overwrite") {
		t.Errorf("got %v", err)
	}
	if err := RemoveTemp(o.Temp); err != nil {
		t.Error(err)
	}
	fileSystems[""] = localFS{}
	release, err := Prepare(o.Dir, true)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if got := tree(t, o.Dir); got != "" {
		t.Errorf("left\n%s", got)
	}
}

// failing is a file system that cannot give a file one name.
type failing struct {
	fileSystem
	name string
}

func (f failing) Rename(from, to string) error {
	if strings.HasSuffix(to, f.name) {
		return errors.New("a full directory")
	}
	return f.fileSystem.Rename(from, to)
}

// TestNoTempAfterStop: a worker that comes late makes no new files.
func TestNoTempAfterStop(t *testing.T) {
	temp := TempDir(t.TempDir(), "run")
	Stop(temp)
	if _, err := newTemp(temp, "part"); fault.CodeOf(err) != fault.Interrupted {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(temp); !errors.Is(err, os.ErrNotExist) {
		t.Error("the folder was made")
	}
}

// TestUnreadableFolder: a pattern over a folder that cannot be read is an error, not fewer files.
func TestUnreadableFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root can read everything")
	}
	dir := t.TempDir()
	writeFile(t, dir, "a.csv", 1)
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o000); err != nil {
		t.Fatal(err)
	}
	if _, err := Expand([]string{filepath.Join(dir, "*", "*.csv")}); fault.CodeOf(err) != fault.Unreadable {
		t.Errorf("got %v", err)
	}
}
