package codecs

import (
	"errors"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/avro"
	"github.com/glulam/glulam/transforms/stream"
)

// Avro is the name of the format.
const Avro = avro.Name

func init() {
	stream.RegisterCodec(Avro, stream.Codec{
		Options: avroOptions.Names(),
		Check: func(v stream.Values) error {
			_, err := avroOf(v)
			return err
		},
		NewDecoder:    newAvro,
		OutputOptions: avroOutputOptions.Names(),
		Whole:         func(output string) bool { return output == Avro },
		CheckOutput: func(v stream.Values) error {
			_, err := outputOf(v)
			return err
		},
		Announce:   announce,
		NewEncoder: newAvroEncoder,
	})
}

// avroConfig is what the options say.
type avroConfig struct {
	schema   string // a file
	registry registryConfig
}

var avroOptions = append(stream.Options[avroConfig]{
	{Name: "avro-schema", Side: stream.OfBoth, Set: func(c *avroConfig, v string) error {
		if c.schema = v; v == "" {
			return errors.New("a file is needed")
		}
		return nil
	}},
}, registryOptions...)

// avroOf takes the options apart. Nothing is read.
func avroOf(v stream.Values) (c avroConfig, err error) {
	if err := parse(avroOptions, v, &c); err != nil {
		return c, err
	}
	switch r := &c.registry; {
	case c.schema == "" && len(r.urls) == 0:
		return c, fault.New(fault.Usage, "", "Avro needs schemas").
			WithHint("give --option schema.registry.url=http://HOST:8081, or --option avro-schema=FILE for messages without a schema's id")
	case c.schema != "" && v.Output != nil && v.Output.Format == Avro: // a registry is that of the outputs
		return c, c.registry.check()
	case c.schema != "" && v.Options["schema.registry.url"] != "":
		return c, fault.New(fault.Usage, "", "avro-schema is for messages without a schema's id, so that there is nothing to ask a schema registry")
	case c.schema != "" && len(v.Options) > 1:
		return c, fault.New(fault.Usage, "", "there is no schema registry that the other options could be of").WithHint("give either avro-schema or schema.registry.url")
	}
	return c, c.registry.check()
}

func newAvro(v stream.Values, columns []format.Column) (format.Decoder, error) {
	c, err := avroOf(v)
	if err != nil {
		return nil, err
	}
	o := avro.Options{Taken: v.Taken}
	if v.Nulls != nil {
		o.Nulls = *v.Nulls
	}
	if v.Output != nil && v.Output.Whole {
		if o.Output, err = beginning(v); err != nil {
			return nil, err
		}
	}
	if c.schema == "" {
		if o.Resolver, err = newRegistry(&c.registry); err != nil {
			return nil, err
		}
		return avro.NewDecoder(o, columns)
	}
	if o.Schema, err = schemaOf(v); err != nil {
		return nil, err
	}
	d, err := avro.NewDecoder(o, columns)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) {
		fe.Source = c.schema
	}
	return d, err
}

// beginning says what decoders begin outputs with.
func beginning(v stream.Values) (*avro.Output, error) {
	c, err := outputOf(v)
	if err != nil {
		return nil, err
	}
	o, err := c.record(v)
	if err != nil {
		return nil, err
	}
	o.Registrar, err = c.registrarOf()
	return &o, err
}

// parse takes the options of values apart into c. One that is not known is an error.
func parse[C any](options stream.Options[C], v stream.Values, c *C) error {
	known := stream.Codec{Options: options.Names()}
	errs := options.Apply(stream.Endpoint{}, stream.OfBoth, v.Options, c)
	for i, err := range errs {
		if fe := (*fault.Error)(nil); errors.As(err, &fe) { // the field is for keys of a spec
			errs[i] = fault.New(fe.Code, "", "%s: %w", fe.Field, fe.Err)
		}
	}
	for name := range v.Options {
		if !known.Knows(name) {
			errs = append(errs, fault.New(fault.Usage, "", "%s values have no option %q", v.Format, name))
		}
	}
	return errors.Join(errs...)
}
