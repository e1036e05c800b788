package stream

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
)

// Values say how rows stand in the values of messages. They travel to the workers as JSON.
type Values struct {
	Format  string // "" is json
	Options map[string]string
	// Nulls are the values that mean missing; nil: the format's own.
	Nulls *format.Nulls
	// Taken are members that messages must not have, because the output adds them.
	Taken []string
	// Output says how predictions are written; nil: as JSON.
	Output *Output
}

// Codec makes decoders and encoders of a format of values. What it cannot do is nil.
type Codec struct {
	// Options are the names of the options it knows. What it is given beyond those is an error of Check.
	Options []string
	// Check reports what is wrong with the values' options by themselves.
	Check      func(v Values) error
	NewDecoder func(v Values, columns []format.Column) (format.Decoder, error)

	// OutputOptions are the names of the options of what is written.
	OutputOptions []string
	// Whole says that its decoders give columns of format.Head for outputs of a format.
	Whole func(output string) bool
	// CheckOutput reports what is wrong with Values.Output by itself.
	CheckOutput func(v Values) error
	// Announce prepares for v.Output before a run, once, where it is started: it tells readers of the outputs what they are.
	Announce func(v Values) error
	// NewEncoder makes what writes v.Output. An error with format.ErrAgain in its chain may pass.
	NewEncoder func(v Values, schema *arrow.Schema) (format.Encoder, error)
}

var codecs = struct {
	mu     sync.Mutex
	byName map[string]Codec
}{byName: map[string]Codec{"json": {
	Check: func(v Values) error {
		if len(v.Options) > 0 {
			return fault.New(fault.Usage, "", "JSON values have no options")
		}
		return nil
	},
	NewDecoder: func(v Values, columns []format.Column) (format.Decoder, error) {
		o := jsonl.Options{Taken: v.Taken}
		if v.Nulls != nil {
			o.Nulls = *v.Nulls
		}
		return jsonl.NewDecoder(o, columns)
	},
	NewEncoder: func(_ Values, schema *arrow.Schema) (format.Encoder, error) { return jsonl.NewEncoder(schema) },
}}}

// Knows says whether there is an option of this name.
func (c *Codec) Knows(option string) bool { return slices.Contains(c.Options, option) }

// KnowsOutput says whether there is an option of this name of what is written.
func (c *Codec) KnowsOutput(option string) bool { return slices.Contains(c.OutputOptions, option) }

// RegisterCodec makes a format of values known; it is called from init functions. A second one of the same name panics.
func RegisterCodec(name string, c Codec) {
	codecs.mu.Lock()
	defer codecs.mu.Unlock()
	if _, ok := codecs.byName[name]; ok {
		panic("stream: two codecs " + name)
	}
	codecs.byName[name] = c
}

// CodecOf finds the codec of values.
func CodecOf(v Values) (Codec, error) {
	codecs.mu.Lock()
	defer codecs.mu.Unlock()
	name := v.Format
	if name == "" {
		name = "json"
	}
	c, ok := codecs.byName[name]
	if !ok {
		return c, fault.New(fault.Usage, "", "%q is no format of messages", v.Format).
			WithHint("there are %s", strings.Join(slices.Sorted(maps.Keys(codecs.byName)), ", "))
	}
	return c, nil
}

func (v Values) decoder(columns []format.Column) (format.Decoder, error) {
	c, err := CodecOf(v)
	if err != nil {
		return nil, err
	}
	if c.NewDecoder == nil {
		return nil, fault.New(fault.Usage, "", "%s is not read", v.Format)
	}
	return c.NewDecoder(v, columns)
}
