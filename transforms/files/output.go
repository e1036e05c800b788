package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/glulam/glulam/fault"
)

// tempPrefix starts the names of the folders for temporary files.
const tempPrefix = ".glulam-"

// TempDir names the folder for the temporary files of a run within its output directory.
func TempDir(dir, run string) string { return filepath.Join(dir, tempPrefix+run) }

// Prepare makes the output directory ready: it is made if it is not there, and kept from other runs on this machine until
// release is called or the process ends. One that is not empty is refused with fault.Conflict unless overwrite; then what
// killed runs left is removed, while the last run's output stays until Commit has the new one. Files that glulam did not
// write are never touched: one that has the name of an output file is a Conflict.
func Prepare(dir string, overwrite bool) (release func(), err error) {
	if err := local(dir); err != nil {
		return nil, err
	}
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return nil, fault.New(fault.Conflict, dir, "a file, not a directory").WithHint("--output takes a directory")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, unwritable(dir, err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	if len(entries) > 0 && !overwrite {
		return nil, fault.New(fault.Conflict, dir, "the output directory is not empty").WithHint("choose another --output, or give --overwrite to replace the output of an earlier run")
	}
	if path, ok := foreign(dir); ok {
		return nil, fault.New(fault.Conflict, path, "the file was not written by glulam, or by a run that came to no end, so --overwrite does not replace it").
			WithHint("move it, or choose another --output")
	}
	if err := removeUnfinished(dir); err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return nil, unwritable(dir, err)
			}
		}
	}
	return unlock, nil
}

// ownName is what the files of an output are called; see commit.
var ownName = regexp.MustCompile(`^(part-\d{5,}\.(csv|tsv|jsonl|parquet)|` + RejectedDir + `/part-\d{5,}\.jsonl)$`)

// oldManifest is what the manifest of the output that is replaced is called among the temporary files, so that a killed
// run leaves word of what was glulam's.
const oldManifest = "old-" + ManifestName

// own lists the files in a directory that glulam wrote: those that its manifest names, and the manifests that killed runs
// left with their temporary files.
func own(dir string) map[string]bool {
	names := map[string]bool{}
	manifests := []string{filepath.Join(dir, ManifestName)}
	for _, pattern := range []string{ManifestName, oldManifest} {
		found, _ := filepath.Glob(filepath.Join(escape(dir), tempPrefix+"*", pattern))
		manifests = append(manifests, found...)
	}
	for _, path := range manifests {
		var m Manifest
		data, err := os.ReadFile(path)
		if err != nil || json.Unmarshal(data, &m) != nil || m.Glulam == "" {
			continue
		}
		if filepath.Dir(path) == filepath.Clean(dir) {
			names[ManifestName] = true
		}
		for _, f := range append(m.Outputs, m.Rejected...) {
			if ownName.MatchString(f.Name) {
				names[f.Name] = true
			}
		}
	}
	return names
}

// removeUnfinished removes what a run that was killed in its commit had given final names already.
func removeUnfinished(dir string) error {
	names := own(dir)
	if names[ManifestName] { // these are whole
		var m Manifest
		data, err := os.ReadFile(filepath.Join(dir, ManifestName))
		if err != nil || json.Unmarshal(data, &m) != nil {
			return unwritable(dir, err)
		}
		for _, f := range append(m.Outputs, m.Rejected...) {
			delete(names, f.Name)
		}
		delete(names, ManifestName)
	}
	for name := range names {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritable(dir, err)
		}
	}
	return nil
}

// foreign gives a file in the directory that has the name of an output file, but was not written by glulam.
func foreign(dir string) (string, bool) {
	names := own(dir)
	for _, pattern := range []string{ManifestName, "part-*", RejectedDir, RejectedDir + "/part-*"} {
		found, _ := filepath.Glob(filepath.Join(escape(dir), pattern))
		for _, path := range found {
			rel, err := filepath.Rel(dir, path)
			st, serr := os.Lstat(path)
			if err != nil || serr != nil {
				continue
			}
			rel = filepath.ToSlash(rel)
			switch {
			case rel == RejectedDir:
				if !st.IsDir() {
					return path, true
				}
			case (rel == ManifestName || ownName.MatchString(rel)) && (!names[rel] || !st.Mode().IsRegular()):
				return path, true
			}
		}
	}
	return "", false
}

// clearOwn removes the output of an earlier run from a directory: first run.json, so that what is left never looks whole.
func clearOwn(dir, temp string) error {
	names := own(dir)
	manifest := filepath.Join(dir, ManifestName)
	if names[ManifestName] {
		if err := os.Rename(manifest, filepath.Join(temp, oldManifest)); err != nil {
			return unwritable(manifest, err)
		}
	}
	for name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unwritable(path, err)
		}
	}
	os.Remove(filepath.Join(dir, RejectedDir)) // stays if somebody else's files are in it
	return nil
}

// escape makes a path match itself in a pattern.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
