package codecs

import (
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/stream"
)

var predicted = []arrow.Field{{Name: "prediction", Type: arrow.PrimitiveTypes.Float64}}

// outputs are values that go out in Avro.
func outputs(t *testing.T, in string, options, out map[string]string, keep []string, fields []arrow.Field) stream.Values {
	t.Helper()
	v := stream.Values{Format: in, Options: options, Output: &stream.Output{Format: "avro", Options: out, Topic: "scored", Keep: keep, Whole: in == "avro"}}
	if err := v.Output.SetFields(fields); err != nil {
		t.Fatal(err)
	}
	return v
}

// rowOf is a row of a number.
func rowOf(fields []arrow.Field) arrow.RecordBatch {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.Append(0.25)
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), []arrow.Array{b.NewArray()}, 1)
}

// TestOutputsOfARegistry: schemas of outputs are registered under the topic's subject, once each, with what the messages' schema
// refers to in them.
func TestOutputsOfARegistry(t *testing.T) {
	r := seeded(t)
	posts := 0
	r.Intercept(func(_ http.ResponseWriter, req *http.Request) bool {
		if req.Method == http.MethodPost {
			posts++
		}
		return false
	})
	options := map[string]string{"schema.registry.url": r.URL()}
	v := outputs(t, "avro", options, options, nil, predicted)
	c, err := stream.CodecOf(v)
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.NewDecoder(v, []format.Column{{Name: "(head)", Kind: format.Head}})
	if err != nil {
		t.Fatal(err)
	}
	datum := tripOf(t, 1, "LGA", "ORD")
	for range 2 {
		b, err := d.Decode([][]byte{withID(3, datum), withID(3, datum)})
		if err != nil || len(b.Rejected) > 0 {
			t.Fatal(err, b.Rejected)
		}
		head := b.Record.Column(0).(*array.Binary).Value(1)
		got, ok := r.GetSchema("scored-value", 1)
		if !ok || head[0] != 0 || int(binary.BigEndian.Uint32(head[1:])) != got.ID || string(head[5:]) != string(datum) {
			t.Fatalf("%x %v", head, got)
		}
		var row map[string]any
		if _, err := avro.MustParse(got.Schema.Schema).Decode(append(append([]byte{}, head[5:]...), 0, 0, 0, 0, 0, 0, 0xd0, 0x3f), &row); err != nil || row["prediction"] != 0.25 || len(got.References) > 0 {
			t.Errorf("%v %v", row, err)
		}
	}
	if posts != 1 {
		t.Errorf("%d posts", posts)
	}
}

// TestOutputsWithoutRegistering: the id is that of the same schema, or of the latest if that has the same fields.
func TestOutputsWithoutRegistering(t *testing.T) {
	r := srfake.New()
	defer r.Close()
	v := outputs(t, "json", nil, map[string]string{"schema.registry.url": r.URL(), "auto.register.schemas": "false", "schema.registry.subject": "s"}, []string{}, predicted)
	encode := func() (uint32, error) {
		e, err := newAvroEncoder(v, arrow.NewSchema(predicted, nil))
		if err != nil {
			return 0, err
		}
		b, err := e.Append(nil, rowOf(predicted), 0)
		if err != nil || len(b) != 13 {
			t.Fatalf("%x %v", b, err)
		}
		return binary.BigEndian.Uint32(b[1:]), nil
	}
	if _, err := encode(); fault.CodeOf(err) != fault.Unwritable || !strings.Contains(err.Error(), "somebody has registered") && !strings.Contains(err.Error(), "ubject") {
		t.Error(err)
	}
	r.SeedSchema("s", 1, 7, sr.Schema{Schema: `{"type":"record","name":"Prediction","namespace":"mine","doc":"by hand","fields":[{"name":"prediction","type":"double","default":0}]}`})
	if id, err := encode(); err != nil || id != 7 {
		t.Error(id, err)
	}
	r.SeedSchema("s", 2, 8, sr.Schema{Schema: `{"type":"record","name":"Prediction","fields":[{"name":"prediction","type":"float"}]}`})
	_, err := encode()
	if fe := (*fault.Error)(nil); !errors.As(err, &fe) || fe.Code != fault.Unwritable || !strings.Contains(fe.Hint, `{"fields":[{"name":"prediction","type":"double"}],"name":"Scored","type":"record"}`) {
		t.Error(err)
	}
	r.SeedSchema("s", 3, 9, sr.Schema{Schema: `{"fields":[{"name":"prediction","type":"double"}],"name":"Scored","type":"record"}`})
	r.SeedSchema("s", 4, 10, sr.Schema{Schema: `"long"`})
	if id, err := encode(); err != nil || id != 9 {
		t.Error(id, err)
	}
}

// TestRegisteringFails: what may pass is tried again, what does not ends the run with a hint. No message is rejected.
func TestRegisteringFails(t *testing.T) {
	for name, x := range map[string]struct {
		status      int
		body        string
		again, stop string
	}{
		"incompatible": {409, `{"error_code":409,"message":"Schema being registered is incompatible"}`, "", "compatibility"},
		"busy":         {429, `{"error_code":42901,"message":"slow down"}`, "slow down", ""},
		"broken":       {500, `{"error_code":50001,"message":"no store"}`, "no store", ""},
		"login":        {401, `{"error_code":401,"message":"Unauthorized"}`, "", "refuses the login"},
		"permission":   {403, `{"error_code":40301,"message":"denied"}`, "", "permission to write"},
		"read only":    {422, `{"error_code":42205,"message":"Subject is in read-only mode"}`, "", "read-only"},
		"other page":   {404, `<html>`, "", "no schema registry answers there"},
		"no id":        {200, `{}`, "", "no id"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path != "/schemas/types" {
					w.WriteHeader(x.status)
				}
				io.WriteString(w, x.body)
			}))
			defer s.Close()
			v := outputs(t, "", nil, map[string]string{"schema.registry.url": s.URL}, []string{}, predicted)
			_, err := newAvroEncoder(v, arrow.NewSchema(predicted, nil))
			fe := (*fault.Error)(nil)
			if !errors.As(err, &fe) || fe.Code == fault.BadSchema || errors.Is(err, format.ErrAgain) != (x.again != "") || !strings.Contains(fe.Error()+fe.Hint, x.again+x.stop) {
				t.Error(err)
			}
		})
	}
}

// TestSchemaOut: the schema of bare data is in a file before the run begins; another one there is left.
func TestSchemaOut(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.avsc"), filepath.Join(dir, "out.avsc")
	os.WriteFile(in, []byte(`{"type":"record","name":"R","fields":[{"name":"value","type":"int"}]}`), 0o666)
	v := outputs(t, "avro", map[string]string{"avro-schema": in}, map[string]string{"avro-schema-out": out, "avro-name": "a.B"}, []string{"value"}, predicted)
	for range 2 {
		if err := v.Announce(); err != nil {
			t.Fatal(err)
		}
	}
	text, _ := os.ReadFile(out)
	if want := `{"fields":[{"name":"value","type":"int"},{"name":"prediction","type":"double"}],"name":"a.B","type":"record"}` + "\n"; string(text) != want {
		t.Errorf("%s", text)
	}
	v.Output.Keep = nil
	v.Output.Options["avro-name"] = "a.C"
	if err := v.Announce(); fault.CodeOf(err) != fault.Conflict {
		t.Error(err)
	}
	if again, _ := os.ReadFile(out); string(again) != string(text) {
		t.Errorf("%s", again)
	}
	v.Output.Keep, v.Output.Options["avro-schema-out"] = []string{"none"}, filepath.Join(dir, "other")
	if err := v.Announce(); fault.CodeOf(err) != fault.Schema || !strings.Contains(err.Error(), "no field none") {
		t.Error(err)
	}
	v.Output.Keep, v.Output.Options["avro-schema-out"] = nil, filepath.Join(dir, "none", "x")
	if err := v.Announce(); err == nil {
		t.Error("a folder that there is not")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("%v", left)
	}
}

// TestOutputOptions: what contradicts itself is said before anything is read.
func TestOutputOptions(t *testing.T) {
	const url = "schema.registry.url=http://h"
	for _, x := range []struct {
		values, in, out string
		keep            []string
		want            string
	}{
		{"avro", url, url, nil, ""},
		{"avro", "avro-schema=f", "avro-schema-out=g", nil, ""},
		{"avro", "avro-schema=f " + url, url, nil, ""},
		{"", "", url, []string{"a"}, ""},
		{"json", "", "avro-schema-out=g", []string{}, ""},
		{"protobuf", "", url + " auto.register.schemas=true schema.registry.subject=s avro-name=a.B", []string{}, ""},
		{"", "", url, nil, "messages in json have no schema"},
		{"protobuf", "", url, nil, "messages in protobuf have no schema"},
		{"avro", "avro-schema=f", "", nil, "need a place for their schema"},
		{"avro", url, url + " avro-schema-out=g", nil, "nothing to tell a schema registry"},
		{"avro", "avro-schema=f", "avro-schema-out=g auto.register.schemas=false", nil, "no schema registry that auto.register.schemas"},
		{"avro", url, url + " auto.register.schemas=no", nil, "none of true, false"},
		{"avro", url, url + " avro-name=a..b", nil, "no name of a record"},
		{"avro", url, url + " avro-name=2b", nil, "no name of a record"},
		{"avro", url, url + " wire=raw", nil, "no option"},
	} {
		set := func(text string) map[string]string {
			m := map[string]string{}
			for _, o := range strings.Fields(text) {
				name, value, _ := strings.Cut(o, "=")
				m[name] = value
			}
			return m
		}
		v := outputs(t, x.values, set(x.in), set(x.out), x.keep, predicted)
		err := v.CheckOutput()
		if err == nil && x.values == "avro" {
			_, err = avroOf(v)
		}
		if x.want == "" && err != nil || x.want != "" && (fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%+v: %v", x, err)
		}
	}
}
