package jsonl

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format"
)

// Any bytes at all are read as encoding/json reads them, whole and in pieces.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"b":"x","c":{"a":2.5,"b":{"a":[1,{"x":null}]}}}` + "\n" + `{"a":1,"b":"x","c":{"a":2.5}}`,
		"{\"a\": 1.5e3 , \"b\":\"\\u0041\\n\\ud83d\\ude00\"}\r\n\n \n{\"c.a\":1,\"a long name, 0123456789\":-0}",
		`{"a":true,"a":1}` + "\n" + `{"a":12345678901234567890}` + "\n" + `[` + "\n" + `{"b":"é` + "\xff" + `"}`,
		`{"a":1e999}` + "\n" + `{"a":NaN}` + "\n" + `{"a":-Infinity}` + "\n" + `{"a":"NaN","b":NaN}`,
		"\xef\xbb\xbf{}\n",
	} {
		f.Add([]byte(s), byte(5))
	}
	f.Fuzz(func(t *testing.T, data []byte, target byte) {
		for i, p := range plans {
			if err := compare(data, p.format, p.cols, 0); err != nil {
				t.Fatalf("plan %d: %v", i, err)
			}
		}
		if err := compare(data, plans[1].format, plans[1].cols, 1+int64(target)); err != nil {
			t.Fatal(err)
		}
		file := fileOf(t, data)
		l, err := Format{}.Describe(t.Context(), file)
		if err == nil && l.Data > 0 != bytes.HasPrefix(data, bom) {
			t.Fatal("a wrong beginning")
		}
	})
}

// Any texts are written as encoding/json reads them.
func FuzzWrite(f *testing.F) {
	f.Add("name", "text", 1.5, `{"a": 1}`)
	f.Add("\"\\\x00\u2028", "\xff", math.Copysign(0, -1), `{ }`)
	schema := func(names ...string) *arrow.Schema {
		return arrow.NewSchema([]arrow.Field{{Name: names[0], Type: arrow.BinaryTypes.String}, {Name: names[1], Type: arrow.PrimitiveTypes.Float64},
			{Name: "row", Type: arrow.BinaryTypes.Binary, Metadata: arrow.MetadataFrom(map[string]string{format.MetaRawRow: name})}}, nil)
	}
	f.Fuzz(func(t *testing.T, name, text string, v float64, row string) {
		if !json.Valid([]byte(row)) || !strings.HasPrefix(row, "{") || !strings.HasSuffix(row, "}") || strings.Contains(row, "\n") {
			return
		}
		other := name + "'"
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema(name, other))
		b.Field(0).(*array.StringBuilder).Append(text)
		b.Field(1).(*array.Float64Builder).Append(v)
		b.Field(2).(*array.BinaryBuilder).Append([]byte(row))
		rec := b.NewRecordBatch()
		var out bytes.Buffer
		w, err := Format{}.NewWriter(&out, rec.Schema())
		if err == nil {
			err = w.Write(rec)
		}
		if err == nil {
			err = w.Close()
		}
		if valid := utf8.ValidString(name) && utf8.ValidString(text); valid != (err == nil) {
			t.Fatalf("valid %v: %v", valid, err)
		}
		if err != nil {
			return
		}
		ms := members(out.Bytes())
		last := ms[len(ms)-2:]
		var s string
		if err := json.Unmarshal(last[0].raw, &s); err != nil || s != text || last[0].name != name {
			t.Fatalf("%q: %q became %q: %q", name, text, last[0].name, s)
		}
		if got, _ := convert(last[1].raw, format.Number); v == v && v-v == 0 {
			want, _ := convert(appendFloat(v), format.Number)
			if got != want {
				t.Fatalf("%v became %s", v, last[1].raw)
			}
		}
		if !json.Valid(out.Bytes()) || bytes.Count(out.Bytes(), newline) != 1 {
			t.Fatalf("%q is not one line of JSON", out.Bytes())
		}
	})
}

func appendFloat(v float64) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
