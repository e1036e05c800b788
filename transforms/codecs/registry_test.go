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

	"encoding/pem"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/stream"
)

const (
	place = `{"type":"record","name":"Place","namespace":"geo","fields":[{"name":"code","type":"string"}]}`
	leg   = `{"type":"record","name":"Leg","namespace":"air","fields":[{"name":"from","type":"geo.Place"},{"name":"to","type":["null","geo.Place"]}]}`
	trip  = `{"type":"record","name":"Trip","namespace":"air","fields":[{"name":"id","type":"long"},{"name":"leg","type":"Leg"},{"name":"home","type":"geo.Place"}]}`
)

// withID puts the prefix before a datum.
func withID(id uint32, datum []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, id), datum...)
}

// tripOf encodes a trip.
func tripOf(t *testing.T, id int64, from, to string) []byte {
	t.Helper()
	var cache avro.SchemaCache
	var s *avro.Schema
	for _, text := range []string{place, leg, trip} {
		var err error
		if s, err = cache.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	p := func(code string) map[string]any { return map[string]any{"code": code} }
	b, err := s.Encode(map[string]any{"id": id, "leg": map[string]any{"from": p(from), "to": p(to)}, "home": p("LGA")})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// seeded is a registry that has the schemas above: 3 refers to 2 and 1, and 2 refers to 1.
func seeded(t *testing.T, opts ...srfake.Option) *srfake.Registry {
	r := srfake.New(opts...)
	t.Cleanup(r.Close)
	toPlace := sr.SchemaReference{Name: "geo.Place", Subject: "place", Version: 1}
	r.SeedSchema("place", 1, 1, sr.Schema{Schema: place})
	r.SeedSchema("leg", 1, 2, sr.Schema{Schema: leg, References: []sr.SchemaReference{toPlace}})
	r.SeedSchema("trips-value", 1, 3, sr.Schema{Schema: trip, References: []sr.SchemaReference{{Name: "air.Leg", Subject: "leg", Version: 1}, toPlace}})
	r.SeedSchema("other", 1, 9, sr.Schema{Schema: `syntax = "proto3"; message M {}`, Type: sr.TypeProtobuf})
	return r
}

var tripColumns = []format.Column{{Name: "id"}, {Name: "to", Path: "leg.to.code", Kind: format.Text}, {Name: "message", Kind: format.RawRow}}

func decoderOf(t *testing.T, options map[string]string) (format.Decoder, error) {
	t.Helper()
	v := stream.Values{Format: "avro", Options: options}
	c, err := stream.CodecOf(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(v); err != nil {
		return nil, err
	}
	return c.NewDecoder(v, tripColumns)
}

// TestSchemasOfARegistry: schemas are looked up once, with those that they refer to; ids that are not known, or are of other
// types, are letters, and not looked up for each message.
func TestSchemasOfARegistry(t *testing.T) {
	r := seeded(t)
	asked := map[string]int{}
	r.Intercept(func(_ http.ResponseWriter, req *http.Request) bool {
		asked[req.URL.Path]++
		return false
	})
	d, err := decoderOf(t, map[string]string{"schema.registry.url": r.URL()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b, err := d.Decode([][]byte{withID(3, tripOf(t, 1, "LGA", "ORD")), withID(77, nil), withID(9, nil), withID(3, tripOf(t, 2, "LGA", "DCA")), withID(77, nil)})
		if err != nil {
			t.Fatal(err)
		}
		if n := b.Record.NumRows(); n != 2 || b.Record.Column(0).(*array.Float64).Value(1) != 2 || b.Record.Column(1).(*array.String).Value(1) != "DCA" {
			t.Fatalf("%v", b.Record)
		}
		if got := string(b.Record.Column(2).(*array.Binary).Value(0)); got != `{"id":1,"leg":{"from":{"code":"LGA"},"to":{"code":"ORD"}},"home":{"code":"LGA"}}` {
			t.Errorf("the message is %s", got)
		}
		for i, want := range []string{"schema 77: schema not found", "type PROTOBUF, not AVRO", "schema 77"} {
			if l := b.Rejected[i]; l.Code != fault.BadSchema || l.Field != "schema id" || !strings.Contains(l.Message, want) {
				t.Errorf("letter %d: %s %s %s", i, l.Code, l.Field, l.Message)
			}
		}
	}
	for _, path := range []string{"/schemas/ids/3", "/schemas/ids/77", "/schemas/ids/9", "/subjects/leg/versions/1", "/subjects/place/versions/1"} {
		if asked[path] != 1 {
			t.Errorf("%s was asked for %d times", path, asked[path])
		}
	}
}

// TestRegistryFailures: what may pass is tried again, what does not is an error with a hint, and what is about one id is a letter.
func TestRegistryFailures(t *testing.T) {
	for name, x := range map[string]struct {
		status      int
		body        string
		again, stop string // of the error; both "": a letter
	}{
		"busy":        {429, `{"error_code":42901,"message":"slow down"}`, "slow down", ""},
		"broken":      {500, `{"error_code":50001,"message":"no store"}`, "no store", ""},
		"restarting":  {503, `<html>`, "<html>", ""},
		"login":       {401, `{"error_code":401,"message":"Unauthorized"}`, "", "refuses the login"},
		"permission":  {403, `{"error_code":40301,"message":"denied"}`, "", "permission to read the subjects"},
		"other page":  {404, `<html>nothing here</html>`, "", "no schema registry answers there"},
		"other API":   {404, `{"error_code":404,"message":"HTTP 404 Not Found"}`, "", "no schema registry answers there"},
		"no registry": {200, `<html>welcome</html>`, "", "schema.registry.url"},
		"no schema":   {200, `{}`, "", "the answer has no schema"},
		"no id":       {404, `{"error_code":40403,"message":"Schema not found"}`, "", ""},
		"no subject":  {404, `{"error_code":40401,"message":"Subject not found"}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path != "/schemas/types" {
					w.WriteHeader(x.status)
				}
				io.WriteString(w, x.body)
			}))
			defer s.Close()
			d, err := decoderOf(t, map[string]string{"schema.registry.url": s.URL})
			if err != nil {
				t.Fatal(err)
			}
			b, err := d.Decode([][]byte{withID(3, nil)})
			switch {
			case x.again != "":
				if !errors.Is(err, format.ErrAgain) || !strings.Contains(err.Error(), x.again) {
					t.Error(err)
				}
			case x.stop != "":
				if err == nil || errors.Is(err, format.ErrAgain) || !strings.Contains(err.Error(), x.stop) {
					t.Error(err)
				}
			case err != nil || len(b.Rejected) != 1 || b.Rejected[0].Code != fault.BadSchema:
				t.Error(err)
			}
		})
	}
}

// TestRegistryGone: a registry that cannot be reached when the decoder is made may come later.
func TestRegistryGone(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	d, err := decoderOf(t, map[string]string{"schema.registry.url": s.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode([][]byte{withID(3, nil)}); !errors.Is(err, format.ErrAgain) || fault.CodeOf(err) != fault.Unreadable {
		t.Error(err)
	}
	if b, err := d.Decode([][]byte{nil, []byte("{}")}); err != nil || len(b.Rejected) != 2 { // it takes no registry to tell
		t.Error(err)
	}
}

// TestRegistryLogin: secrets come from where the options say, and a login that is refused is found before the run begins.
func TestRegistryLogin(t *testing.T) {
	r := seeded(t, srfake.WithAuth("Bearer s3cret"))
	file := filepath.Join(t.TempDir(), "token")
	os.WriteFile(file, []byte("s3cret\n"), 0o600)
	d, err := decoderOf(t, map[string]string{"schema.registry.url": r.URL(), "schema.registry.token": "file:" + file})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := d.Decode([][]byte{withID(3, tripOf(t, 1, "LGA", "ORD"))}); err != nil || b.Record.NumRows() != 1 {
		t.Fatal(err)
	}
	t.Setenv("REGISTRY_PASSWORD", "wrong")
	_, err = decoderOf(t, map[string]string{"schema.registry.url": r.URL(), "schema.registry.username": "me", "schema.registry.password": "env:REGISTRY_PASSWORD"})
	if err == nil || errors.Is(err, format.ErrAgain) || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}
	if _, err = decoderOf(t, map[string]string{"schema.registry.url": r.URL(), "schema.registry.token": "env:NO_SUCH_VARIABLE"}); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// TestRegistryTLS: the registry's authority may be a private one.
func TestRegistryTLS(t *testing.T) {
	r := seeded(t)
	s := httptest.NewTLSServer(r.Handler())
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600)
	d, err := decoderOf(t, map[string]string{"schema.registry.url": s.URL, "schema.registry.ssl.ca.location": ca})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := d.Decode([][]byte{withID(3, tripOf(t, 1, "LGA", "ORD"))}); err != nil || b.Record.NumRows() != 1 {
		t.Fatal(err)
	}
	if d, err = decoderOf(t, map[string]string{"schema.registry.url": s.URL}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode([][]byte{withID(3, nil)}); err == nil || errors.Is(err, format.ErrAgain) || !strings.Contains(err.Error(), "ssl.ca.location") {
		t.Error(err)
	}
}

// TestReferencesWithoutEnd: a registry whose schemas refer to more and more others is not followed.
func TestReferencesWithoutEnd(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked++
		io.WriteString(w, `{"schema":"\"long\"","references":[{"name":"x","subject":"x","version":`+strings.Repeat("1", 1+asked%9)+`},{"name":"x","subject":"y`+strings.Repeat("z", asked)+`","version":1}]}`)
	}))
	defer s.Close()
	d, err := decoderOf(t, map[string]string{"schema.registry.url": s.URL})
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Decode([][]byte{withID(3, nil)})
	if err != nil || len(b.Rejected) != 1 || !strings.Contains(b.Rejected[0].Message, "refers to more than 200") {
		t.Error(err, b)
	}
}

// TestOptions: what contradicts itself is said before anything is read.
func TestOptions(t *testing.T) {
	for _, x := range []struct {
		values, options, want string
	}{
		{"avro", "", "Avro needs schemas"},
		{"avro", "schema.registry.url=localhost:8081", "no URL of a schema registry"},
		{"avro", "schema.registry.url=ftp://h", "no URL of a schema registry"},
		{"avro", "schema.registry.url=http://", "no URL of a schema registry"},
		{"avro", "schema.registry.url=http://a:b@h", "process lists"},
		{"avro", "schema.registry.url=http://h?x=1", "no query"},
		{"avro", "schema.registry.url=http://h avro-schema=f", "nothing to ask"},
		{"avro", "avro-schema=f schema.registry.username=x", "no schema registry"},
		{"avro", "schema.registry.url=http://h schema.registry.username=x", "go together"},
		{"avro", "schema.registry.url=http://h schema.registry.password=hunter2", "env:NAME or file:PATH"},
		{"avro", "schema.registry.url=http://h schema.registry.token=env:A schema.registry.username=x", "more than one login"},
		{"avro", "schema.registry.url=http://h schema.registry.ssl.ca.location=f", "https"},
		{"avro", "schema.registry.url=https://h schema.registry.ssl.key.location=f", "certificate.location"},
		{"avro", "schema.registry.url=http://h wire=raw", "no option"},
		{"protobuf", "message=a.B", "descriptor-set"},
		{"protobuf", "descriptor-set=f message=a.B wire=thin", "none of raw, confluent"},
		{"avro", "schema.registry.url=https://h,http://h2:80/apis", ""},
		{"protobuf", "descriptor-set=f message=a.B wire=confluent", ""},
	} {
		v := stream.Values{Format: x.values, Options: map[string]string{}}
		for _, o := range strings.Fields(x.options) {
			name, value, _ := strings.Cut(o, "=")
			v.Options[name] = value
		}
		c, err := stream.CodecOf(v)
		if err != nil {
			t.Fatal(err)
		}
		switch err = c.Check(v); {
		case x.want == "" && err != nil, x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want) || fault.CodeOf(err) != fault.Usage):
			t.Errorf("%s %s: %v", x.values, x.options, err)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("a secret is shown: %v", err)
		}
	}
}
