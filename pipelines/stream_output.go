package pipelines

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/stream"
)

// cameColumn and headColumn hold messages as they came, and what begins their outputs. No member and no rule is called that.
const (
	cameColumn = "(message)"
	headColumn = "(head)"
)

// output says how predictions are written, but for their columns; nil: as JSON.
func (s *Stream) output() *stream.Output {
	if s.ValuesTo == "" || s.ValuesTo == "json" {
		return nil
	}
	to := stream.Endpoint{URL: s.To}
	o := &stream.Output{Format: s.ValuesTo, Topic: to.Path(), Keep: read(s.Columns, s.Derive)}
	if s.Columns != nil && o.Keep == nil {
		o.Keep = []string{}
	}
	if c, err := stream.CodecOf(stream.Values{Format: s.ValuesTo}); err == nil {
		o.Options = s.options(c.KnowsOutput)
	}
	if c, err := stream.CodecOf(stream.Values{Format: s.Values}); err == nil && c.Whole != nil {
		o.Whole = c.Whole(s.ValuesTo)
	}
	return o
}

// checkOutput reports what is wrong with how predictions are written.
func (s *Stream) checkOutput(v stream.Values) error {
	if v.Output == nil {
		return nil
	}
	if err := v.CheckOutput(); err != nil {
		return err
	}
	if c, err := stream.Find(stream.Endpoint{URL: s.To}); err == nil && (c.Files || c.Blocks) {
		return fault.New(fault.Usage, "", "%s is written to brokers, not to %s", s.ValuesTo, stream.Endpoint{URL: s.To}.Scheme())
	}
	return nil
}

// values say how messages come in and go out.
func (j *StreamJob) values() stream.Values {
	v := j.Spec.values(j.taken)
	if v.Output != nil {
		v.Output.Columns = j.output
	}
	return v
}

// planOutput finds the columns of what is written, where it has a schema, and tells whoever reads it.
func (j *StreamJob) planOutput() error {
	v := j.Spec.values(nil)
	if v.Output == nil {
		return nil
	}
	var fields []arrow.Field
	for _, c := range j.columns {
		if c.Feature || c.Kind == format.RawRow || c.Kind == format.Head {
			continue
		}
		f := arrow.Field{Name: c.Name, Type: arrow.BinaryTypes.String, Nullable: true}
		if c.Kind == format.Number {
			f.Type = arrow.PrimitiveTypes.Float64
		}
		fields = append(fields, f)
	}
	scoring := j.Spec.scoring(j.Model)
	fields = append(fields, scoring.Fields(j.Model)...)
	if err := v.Output.SetFields(fields); err != nil {
		return err
	}
	j.output = v.Output.Columns
	return v.Announce()
}
