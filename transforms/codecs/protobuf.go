package codecs

import (
	"errors"
	"fmt"
	"os"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/protobuf"
	"github.com/glulam/glulam/transforms/stream"
)

func init() {
	stream.RegisterCodec("protobuf", stream.Codec{
		Options: protobufOptions.Names(),
		Check: func(v stream.Values) error {
			_, err := protobufOf(v)
			return err
		},
		NewDecoder: newProtobuf,
	})
}

// protobufConfig is what the options say.
type protobufConfig struct {
	descriptors string // a file
	message     string
	confluent   bool
}

var protobufOptions = stream.Options[protobufConfig]{
	{Name: "descriptor-set", Side: stream.OfBoth, Set: func(c *protobufConfig, v string) error { c.descriptors = v; return nil }},
	{Name: "message", Side: stream.OfBoth, Set: func(c *protobufConfig, v string) error { c.message = v; return nil }},
	{Name: "wire", Side: stream.OfBoth, Set: func(c *protobufConfig, v string) error {
		if c.confluent = v == "confluent"; !c.confluent && v != "raw" {
			return fmt.Errorf("%q is none of raw, confluent", v)
		}
		return nil
	}},
}

// protobufOf takes the options apart. Nothing is read.
func protobufOf(v stream.Values) (c protobufConfig, err error) {
	if err := parse(protobufOptions, v, &c); err != nil {
		return c, err
	}
	if c.descriptors == "" || c.message == "" {
		return c, fault.New(fault.Usage, "", "protobuf needs the type of the messages").WithHint("give --option descriptor-set=FILE and --option message=pkg.Type")
	}
	return c, nil
}

func newProtobuf(v stream.Values, columns []format.Column) (format.Decoder, error) {
	c, err := protobufOf(v)
	if err != nil {
		return nil, err
	}
	o := protobuf.Options{Taken: v.Taken, Message: c.message, Confluent: c.confluent}
	if v.Nulls != nil {
		o.Nulls = *v.Nulls
	}
	if o.Descriptors, err = os.ReadFile(c.descriptors); err != nil {
		return nil, fault.FromOS(fault.Unreadable, c.descriptors, err)
	}
	d, err := protobuf.NewDecoder(o, columns)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) {
		fe.Source = c.descriptors
	}
	return d, err
}
