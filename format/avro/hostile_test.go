package avro

import (
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/twmb/avro"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/jsonl"
)

// all asks for a, its member b, and the whole message.
var all = []format.Column{{Name: "a"}, {Name: "t", Path: "a", Kind: format.Text}, {Name: "b", Path: "a.b", Kind: format.Text}, {Name: "r", Path: "a", Kind: format.Raw}, {Name: "m", Kind: format.RawRow}}

func varints(vs ...int64) (b []byte) {
	for _, v := range vs {
		b = binary.AppendVarint(b, v)
	}
	return b
}

// TestHostile: what does not fit its schema, or would be more than any message, is a letter, whatever is asked for.
func TestHostile(t *testing.T) {
	self := `{"type":"record","name":"S","fields":[{"name":"next","type":["null","S"]}]}`
	endless := `{"type":"record","name":"L","fields":[{"name":"next","type":"L"}]}`
	types := `"null"` // 2^28 records of no bytes at all
	for range 30 {
		types = nest(types)
	}
	huge := varints(math.MaxInt64)
	for name, x := range map[string]struct {
		typ   string
		datum []byte
		code  fault.Code
	}{
		"empty":                  {`"int"`, []byte{}, fault.BadMessage},
		"truncated varint":       {`"int"`, []byte{0x80}, fault.BadMessage},
		"long varint":            {`"long"`, []byte(strings.Repeat("\xff", 12)), fault.BadMessage},
		"int of 33 bits":         {`"int"`, varints(math.MaxInt32 + 1), fault.BadMessage},
		"trailing byte":          {`"int"`, []byte{2, 0}, fault.BadMessage},
		"half a double":          {`"double"`, []byte{1, 2, 3, 4}, fault.BadMessage},
		"half a float":           {`"float"`, []byte{1, 2, 3}, fault.BadMessage},
		"boolean 2":              {`"boolean"`, []byte{2}, fault.BadMessage},
		"no boolean":             {`"boolean"`, []byte{}, fault.BadMessage},
		"huge string":            {`"string"`, huge, fault.BadMessage},
		"negative string":        {`"string"`, varints(-1), fault.BadMessage},
		"string beyond the end":  {`"string"`, append(varints(4), "abc"...), fault.BadMessage},
		"string not UTF-8":       {`"string"`, append(varints(1), 0xff), fault.BadText},
		"huge fixed":             {`{"type":"fixed","name":"F","size":2000000000}`, []byte("abc"), fault.BadMessage},
		"enum out of range":      {`{"type":"enum","name":"E","symbols":["A"]}`, varints(1), fault.BadMessage},
		"negative enum":          {`{"type":"enum","name":"E","symbols":["A"]}`, varints(-1), fault.BadMessage},
		"branch out of range":    {`["null","int"]`, varints(2), fault.BadMessage},
		"negative branch":        {`["null","int"]`, varints(-1), fault.BadMessage},
		"endless nulls":          {`{"type":"array","items":"null"}`, huge, fault.RowTooLarge},
		"huge block":             {`{"type":"array","items":"long"}`, huge, fault.BadMessage},
		"least block":            {`{"type":"array","items":"null"}`, varints(math.MinInt64, 0, 0), fault.BadMessage},
		"block of another size":  {`{"type":"array","items":"int"}`, varints(-1, 5, 7, 0), fault.BadMessage},
		"block of negative size": {`{"type":"array","items":"int"}`, varints(-1, -1, 7, 0), fault.BadMessage},
		"array without an end":   {`{"type":"array","items":"int"}`, varints(1, 7), fault.BadMessage},
		"map without a value":    {`{"type":"map","values":"int"}`, append(varints(1, 1), 'b'), fault.BadMessage},
		"member twice":           {`{"type":"map","values":"int"}`, append(append(varints(2, 1), 'b', 2, 2, 'b', 2), 0), fault.DuplicateName},
		"too deep":               {self, []byte(strings.Repeat("\x02", 100) + "\x00"), fault.BadMessage},
		"endless record":         {endless, []byte{}, fault.BadMessage},
		"records of nothing":     {types, []byte{}, fault.RowTooLarge},
		"decimal of no bytes":    {`{"type":"bytes","logicalType":"decimal","precision":4}`, varints(0), fault.BadMessage},
		"decimal of many digits": {`{"type":"bytes","logicalType":"decimal","precision":4}`, append(varints(2), 0x27, 0x10), fault.BadMessage},
		"decimal of many bytes":  {`{"type":"bytes","logicalType":"decimal","precision":4}`, append(varints(1000), strings.Repeat("\x01", 1000)...), fault.BadMessage},
	} {
		schema := oneField(x.typ)
		for i := range all {
			if name == "string not UTF-8" && all[i].Kind == format.Number || all[i].Path == "a.b" != (name == "member twice") || name == "member twice" && i != 2 {
				continue
			}
			d, err := NewDecoder(Options{Resolver: &resolver{asked: map[uint32]int{}, schemas: map[uint32]Schema{1: *schema}}}, all[i:i+1])
			if err != nil {
				t.Fatal(name, err)
			}
			b, err := d.Decode([][]byte{append([]byte{0, 0, 0, 0, 1}, x.datum...)})
			if err != nil || len(b.Rejected) != 1 || b.Rejected[0].Code != x.code {
				t.Errorf("%s, %s: %v %+v", name, all[i].Name, err, b.Rejected)
			}
		}
	}
}

// nest makes a record of two fields of a type that is defined in the first of them.
func nest(typ string) string {
	if typ == `"null"` {
		return `{"type":"record","name":"N0","fields":[]}`
	}
	name := strings.Split(typ, `"`)[7]
	return `{"type":"record","name":"` + name + `1","fields":[{"name":"x","type":` + typ + `},{"name":"y","type":"` + name + `"}]}`
}

// TestAmplification: little messages that are much JSON take bounded memory.
func TestAmplification(t *testing.T) {
	symbol := strings.Repeat("A", 5000)
	schema := oneField(`{"type":"array","items":{"type":"enum","name":"E","symbols":["` + symbol + `"]}}`)
	datum := append(varints(100_000), make([]byte, 100_001)...)
	d, err := NewDecoder(Options{Schema: schema}, []format.Column{{Name: "m", Kind: format.RawRow}})
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]byte, 100)
	for i := range values {
		values[i] = datum
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b, err := d.Decode(values)
	runtime.ReadMemStats(&after)
	if err != nil || len(b.Rejected) != len(values) || b.Rejected[0].Code != fault.RowTooLarge {
		t.Fatal(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 {
		t.Errorf("%d MiB were allocated", took>>20)
	}
}

// TestTooLarge: a message over the limit is a letter that holds its beginning.
func TestTooLarge(t *testing.T) {
	d, err := NewDecoder(Options{Schema: oneField(`"bytes"`)}, []format.Column{{Name: "a", Kind: format.Text}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Decode([][]byte{make([]byte, format.MaxRow+1), varints(0)})
	if err != nil || len(b.Rejected) != 1 || b.Rejected[0].Code != fault.RowTooLarge || len(b.Rejected[0].Raw) != 4096 || b.Record.NumRows() != 1 {
		t.Error(err, len(b.Rejected))
	}
}

const fuzzed = `{"type":"record","name":"R","namespace":"n","fields":[
	{"name":"i","type":["null","int"]},{"name":"l","type":["long","null"]},{"name":"f","type":"float"},{"name":"d","type":["null","double"]},
	{"name":"s","type":["null","string"]},{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"o","type":"boolean"},
	{"name":"b","type":["null","bytes",{"type":"fixed","name":"F","size":3}]},
	{"name":"n","type":["null",{"type":"record","name":"N","fields":[{"name":"x","type":["null","double","string"]},{"name":"n","type":["null","N"]}]}]},
	{"name":"p","type":{"type":"map","values":["null","long",{"type":"array","items":["null","N"]}]}},
	{"name":"dec","type":["null",{"type":"bytes","logicalType":"decimal","precision":20,"scale":3}]},
	{"name":"t","type":["null",{"type":"long","logicalType":"timestamp-micros"}]}]}`

var fuzzColumns = []format.Column{{Name: "i"}, {Name: "l"}, {Name: "f"}, {Name: "d"}, {Name: "o"}, {Name: "dec"}, {Name: "t"}, {Name: "s", Kind: format.Text}, {Name: "e", Kind: format.Text},
	{Name: "x", Path: "n.n.x", Kind: format.Text}, {Name: "pl", Path: "p.l"}, {Name: "rb", Path: "b", Kind: format.Raw}, {Name: "rn", Path: "n", Kind: format.Raw}, {Name: "rp", Path: "p", Kind: format.Raw}}

// FuzzDecode: what is accepted the library reads to the last byte, too, and the JSON that it is gives the same columns, bit for
// bit.
func FuzzDecode(f *testing.F) {
	library := avro.MustParse(fuzzed)
	row := map[string]any{"i": int32(-5), "l": int64(1) << 60, "f": float32(1.5), "d": 0.1, "s": "text", "e": "B", "o": true, "b": []byte("xy"), "n": map[string]any{"x": 2.5, "n": map[string]any{"x": "deep", "n": nil}},
		"p": map[string]any{"l": int64(3), "k": []any{nil, map[string]any{"x": nil, "n": nil}}}, "dec": "12.345", "t": int64(1380600000123456)}
	for _, change := range []map[string]any{{}, {"i": nil, "l": nil, "d": nil, "s": nil, "b": nil, "n": nil, "dec": nil, "t": nil}, {"p": map[string]any{}}} {
		for k, v := range change {
			row[k] = v
		}
		v, err := library.Encode(row)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(v)
	}
	schema := Schema{Text: fuzzed}
	with, err := NewDecoder(Options{Schema: &schema}, append(fuzzColumns[:len(fuzzColumns):len(fuzzColumns)], format.Column{Name: "m", Kind: format.RawRow}))
	if err != nil {
		f.Fatal(err)
	}
	text, _ := jsonl.NewDecoder(jsonl.Options{}, fuzzColumns)
	f.Fuzz(func(t *testing.T, v []byte) {
		if v == nil {
			v = []byte{}
		}
		b, err := with.Decode([][]byte{v})
		if err != nil || int(b.Record.NumRows())+len(b.Rejected) != 1 {
			t.Fatal(err)
		}
		var any any
		rest, lerr := library.Decode(v, &any)
		if len(b.Rejected) == 1 {
			switch l := b.Rejected[0]; l.Code {
			case fault.BadMessage, fault.BadText, fault.RowTooLarge, fault.DuplicateName, fault.WrongType:
			default:
				t.Fatalf("%+v", l)
			}
			return
		}
		if lerr != nil || len(rest) > 0 {
			t.Fatalf("the library: %d bytes left, %v", len(rest), lerr)
		}
		json := b.Record.Column(len(fuzzColumns)).(*array.Binary).Value(0)
		again, err := text.Decode([][]byte{json})
		if err != nil || len(again.Rejected) > 0 {
			t.Fatal(err, again.Rejected)
		}
		same(t, array.NewRecordBatch(again.Record.Schema(), b.Record.Columns()[:len(fuzzColumns)], 1), again.Record)
	})
}

// FuzzSchema: any text is a schema or refused, and any message of it is a row or refused.
func FuzzSchema(f *testing.F) {
	f.Add(fuzzed, []byte{0, 0, 0, 0})
	f.Add(`{"type":"record","name":"a.b","fields":[{"name":"a","type":{"type":"fixed","name":"c","size":1}},{"name":"b","type":["c","a.b","null"]}]}`, []byte{1, 2, 1, 4})
	f.Add(`{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":3,"scale":3}}]}`, []byte{2, 5})
	f.Fuzz(func(t *testing.T, text string, v []byte) {
		d, err := NewDecoder(Options{Resolver: &resolver{asked: map[uint32]int{}, schemas: map[uint32]Schema{1: {Text: text}}}}, all)
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Decode([][]byte{append([]byte{0, 0, 0, 0, 1}, v...)})
		if err != nil || int(b.Record.NumRows())+len(b.Rejected) != 1 {
			t.Fatal(err)
		}
	})
}
