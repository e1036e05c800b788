package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/glulam/glulam/fault"
)

// tempPrefix starts the names of the folders for temporary files.
const tempPrefix = ".glulam-"

// TempDir names the folder for the temporary files of a run within its output directory.
func TempDir(dir, run string) string { return filepath.Join(dir, tempPrefix+run) }

// Prepare makes the output directory ready: it is made if it is not there. One that is not empty is refused with
// fault.Conflict unless overwrite; then what killed runs left is removed, while the last run's output stays until Commit
// has the new one. Files that are not glulam's are never touched.
func Prepare(dir string, overwrite bool) error {
	if err := local(dir); err != nil {
		return err
	}
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return fault.New(fault.Conflict, dir, "a file, not a directory").WithHint("--output takes a directory")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unwritable(dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return unwritable(dir, err)
	}
	if len(entries) > 0 && !overwrite {
		return fault.New(fault.Conflict, dir, "the output directory is not empty").WithHint("choose another --output, or give --overwrite to replace the output of an earlier run")
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return unwritable(dir, err)
			}
		}
	}
	return nil
}

// Clear removes the output of an earlier run from a directory: first run.json, so that what is left never looks whole.
func Clear(dir string) error {
	names := []string{filepath.Join(dir, ManifestName)}
	for _, pattern := range []string{"part-[0-9]*.csv", "part-[0-9]*.tsv", "part-[0-9]*.jsonl", "part-[0-9]*.parquet", RejectedDir + "/part-[0-9]*.jsonl"} {
		found, err := filepath.Glob(filepath.Join(escape(dir), pattern))
		if err != nil {
			return unwritable(dir, err)
		}
		names = append(names, found...)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritable(name, err)
		}
	}
	os.Remove(filepath.Join(dir, RejectedDir)) // stays if somebody else's files are in it
	return nil
}

// escape makes a path match itself in a pattern.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
