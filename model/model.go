package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/leaves"
	"github.com/glulam/glulam/model/lightgbm"
)

// MaxBytes is the largest model file that Load reads.
const MaxBytes = 2 << 30

// Model is a validated ensemble with an engine to evaluate it. Immutable, safe for concurrent use.
type Model struct {
	name   string
	digest string
	forest *forest.Forest
	engine forest.Evaluator
}

// Options say how a model is to be loaded. The zero value is right for a model file that carries its feature names.
type Options struct {
	// Engine is "auto" or "" (the fastest that accepts the model), "reference" or "leaves".
	Engine string
	// Features names the features, in the model's order, for a model file that carries no names of its own. For one that
	// does it is refused: columns are renamed with Bind's rename, never by position.
	Features []string
}

// Engines are the values of Options.Engine.
var Engines = []string{"auto", "leaves", "reference"}

// formats tell their bytes from others' and parse them.
var formats = []struct {
	name   string
	detect func([]byte) bool
	parse  func(data []byte, source string) (*forest.Forest, error)
}{
	{"LightGBM text", lightgbm.Detect, lightgbm.Parse},
}

// Load reads the model file at path ref.
func Load(ctx context.Context, ref string, o Options) (*Model, error) {
	data, err := read(ctx, ref)
	if err != nil {
		return nil, err
	}
	return Parse(data, ref, o)
}

func read(ctx context.Context, ref string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(ref)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, ref, err).WithHint("--model takes the path of a model file")
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, ref, err)
	}
	if st.IsDir() {
		return nil, fault.New(fault.Unreadable, ref, "a directory, not a model file")
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, ref, err)
	}
	if len(data) > MaxBytes {
		return nil, fault.New(fault.TooLarge, ref, "the file is larger than %d bytes", MaxBytes)
	}
	return data, nil
}

// Parse makes a model of the bytes of a model file. source names them in errors; the model's name is made from it. data
// is not kept.
func Parse(data []byte, source string, o Options) (*Model, error) {
	if len(data) == 0 {
		return nil, fault.New(fault.Empty, source, "the model file is empty")
	}
	f, err := parse(data, source)
	if err != nil {
		return nil, err
	}
	if err := name(f, source, o.Features); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	m := &Model{name: modelName(source), digest: "sha256:" + hex.EncodeToString(sum[:]), forest: f}
	if m.engine, err = engine(f, o.Engine); err != nil {
		if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Source == "" {
			fe.Source = source
		}
		return nil, err
	}
	return m, nil
}

func parse(data []byte, source string) (*forest.Forest, error) {
	var known []string
	for _, f := range formats {
		if f.detect(data) {
			return f.parse(data, source)
		}
		known = append(known, f.name)
	}
	return nil, fault.New(fault.Unsupported, source, "not a model file that this version reads (%s)", strings.Join(known, ", ")).
		WithHint("save the model with the training library's own save_model, as text")
}

// placeholder is what LightGBM calls the columns of a matrix.
var placeholder = regexp.MustCompile(`^Column_[0-9]+$`)

func nameless(f *forest.Forest) bool {
	for _, ft := range f.Features {
		if ft.Name != "" && !placeholder.MatchString(ft.Name) {
			return false
		}
	}
	return true
}

func name(f *forest.Forest, source string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if !nameless(f) {
		return fault.New(fault.Usage, source, "the model names its own %d features, so --features must not", len(f.Features)).
			WithHint("map a feature to a column of another name with --rename feature=column")
	}
	if len(names) != len(f.Features) {
		return fault.New(fault.Usage, source, "--features has %d names, the model %d features", len(names), len(f.Features))
	}
	seen := map[string]bool{}
	for i, n := range names {
		if n == "" || seen[n] {
			return fault.New(fault.Usage, source, "--features: name %d (%q) is empty or a repetition", i+1, n)
		}
		seen[n] = true
		f.Features[i].Name = n
	}
	return nil
}

func modelName(source string) string {
	base := filepath.Base(source)
	if ext := filepath.Ext(base); ext != "" && ext != base {
		base = strings.TrimSuffix(base, ext)
	}
	return base
}

func engine(f *forest.Forest, want string) (forest.Evaluator, error) {
	switch want {
	case "", "auto", "reference":
		return forest.NewReference(f), nil
	case "leaves":
		return leaves.New(f)
	}
	return nil, fault.New(fault.Usage, "", "no engine is called %q", want).WithHint("engines are %s", strings.Join(Engines, ", "))
}

// Name is the file's name without folder and extension.
func (m *Model) Name() string { return m.name }

// Digest is "sha256:" and the hexadecimal SHA-256 of the model file's bytes.
func (m *Model) Digest() string { return m.digest }

// Engine names the engine that evaluates the model.
func (m *Model) Engine() string { return m.engine.Name() }

// Forest is the ensemble itself. It must not be changed.
func (m *Model) Forest() *forest.Forest { return m.forest }

// Outputs is how many margins and predictions a row has.
func (m *Model) Outputs() int { return m.forest.Outputs }

// String is the name and the first digits of the digest: "flights (sha256:1a2b3c4d5e6f)".
func (m *Model) String() string { return fmt.Sprintf("%s (%.19s)", m.name, m.digest) }
