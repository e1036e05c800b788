package files

import (
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/glulam/glulam/fault"
)

// tempPrefix starts the names of the folders for temporary files.
const tempPrefix = ".glulam-"

// TempDir names the folder for the temporary files of a run within its output directory.
func TempDir(dir, run string) string { return join(dir, tempPrefix+run) }

// Prepare makes the output directory ready: it is made if it is not there, and kept from other runs on this machine until
// release is called or the process ends. One that is not empty is refused with fault.Conflict unless overwrite; then what
// killed runs left is removed, while the last run's output stays until Commit has the new one. Files that glulam did not
// write are never touched: one that has the name of an output file is a Conflict.
func Prepare(dir string, overwrite bool) (release func(), err error) {
	fsys, err := fsOf(dir)
	if err != nil {
		return nil, err
	}
	if !utf8.ValidString(dir) {
		return nil, fault.New(fault.Unsupported, dir, "the path is not UTF-8").WithHint("choose another --output")
	}
	if st, err := fsys.Stat(dir); err == nil && !st.IsDir() {
		return nil, fault.New(fault.Conflict, dir, "a file, not a directory").WithHint("--output takes a directory")
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, unwritable(dir, err)
	}
	unlock, err := fsys.Lock(dir)
	if err != nil {
		return nil, unwritable(dir, err)
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	entries, err := matchIn(fsys, dir, "*")
	if err != nil {
		return nil, unwritable(dir, err)
	}
	if len(entries) > 0 && !overwrite {
		return nil, fault.New(fault.Conflict, dir, "the output directory is not empty").WithHint("choose another --output, or give --overwrite to replace the output of an earlier run")
	}
	if path, ok := foreign(fsys, dir); ok {
		return nil, fault.New(fault.Conflict, path, "the file was not written by glulam, or by a run that came to no end, so --overwrite does not replace it").
			WithHint("move it, or choose another --output")
	}
	if err := removeUnfinished(fsys, dir); err != nil {
		return nil, err
	}
	for _, e := range entries {
		if _, name := splitPath(e); strings.HasPrefix(name, tempPrefix) {
			if err := fsys.RemoveAll(e); err != nil {
				return nil, unwritable(e, err)
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

// own lists the files in a directory that glulam wrote: those that its manifest names, and the manifests that other runs
// left with their temporary files when they were killed. except is the folder of this run's: what its manifest names is not
// there yet.
func own(fsys fileSystem, dir, except string) map[string]bool {
	names := map[string]bool{}
	if m, err := readManifest(fsys, join(dir, ManifestName)); err == nil {
		names[ManifestName] = true
		m.addNames(names)
	}
	for _, name := range []string{ManifestName, oldManifest} {
		found, _ := matchIn(fsys, dir, tempPrefix+"*", name)
		for _, path := range found {
			if folder, _ := splitPath(path); name == ManifestName && folder == except {
				continue
			}
			if m, err := readManifest(fsys, path); err == nil {
				m.addNames(names)
			}
		}
	}
	return names
}

// addNames adds the names of the files that a manifest tells of.
func (m *Manifest) addNames(names map[string]bool) {
	for _, f := range append(m.Outputs, m.Rejected...) {
		if ownName.MatchString(f.Name) {
			names[f.Name] = true
		}
	}
}

func readManifest(fsys fileSystem, path string) (Manifest, error) {
	var m Manifest
	data, err := readFile(fsys, path)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err == nil && m.Glulam == "" {
		err = fault.New(fault.Corrupt, path, "not a manifest of glulam")
	}
	return m, err
}

// ReadManifest reads the run.json of an output directory.
func ReadManifest(dir string) (Manifest, error) {
	fsys, err := fsOf(dir)
	if err != nil {
		return Manifest{}, err
	}
	return readManifest(fsys, join(dir, ManifestName))
}

// removeUnfinished removes what a run that was killed in its commit had given final names already.
func removeUnfinished(fsys fileSystem, dir string) error {
	names := own(fsys, dir, "")
	if names[ManifestName] { // what it names is whole
		m, err := readManifest(fsys, join(dir, ManifestName))
		if err != nil {
			return unwritable(dir, err)
		}
		for _, f := range append(m.Outputs, m.Rejected...) {
			delete(names, f.Name)
		}
		delete(names, ManifestName)
	}
	return removeAll(fsys, dir, names)
}

// removeAll removes files of a directory, as far as they are there.
func removeAll(fsys fileSystem, dir string, names map[string]bool) error {
	for name := range names {
		path := join(dir, name)
		if err := fsys.Remove(path); err != nil && !missing(err) {
			return unwritable(path, err)
		}
	}
	return nil
}

// foreign gives a file in the directory that has the name of an output file, but was not written by glulam.
func foreign(fsys fileSystem, dir string) (string, bool) {
	names := own(fsys, dir, "")
	rejected := join(dir, RejectedDir)
	if st, err := fsys.Lstat(rejected); err == nil && !st.IsDir() {
		return rejected, true
	}
	for _, pattern := range []string{ManifestName, "part-*", RejectedDir + "/part-*"} {
		found, _ := matchIn(fsys, dir, pattern)
		for _, path := range found {
			_, name := splitPath(path)
			if strings.HasPrefix(pattern, RejectedDir) {
				name = RejectedDir + "/" + name
			}
			if name != ManifestName && !ownName.MatchString(name) {
				continue
			}
			if st, err := fsys.Lstat(path); err == nil && (!names[name] || !st.Mode().IsRegular()) {
				return path, true
			}
		}
	}
	return "", false
}

// inTheWay refuses a commit that would come upon somebody else's files, or a folder that cannot be written to, while the
// earlier output is still whole.
func inTheWay(fsys fileSystem, dir, temp string, files []final) error {
	names := own(fsys, dir, temp)
	for _, name := range append([]string{ManifestName}, finalNames(files)...) {
		path := join(dir, name)
		if st, err := fsys.Lstat(path); err == nil && (!names[name] || !st.Mode().IsRegular()) {
			return fault.New(fault.Conflict, path, "the file appeared while the run was going on").WithHint("move it, and let one run at a time write to a directory")
		}
	}
	for _, f := range files {
		folder, _ := splitPath(join(dir, f.name))
		probe := join(folder, tempPrefix+"probe")
		fsys.Remove(probe)
		p, err := fsys.Create(probe)
		if err != nil {
			return unwritable(folder, err)
		}
		p.Discard()
	}
	return nil
}

func finalNames(files []final) []string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
	}
	return names
}

// clearOwn removes the output of an earlier run from a directory: first run.json, so that what is left never looks whole.
func clearOwn(fsys fileSystem, dir, temp string) error {
	names := own(fsys, dir, temp)
	manifest := join(dir, ManifestName)
	if names[ManifestName] {
		if err := fsys.Rename(manifest, join(temp, oldManifest)); err != nil {
			return unwritable(manifest, err)
		}
	}
	if err := removeAll(fsys, dir, names); err != nil {
		return err
	}
	fsys.Remove(join(dir, RejectedDir)) // stays if somebody else's files are in it
	return nil
}

// Outside refuses files that are in an output directory under a name which a run will replace.
func Outside(dir string, paths ...string) error {
	fsys, err := fsOf(dir)
	if err != nil {
		return err
	}
	out := fsys.Identity(dir)
	rejected := fsys.Identity(join(dir, RejectedDir))
	for _, path := range paths {
		from, err := fsOf(path)
		if err != nil {
			return err
		}
		folder, name := splitPath(from.Identity(path))
		if from == fsys && (folder == out || folder == rejected) && (strings.HasPrefix(name, "part-") || name == ManifestName) {
			return fault.New(fault.Conflict, path, "this file is in the output directory, where it would be replaced").WithHint("choose another --output")
		}
	}
	return nil
}

// Spool copies a stream, standard input, to the folder for temporary files, for a runner may read its input more than once.
// Errors and origins call it name.
func Spool(r io.Reader, temp, name string) (Input, error) {
	in := Input{Path: join(temp, "stdin"), Name: name}
	f, err := newTemp(temp, "stdin")
	if err != nil {
		return in, err
	}
	in.Path = f.path
	if _, err := io.Copy(f, readFaults{r, name}); err != nil {
		f.file.Discard()
		return in, err
	}
	return in, f.close()
}

// readFaults tells errors of reading from those of writing.
type readFaults struct {
	r    io.Reader
	name string
}

func (r readFaults) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = fault.FromOS(fault.Unreadable, r.name, err)
	}
	return n, err
}
