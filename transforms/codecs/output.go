package codecs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	twmb "github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/avro"
	"github.com/glulam/glulam/transforms/stream"
)

// avroOutput is what the options of outputs say.
type avroOutput struct {
	avroConfig
	file    string // that the schema is written to; "": messages have its id
	name    string
	subject string
	keep    bool // schemas are not registered
}

var avroOutputOptions = append(stream.Options[avroOutput]{
	{Name: "avro-schema-out", Side: stream.OfBoth, Set: func(c *avroOutput, v string) error {
		if c.file = v; v == "" {
			return errors.New("a file is needed")
		}
		return nil
	}},
	{Name: "avro-name", Side: stream.OfBoth, Set: func(c *avroOutput, v string) error {
		if c.name = v; !avro.IsName(v) {
			return fmt.Errorf("%q is no name of a record, such as flights.Scored", v)
		}
		return nil
	}},
	{Name: "schema.registry.subject", Side: stream.OfBoth, Set: func(c *avroOutput, v string) error {
		if c.subject = v; v == "" {
			return errors.New("a subject is needed")
		}
		return nil
	}},
	{Name: "auto.register.schemas", Side: stream.OfBoth, Set: func(c *avroOutput, v string) error {
		if c.keep = v == "false"; !c.keep && v != "true" {
			return fmt.Errorf("%q is none of true, false", v)
		}
		return nil
	}},
}, ofOutputs(registryOptions)...)

// ofOutputs gives options of the registry as those of outputs.
func ofOutputs(options []stream.Option[avroConfig]) (out []stream.Option[avroOutput]) {
	for _, o := range options {
		out = append(out, stream.Option[avroOutput]{Name: o.Name, Side: o.Side, Set: func(c *avroOutput, v string) error { return o.Set(&c.avroConfig, v) }})
	}
	return out
}

// outputOf takes the options of outputs apart. Nothing is read.
func outputOf(v stream.Values) (c avroOutput, err error) {
	usage := func(format string, args ...any) *fault.Error { return fault.New(fault.Usage, "", format, args...) }
	if err := parse(avroOutputOptions, stream.Values{Format: v.Output.Format, Options: v.Output.Options}, &c); err != nil {
		return c, err
	}
	if c.subject == "" {
		c.subject = v.Output.Topic + "-value"
	}
	given := func(names ...string) string {
		for _, name := range names {
			if _, ok := v.Output.Options[name]; ok {
				return name
			}
		}
		return ""
	}
	registered := len(c.registry.urls) > 0
	switch {
	case !v.Output.Whole && v.Output.Keep == nil && v.Format != Avro:
		return c, usage("messages in %s have no schema that says which members there are", formatOf(v)).WithHint("name those to keep with --columns; --columns= keeps none")
	case !registered && c.file == "":
		return c, usage("outputs in Avro need a place for their schema").
			WithHint("give --option schema.registry.url=http://HOST:8081, or --option avro-schema-out=FILE for messages without a schema's id")
	case registered && c.file != "":
		return c, usage("with avro-schema-out messages have no schema's id, so that there is nothing to tell a schema registry").WithHint("give either avro-schema-out or schema.registry.url")
	case !registered && given("schema.registry.subject", "auto.register.schemas") != "":
		return c, usage("there is no schema registry that %s could be of", given("schema.registry.subject", "auto.register.schemas"))
	}
	return c, c.registry.check()
}

// formatOf is the name of the format that messages come in.
func formatOf(v stream.Values) string {
	if v.Format == "" {
		return "json"
	}
	return v.Format
}

// record says what is written. Registrar is not set.
func (c *avroOutput) record(v stream.Values) (o avro.Output, err error) {
	o.Name = c.name
	if v.Output.Whole {
		o.Keep = v.Output.Keep
	}
	o.Fields, err = v.Output.Fields()
	return o, err
}

// announce writes the schema of bare data to its file, and finds out before the run what cannot be in one.
func announce(v stream.Values) error {
	c, err := outputOf(v)
	if err != nil {
		return err
	}
	o, err := c.record(v)
	if err != nil {
		return err
	}
	if err := o.Check(); err != nil {
		return err
	}
	in, err := schemaOf(v)
	if err != nil || c.file == "" && in == nil && v.Output.Whole {
		return err
	}
	text, err := o.Schema(in)
	if fe := (*fault.Error)(nil); in != nil && errors.As(err, &fe) {
		fe.Source = v.Options["avro-schema"]
	}
	if err != nil || c.file == "" {
		return err
	}
	return writeSchema(c.file, text)
}

// schemaOf reads the schema of messages that are bare data; nil: they have ids, or are in another format.
func schemaOf(v stream.Values) (*avro.Schema, error) {
	if v.Format != Avro {
		return nil, nil
	}
	c, err := avroOf(v)
	if err != nil || c.schema == "" {
		return nil, err
	}
	text, err := os.ReadFile(c.schema)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, c.schema, err)
	}
	return &avro.Schema{Text: string(text)}, nil
}

// writeSchema writes a schema to a file. One that is there stays if it is the same, and is an error otherwise: what it describes
// could not be told from what comes now.
func writeSchema(path, text string) error {
	old, err := os.ReadFile(path)
	switch {
	case err == nil && strings.TrimSpace(string(old)) == text:
		return nil
	case err == nil && len(old) > 0:
		return fault.New(fault.Conflict, path, "another schema is there, which earlier outputs may have: without a schema's id nobody can tell them from those of this run").
			WithHint("write to another topic and another file, or remove the file if nothing was written by it")
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fault.FromOS(fault.Unwritable, path, err)
	}
	_, err = f.WriteString(text + "\n")
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fault.FromOS(fault.Unwritable, path, err)
	}
	return nil
}

// registrarOf is the registry of outputs; nil: they are bare data.
func (c *avroOutput) registrarOf() (avro.Registrar, error) {
	if len(c.registry.urls) == 0 {
		return nil, nil
	}
	r, err := newRegistry(&c.registry)
	if err != nil {
		return nil, err
	}
	return &registrar{registry: r, subject: c.subject, keep: c.keep, known: map[[sha256.Size]byte]uint32{}}, nil
}

func newAvroEncoder(v stream.Values, schema *arrow.Schema) (format.Encoder, error) {
	c, err := outputOf(v)
	if err != nil {
		return nil, err
	}
	o, err := c.record(v)
	if err != nil {
		return nil, err
	}
	if !v.Output.Whole { // else the decoder has seen to it
		if o.Registrar, err = c.registrarOf(); err != nil {
			return nil, err
		}
	}
	return avro.NewEncoder(o, schema)
}

// maxKnown is how many ids of outputs' schemas are kept.
const maxKnown = 10_000

// registrar is an avro.Registrar. Safe for concurrent use.
type registrar struct {
	*registry
	subject string
	keep    bool // schemas are not registered

	mu    sync.Mutex
	known map[[sha256.Size]byte]uint32
}

// Register implements avro.Registrar.
func (r *registrar) Register(schema string) (uint32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := sha256.Sum256([]byte(schema))
	if id, ok := r.known[key]; ok {
		return id, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*askFor)
	defer cancel()
	id, err := 0, error(nil)
	if r.keep {
		id, err = r.find(ctx, schema)
	} else if id, err = r.client.RegisterSchema(ctx, r.subject, sr.Schema{Schema: schema}, -1, -1); err != nil {
		err = r.refused(err)
	}
	switch {
	case err != nil:
		return 0, err
	case id <= 0:
		return 0, r.stranger(errors.New("the answer has no id"))
	}
	if len(r.known) == maxKnown {
		clear(r.known)
	}
	r.known[key] = uint32(id)
	return uint32(id), nil
}

// refused explains why a schema was not registered.
func (r *registrar) refused(err error) error {
	doing := "registering the outputs' schema under " + fault.Quote(r.subject)
	res := (*sr.ResponseError)(nil)
	if !errors.As(err, &res) {
		return r.explain(doing, err)
	}
	say := func() *fault.Error { return fault.New(fault.Unwritable, r.name, "%s: %.500w", doing, err) }
	switch {
	case res.StatusCode == http.StatusConflict:
		return say().WithHint("readers of the subject's earlier schemas could not read the outputs: give another --option schema.registry.subject, or set the subject's compatibility in the registry")
	case res.StatusCode == http.StatusForbidden:
		return say().WithHint("the user needs the permission to write to the subject; auto.register.schemas=false registers nothing")
	case res.StatusCode == http.StatusUnprocessableEntity:
		return say().WithHint("the registry takes no such schema; auto.register.schemas=false registers nothing")
	}
	return r.lacks(doing, err)
}

// lacks makes an error that is about the outputs of one that would be about a message.
func (r *registrar) lacks(doing string, err error) error {
	err = r.explain(doing, err)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Code == fault.BadSchema {
		fe.Code = fault.Unwritable
	}
	return err
}

// find gives the id under which somebody else has registered a schema: the same, or the latest of the subject if it has the same
// fields of the same types, whatever else it says.
func (r *registrar) find(ctx context.Context, schema string) (int, error) {
	same, err := r.client.LookupSchema(ctx, r.subject, sr.Schema{Schema: schema})
	if err == nil {
		return same.ID, nil
	}
	if res := (*sr.ResponseError)(nil); !errors.As(err, &res) || res.ErrorCode != sr.ErrSchemaNotFound.Code {
		return 0, r.missing(err)
	}
	latest, err := r.client.SchemaByVersion(ctx, r.subject, -1)
	if err != nil {
		return 0, r.missing(err)
	}
	if err := r.isAvro(latest.Schema, uint32(latest.ID)); err != nil {
		return 0, fault.New(fault.Unwritable, r.name, "the latest schema of %s: %w", fault.Quote(r.subject), err)
	}
	f := finder{registry: r.registry, ctx: ctx, id: uint32(latest.ID), seen: map[string]bool{}}
	if err := f.find(latest.References); err != nil {
		return 0, r.lacks("asking for what the latest schema of "+fault.Quote(r.subject)+" refers to", err)
	}
	if !alike(schema, f.found, latest.Schema.Schema) {
		return 0, fault.New(fault.Unwritable, r.name, "the subject %s has no schema that the outputs have: neither the same, nor is the latest one, version %d, of the same fields", fault.Quote(r.subject), latest.Version).
			WithHint("register this, or leave out auto.register.schemas=false: %s", schema)
	}
	return latest.ID, nil
}

// missing explains why a schema is not found.
func (r *registrar) missing(err error) error {
	err = r.lacks("asking for the outputs' schema under "+fault.Quote(r.subject), err)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) && fe.Code == fault.Unwritable {
		return fe.WithHint("auto.register.schemas=false says that somebody has registered it")
	}
	return err
}

// alike says whether data of one schema is data of another: they are the same but for the name of the record, and what canonical
// form leaves out.
func alike(ours string, references []string, theirs string) bool {
	var cache twmb.SchemaCache
	for _, r := range references {
		if _, err := cache.Parse(r); err != nil {
			return false
		}
	}
	b, err := cache.Parse(theirs)
	if err != nil {
		return false
	}
	a, err := twmb.Parse(ours)
	if err != nil {
		return false
	}
	root, other := a.Root(), b.Root()
	root.Name, root.Namespace = other.Name, other.Namespace
	if a, err = root.Schema(); err != nil {
		return false
	}
	if b, err = other.Schema(); err != nil { // what it refers to is in it, as in ours
		return false
	}
	return string(a.Canonical()) == string(b.Canonical())
}
