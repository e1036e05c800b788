package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
)

// Names of the files that say what is in a folder.
const (
	ManifestName = "glulam.yaml"
	MLmodelName  = "MLmodel"
)

// Limits of what is read.
const (
	MaxModel       = 2 << 30  // bytes of the model file, and of an archive
	MaxGolden      = 64 << 20 // bytes of the golden rows, and of the expected outputs
	MaxGoldenRows  = 10_000
	MaxULPs        = 64     // of Golden.ULPs; the most that any model of the tests needs is 8
	maxEntries     = 10_000 // files in an archive
	maxArchiveData = MaxModel + 4*MaxGolden
	minArchiveData = 64 << 20 // bytes that any archive may hold, however small it is
	maxRatio       = 100      // times its own size that a larger one may hold; models are some 3 to 20 times
)

// Kinds of bundles.
const (
	Glulam = "glulam bundle"
	MLflow = "MLflow model"
)

// Bundle is a model file and what was noted beside it.
type Bundle struct {
	Kind   string // Glulam or MLflow
	Source string // the path it was read from
	Digest string // "sha256:...": see the package's documentation

	Name, Version string // "": the bundle does not say
	// Flavor is that of an MLflow model, and Library the version that saved it, as MLmodel says it.
	Flavor, Library string

	ModelFile string // the model file's name in the bundle
	Model     []byte // its bytes

	Features []string          // names for a model file without any
	Rename   map[string]string // feature to column
	Trees    string            // as model.Options has it
	// PreferBest: the library's predict uses the rounds that early stopping found best, if the model file says so.
	PreferBest  bool
	Outputs     []string // what a run adds by default; nil: it does not say
	Threshold   *float64 // class 1 iff the prediction is above it; nil: 0.5
	Calibration *Calibration
	Golden      *Golden    // nil: none
	Signature   *Signature // of an MLflow model with named columns; else nil
	Provenance  []Note
	// NoGolden says why an MLflow model with an input example has no golden rows; "" otherwise.
	NoGolden string

	places map[string]node // of the manifest's keys
}

// Golden is rows that travel with a model, and what the training library gave for them.
type Golden struct {
	Rows, Expected File // Expected.Name is "" where nobody kept the library's outputs
	// ULPs is how far predictions may be off in the last place, at most MaxULPs; nil: 3. All else has to be equal.
	ULPs *uint64
}

// File is a file of a bundle. What it holds is told by its name: .csv, .tsv or .jsonl.
type File struct {
	Name string
	Data []byte
}

// Note is an entry of the provenance.
type Note struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// Fault makes an error about a key of the manifest: "threshold", "rename". A key that is not there stands at its top.
func (b *Bundle) Fault(code fault.Code, key, format string, args ...any) *fault.Error {
	if n, ok := b.places[key]; ok {
		return n.fault(code, format, args...)
	}
	return fault.New(code, b.manifestLabel(), format, args...)
}

func (b *Bundle) manifestLabel() string {
	if b.Kind == MLflow {
		return b.Source + "/" + MLmodelName
	}
	return b.Source + "/" + ManifestName
}

// source is where a bundle's files come from.
type source interface {
	// has says whether there is a file of this name.
	has(name string) bool
	// read gives a file of at most limit bytes; what says in errors what it is for.
	read(name, what string, limit int64) ([]byte, error)
}

// Open reads the bundle at a path: a folder, or an archive of one.
//
// Errors are *fault.Error: NotFound or Unreadable for what cannot be read, Unsupported
// for flavors that are not read, Corrupt for a manifest that makes no sense, TooLarge.
func Open(ctx context.Context, path string) (*Bundle, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	if trimmed := strings.TrimRight(path, string(filepath.Separator)); trimmed != "" { // not the root
		path = trimmed
	}
	if st.IsDir() {
		dir, err := openDir(path)
		if err != nil {
			return nil, err
		}
		defer dir.root.Close()
		return read(path, dir)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, path, err)
	}
	defer f.Close()
	data, err := readLimited(f, path, "the archive", st.Size(), MaxModel)
	if err != nil {
		return nil, err
	}
	return FromArchive(data, path)
}

// Detect says whether data may be an archive of a bundle: it is compressed with gzip.
func Detect(data []byte) bool { return bytes.HasPrefix(data, []byte{0x1f, 0x8b}) }

// FromArchive reads a bundle from the bytes of a .tar.gz. path names it in errors. data is not kept.
func FromArchive(data []byte, path string) (*Bundle, error) {
	if len(data) > MaxModel {
		return nil, fault.New(fault.TooLarge, path, "the archive is larger than %d bytes", MaxModel)
	}
	a, err := openArchive(data, path)
	if err != nil {
		return nil, err
	}
	return read(path, a)
}

// FromFiles makes a bundle of files in memory, as if they were at path.
func FromFiles(files []File, path string) (*Bundle, error) { return read(path, &memory{path, files}) }

// read makes a bundle of its files.
func read(path string, src source) (*Bundle, error) {
	r := &reader{src: src, b: &Bundle{Source: path, places: map[string]node{}}, sums: map[string]string{}}
	var err error
	switch {
	case src.has(ManifestName):
		r.b.Kind = Glulam
		err = r.manifest()
	case src.has(MLmodelName):
		r.b.Kind = MLflow
		err = r.mlmodel()
	default:
		what := "an archive, not a model file"
		if _, ok := src.(*folder); ok {
			what = "a directory, not a model file"
		}
		return nil, fault.New(fault.Unreadable, path, "%s", what).
			WithHint("a bundle has %s in it, an MLflow model %s; there is neither", ManifestName, MLmodelName)
	}
	if err != nil {
		return nil, err
	}
	r.b.Digest = r.digest()
	return r.b, nil
}

// reader fills a bundle.
type reader struct {
	src  source
	b    *Bundle
	sums map[string]string // of the files that were read
}

// file reads a file that the bundle names.
func (r *reader) file(name, what string, limit int64) ([]byte, error) {
	data, err := r.src.read(name, what, limit)
	if err == nil {
		sum := sha256.Sum256(data)
		r.sums[name] = hex.EncodeToString(sum[:])
	}
	return data, err
}

// digest is that of all files that were read.
func (r *reader) digest() string {
	names := make([]string, 0, len(r.sums))
	for name := range r.sums {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%s  %s\n", r.sums[name], name)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// checkName says whether a bundle may name a file so: a path within the bundle, with slashes.
func checkName(name string) error {
	switch {
	case name == "" || name == ".":
		return fmt.Errorf("%s is no file name", fault.Quote(name))
	case len(name) > 1024 || strings.ContainsAny(name, "\x00\\\n\r"):
		return fmt.Errorf("%s is no file name that every system can have", fault.Quote(name))
	case strings.HasPrefix(name, "/") || !filepath.IsLocal(filepath.FromSlash(name)):
		return fmt.Errorf("%s leads out of the bundle", fault.Quote(name))
	}
	return nil
}
