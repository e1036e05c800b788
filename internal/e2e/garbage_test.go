package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sys/unix"

	"github.com/glulam/glulam/internal/golden"
)

// TestGarbage holds that input which cannot be read is refused in plain words with exit code 1 or 2, and leaves nothing.
func TestGarbage(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	csv, err := os.ReadFile(golden.Path("rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	pq, err := os.ReadFile(golden.Path("rows.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(csv, []byte("\n"))
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(csv)
	w.Close()
	flipped := bytes.Clone(z.Bytes())
	flipped[len(flipped)/2] ^= 0xff
	for name, input := range map[string]string{
		"empty file":          write("empty.csv", nil),
		"header only":         write("head.csv", append(bytes.Clone(head), '\n')),
		"truncated gzip":      write("cut.csv.gz", z.Bytes()[:z.Len()/2]),
		"gzip with a flip":    write("flip.csv.gz", flipped),
		"gzip in name only":   write("plain.csv.gz", csv),
		"missing column":      write("miss.csv", bytes.Replace(csv, []byte("distance"), []byte("dist"), 1)),
		"directory":           dir,
		"nothing there":       filepath.Join(dir, "none.csv"),
		"pattern of nothing":  filepath.Join(dir, "none*.csv"),
		"name without format": write("rows", csv),
		"binary":              write("binary.csv", bytes.Repeat([]byte{0, 255, 1, 10}, 5000)),
		"parquet as csv":      write("pq.csv", pq),
		"csv as parquet":      write("csv.parquet", csv),
		"truncated parquet":   write("cut.parquet", pq[:len(pq)*2/3]),
		"json array":          write("array.jsonl", []byte("[\n{\"a\":1}\n]\n")),
		"csv as jsonl":        write("csv.jsonl", csv),
		"remote":              "gs://bucket/rows.csv",
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			glulam(t, "batch", "--model", golden.Path("lightgbm.txt"), "--input", input, "--output", out).plain(t, name, 1, 2)
			if left := tree(t, out); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestCutModel cuts a model file at each percent of its length: no part of it is taken for a model.
func TestCutModel(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"lightgbm.txt", "linear.txt"} {
		data, err := os.ReadFile(golden.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		end := bytes.Index(data, []byte("end of trees"))
		for percent := range 100 {
			n := len(data) * percent / 100
			path := filepath.Join(dir, fmt.Sprintf("%d-%s", percent, name))
			if err := os.WriteFile(path, data[:n], 0o644); err != nil {
				t.Fatal(err)
			}
			r := glulam(t, "inspect", path)
			r.plain(t, fmt.Sprintf("%s cut to %d%%", name, percent), 1)
			if n < end && r.code == 0 {
				t.Errorf("%s cut to %d%% was taken for a model", name, percent)
			}
		}
	}
}

// TestDiskFull runs onto a file system that is too small: a clear error, and nothing final. It needs root to mount one;
// CI has it.
func TestDiskFull(t *testing.T) {
	if os.Getuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must run as root to mount a small file system")
		}
		t.Skip("only root may mount a small file system")
	}
	dir := t.TempDir()
	small := filepath.Join(dir, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=600k"); err != nil {
		t.Fatalf("mounting a small file system: %v", err)
	}
	defer unix.Unmount(small, 0)
	in := repeat(t, filepath.Join(dir, "in.csv"), 5)
	for _, format := range []string{"csv", "jsonl", "parquet"} {
		out := filepath.Join(small, "out-"+format)
		r := glulam(t, "batch", "--model", golden.Path("lightgbm.txt"), "--input", in, "--output", out, "--output-format", format, "--outputs", "prediction,margin,leaf")
		r.plain(t, format, 1)
		if !strings.Contains(r.stderr, "no space left") {
			t.Errorf("%s: the message does not say that there is no space:\n%s", format, r.stderr)
		}
		if left := tree(t, out); len(left) > 0 {
			t.Errorf("%s: left behind: %d files", format, len(left))
		}
		if left, _ := filepath.Glob(filepath.Join(out, ".glulam-*")); len(left) > 0 {
			t.Errorf("%s: temporary files were left: %v", format, left)
		}
	}
}
