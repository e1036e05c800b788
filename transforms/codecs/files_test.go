package codecs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/stream"
)

// TestFiles: schemas and descriptors come from files; an error of what is in one names it.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	set, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{protodesc.ToFileDescriptorProto(wrapperspb.File_google_protobuf_wrappers_proto)}})
	if err != nil {
		t.Fatal(err)
	}
	value, _ := proto.Marshal(wrapperspb.Double(2.5))
	avsc, desc := put("a.avsc", []byte(`{"type":"record","name":"R","fields":[{"name":"value","type":"int"}]}`)), put("w.pb", set)
	for _, x := range []struct {
		format  string
		options map[string]string
		message []byte
		want    float64
		code    fault.Code // of NewDecoder
		says    string
	}{
		{"avro", map[string]string{"avro-schema": avsc}, []byte{14}, 7, "", ""},
		{"avro", map[string]string{"avro-schema": dir + "/none"}, nil, 0, fault.NotFound, "none"},
		{"avro", map[string]string{"avro-schema": desc}, nil, 0, fault.BadSchema, "w.pb"},
		{"protobuf", map[string]string{"descriptor-set": desc, "message": "google.protobuf.DoubleValue"}, value, 2.5, "", ""},
		{"protobuf", map[string]string{"descriptor-set": desc, "message": "google.protobuf.DoubleValue", "wire": "confluent"}, append([]byte{0, 0, 0, 0, 1, 0}, value...), 2.5, "", ""},
		{"protobuf", map[string]string{"descriptor-set": dir + "/none", "message": "a.B"}, nil, 0, fault.NotFound, "none"},
		{"protobuf", map[string]string{"descriptor-set": desc, "message": "a.B"}, nil, 0, fault.NotFound, "w.pb"},
		{"protobuf", map[string]string{"descriptor-set": avsc, "message": "a.B"}, nil, 0, fault.Corrupt, "a.avsc"},
		{"protobuf", map[string]string{"descriptor-set": desc, "message": "google.protobuf.StringValue"}, []byte{10, 1, '7'}, 0, "", "a number is needed"},
	} {
		v := stream.Values{Format: x.format, Options: x.options}
		c, err := stream.CodecOf(v)
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.NewDecoder(v, []format.Column{{Name: "value"}})
		if x.code != "" || err != nil {
			if fault.CodeOf(err) != x.code || !strings.Contains(err.Error(), x.says) {
				t.Errorf("%v: %v", x.options, err)
			}
			continue
		}
		b, err := d.Decode([][]byte{x.message})
		switch {
		case err != nil:
			t.Error(err)
		case x.says != "":
			if len(b.Rejected) != 1 || !strings.Contains(b.Rejected[0].Message, x.says) {
				t.Errorf("%v: %v", x.options, b.Rejected)
			}
		case len(b.Rejected) > 0 || b.Record.Column(0).(*array.Float64).Value(0) != x.want:
			t.Errorf("%v: %v %v", x.options, b.Record, b.Rejected)
		}
	}
}
