package model

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/bundle"
	"github.com/glulam/glulam/model/catboost"
	"github.com/glulam/glulam/model/engine"
	"github.com/glulam/glulam/model/forest"
	"github.com/glulam/glulam/model/leaves"
	"github.com/glulam/glulam/model/lightgbm"
	"github.com/glulam/glulam/model/onnx"
	"github.com/glulam/glulam/model/prep"
	"github.com/glulam/glulam/model/sklearn"
	"github.com/glulam/glulam/model/xgboost"
)

// MaxBytes is the largest model file that Load reads.
const MaxBytes = 2 << 30

// Model is a validated ensemble with an engine to evaluate it. Immutable, safe for concurrent use.
type Model struct {
	name   string
	source string // the path of the model file
	digest string
	forest *forest.Forest
	prep   *prep.Graph // nil: the inputs are the forest's features
	codes  []*codes    // of each input; nil: its values are numbers
	engine forest.Evaluator
	bundle *bundle.Bundle // what came beside the model file; nil: nothing
	golden string         // the rounds that its golden rows were checked with; "": those of the model
	off    uint64         // how far their predictions were off at most, in units of the last place
}

// Options say how a model is to be loaded. The zero value is right for a model file that carries its feature names.
type Options struct {
	// Engine is one of Engines. "" is "auto": what the environment variable GLULAM_ENGINE names, or else the fastest that this
	// processor runs and that takes the model.
	Engine string
	// Features names the features, in the model's order, for a model file that carries no names of its own. For one that
	// does it is refused: columns are renamed with Bind's rename, never by position.
	Features []string
	// Trees chooses the boosting rounds to sum up: "all", "best" (up to what early stopping found best, as the file says) or
	// "a:b" (rounds a to b-1). "": all, unless the file says that others were best: then somebody has to choose, because the
	// library's own interfaces do not agree.
	Trees string
	// Undecided takes all rounds where somebody would have to choose: for looking at a model, not for scoring.
	Undecided bool
	// Raw asks for margins only, also of a model whose objective is not known.
	Raw bool
	// Unchecked leaves the golden rows of a bundle unscored, and keeps them for Check.
	Unchecked bool
}

// Engines are the values of Options.Engine. The engines between the first and the last two compile the model: see package
// engine.
var Engines = slices.Concat([]string{"auto"}, engine.Names(), []string{"leaves", "reference"})

// formats tell their bytes from others' and parse them. The forest that a parser gives is
// validated; its steps are not.
var formats = []struct {
	name   string
	detect func([]byte) bool
	parse  func(data []byte, source string) (*forest.Forest, *prep.Graph, error)
}{
	{"LightGBM text", lightgbm.Detect, bare(lightgbm.Parse)},
	{"scikit-learn JSON of glulam export-sklearn", sklearn.Detect, sklearn.Parse},
	{"scikit-learn in a file of skops", sklearn.DetectSkops, sklearn.ParseSkops},
	{"LightGBM dump_model JSON", lightgbm.DetectDump, bare(lightgbm.ParseDump)},
	{"XGBoost JSON and UBJSON", xgboost.Detect, xgboost.Parse},
	{"CatBoost JSON and cbm", catboost.Detect, bare(catboost.Parse)},
	{"ONNX", onnx.Detect, onnx.Parse},
}

// bare is the parser of a format that has nothing before its trees.
func bare(parse func([]byte, string) (*forest.Forest, error)) func([]byte, string) (*forest.Forest, *prep.Graph, error) {
	return func(data []byte, source string) (*forest.Forest, *prep.Graph, error) {
		f, err := parse(data, source)
		return f, nil, err
	}
}

// Load reads the model at path ref: a model file, a glulam bundle or MLflow model as a folder or .tar.gz, or an alias file of
// one of these (see Resolve). A bundle whose golden rows do not come out as expected is refused.
func Load(ctx context.Context, ref string, o Options) (*Model, error) {
	if ref == "" {
		return nil, fault.New(fault.Usage, "", "the path of the model is empty").WithHint("give the path of a model file, a bundle or an MLflow model")
	}
	ref, err := Resolve(ref)
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(ref); err == nil && st.IsDir() {
		b, err := bundle.Open(ctx, ref)
		if err != nil {
			return nil, err
		}
		return FromBundle(ctx, b, o)
	}
	data, err := read(ctx, ref)
	if err != nil {
		return nil, err
	}
	if bundle.Detect(data) {
		b, err := bundle.FromArchive(data, ref)
		if err != nil {
			return nil, err
		}
		return FromBundle(ctx, b, o)
	}
	return Parse(data, ref, o)
}

func read(ctx context.Context, ref string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(ref)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, ref, err).WithHint("give the path of a model file, a bundle or an MLflow model")
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
// is not kept. An archive of a bundle is none: see Load.
func Parse(data []byte, source string, o Options) (*Model, error) {
	return parseModel(data, source, o, nil)
}

// parseModel is Parse. b is the bundle that the file is in; nil: none.
func parseModel(data []byte, source string, o Options, b *bundle.Bundle) (*Model, error) {
	if len(data) == 0 {
		return nil, fault.New(fault.Empty, source, "the model file is empty")
	}
	f, steps, err := parse(data, source)
	if err != nil {
		return nil, err
	}
	if b != nil && b.PreferBest && o.Trees == "" && f.BestRounds > 0 {
		b.Trees, o.Trees = "best", "best"
	}
	sum := sha256.Sum256(data)
	m := &Model{name: modelName(source), source: source, digest: "sha256:" + hex.EncodeToString(sum[:]), forest: f, prep: steps}
	if err := m.complete(o, source); err != nil {
		if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Source == "" {
			fe.Source = source
		}
		return nil, err
	}
	return m, nil
}

// complete makes a model of what a parser gave: trees are chosen, names given, everything is checked, and an engine made.
func (m *Model) complete(o Options, source string) error {
	f := m.forest
	rounds := f.Rounds
	if o.Trees == "" && o.Undecided {
		o.Trees = "all"
	}
	if err := chooseTrees(f, o.Trees, source); err != nil {
		return err
	}
	if f.Link.Kind == forest.LinkUnknown && !o.Raw {
		return fault.New(fault.Unsupported, "", "how the objective %q makes predictions of margins is not known", f.Objective).
			WithHint("--raw gives the margins")
	}
	if f.Rounds != rounds {
		if err := f.Validate(); err != nil {
			return err
		}
	}
	if m.prep != nil {
		if err := m.prep.Validate(len(f.Features)); err != nil {
			return err
		}
	}
	if err := m.setNames(o.Features); err != nil {
		return err
	}
	m.codes = newCodes(m)
	var err error
	m.engine, err = newEngine(f, o.Engine)
	return err
}

// errUndecided is wrapped by the error for a model of which somebody has to choose rounds.
var errUndecided = errors.New("which are to count?")

// chooseTrees cuts a forest, of the file source, to the rounds that Options.Trees asks for.
func chooseTrees(f *forest.Forest, rounds, source string) error {
	switch {
	case rounds == "" && f.BestRounds > 0 && f.BestRounds < f.Rounds:
		return fault.New(fault.Usage, "", "early stopping found %d of the %d rounds best: %w", f.BestRounds, f.Rounds, errUndecided).
			WithHint("--trees best is what XGBClassifier and XGBRegressor predict with, --trees all what Booster.predict does")
	case rounds == "" || rounds == "all":
		return nil
	case rounds == "best":
		if f.BestRounds == 0 {
			return fault.New(fault.Usage, "--trees", "%s does not say which rounds were best", source).WithHint("--trees all, or a:b for rounds a to b-1")
		}
		return f.Keep(0, f.BestRounds)
	}
	from, to, ok := strings.Cut(rounds, ":")
	a, err := strconv.Atoi(cmp.Or(from, "0"))
	b, berr := strconv.Atoi(cmp.Or(to, strconv.Itoa(f.Rounds)))
	if !ok || err != nil || berr != nil || a < 0 || a >= b || b > f.Rounds {
		return fault.New(fault.Usage, "--trees", "%q is none of all, best, or a:b with 0 <= a < b <= %d, for %s", rounds, f.Rounds, source)
	}
	return f.Keep(a, b)
}

func parse(data []byte, source string) (*forest.Forest, *prep.Graph, error) {
	var known []string
	for _, f := range formats {
		if f.detect(data) {
			return f.parse(data, source)
		}
		known = append(known, f.name)
	}
	return nil, nil, unknownFormat(data, source, strings.Join(known, ", "))
}

// placeholder is what LightGBM calls the columns of a matrix.
var placeholder = regexp.MustCompile(`^Column_[0-9]+$`)

// nameless says whether the model's inputs have no names, or placeholders for names.
func (m *Model) nameless() bool {
	for i := range m.inputs() {
		if n := *m.inputName(i); n != "" && !placeholder.MatchString(n) {
			return false
		}
	}
	return true
}

// inputs is how many columns the model takes.
func (m *Model) inputs() int {
	if m.prep != nil {
		return len(m.prep.Inputs)
	}
	return len(m.forest.Features)
}

func (m *Model) inputName(i int) *string {
	if m.prep != nil {
		return &m.prep.Inputs[i].Name
	}
	return &m.forest.Features[i].Name
}

// setNames gives the inputs the names of Options.Features.
func (m *Model) setNames(names []string) error {
	if len(names) == 0 {
		return nil
	}
	if !m.nameless() {
		return fault.New(fault.Usage, "", "the model names its own %d features, so --features must not", m.inputs()).
			WithHint("map a feature to a column of another name with --rename feature=column")
	}
	if len(names) != m.inputs() {
		return fault.New(fault.Usage, "", "--features has %d names, the model %d features", len(names), m.inputs())
	}
	seen := map[string]bool{}
	for i, n := range names {
		if n == "" || seen[n] {
			return fault.New(fault.Usage, "", "--features: name %d (%q) is empty or a repetition", i+1, n)
		}
		seen[n] = true
		*m.inputName(i) = n
	}
	return nil
}

func modelName(source string) string {
	base := strings.TrimSuffix(filepath.Base(source), ".gz")
	if ext := filepath.Ext(base); ext != "" && ext != base {
		base = strings.TrimSuffix(base, ext)
	}
	return base
}

// newEngine makes the engine of that name.
func newEngine(f *forest.Forest, want string) (forest.Evaluator, error) {
	if want == "" || want == "auto" {
		want = os.Getenv("GLULAM_ENGINE")
	}
	switch want {
	case "", "auto":
		if e, err := engine.New(f, engine.Best()); err == nil {
			return e, nil
		}
		return forest.NewReference(f), nil
	case "reference":
		return forest.NewReference(f), nil
	case "leaves":
		return leaves.New(f)
	}
	if !slices.Contains(Engines, want) {
		return nil, fault.New(fault.Usage, "", "no engine is called %q", want).WithHint("engines are %s", strings.Join(Engines, ", "))
	}
	return engine.New(f, want)
}

// Name is what the bundle says, or else the file's name without folder and extension.
func (m *Model) Name() string { return m.name }

// Digest is "sha256:" and the hexadecimal SHA-256 of the model file's bytes, or of a bundle's content (see package bundle).
func (m *Model) Digest() string { return m.digest }

// Engine names the engine that evaluates the model.
func (m *Model) Engine() string { return m.engine.Name() }

// Forest is the ensemble itself. It must not be changed.
func (m *Model) Forest() *forest.Forest { return m.forest }

// Outputs is how many margins a row has.
func (m *Model) Outputs() int { return m.forest.Outputs }

// Prep is what happens to a row before the trees; nil: nothing. It must not be changed.
func (m *Model) Prep() *prep.Graph { return m.prep }

// Predictions is how many predictions a row has: Outputs, but for objectives that predict a class.
func (m *Model) Predictions() int { return m.forest.PredictionWidth() }

// String is the name and the first digits of the digest: "flights (sha256:1a2b3c4d5e6f)".
func (m *Model) String() string { return fmt.Sprintf("%s (%.19s)", m.name, m.digest) }
