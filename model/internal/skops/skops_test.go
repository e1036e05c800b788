package skops

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
)

// member is a member of an archive to make.
type member struct {
	name   string
	data   []byte
	method uint16
}

func archive(t *testing.T, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method})
		if err == nil {
			_, err = f.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// dict is the schema of a dict with these values.
func dict(content string) member {
	return member{name: "schema.json", data: []byte(`{"__class__":"dict","__module__":"builtins","__loader__":"DictNode","content":{` + content +
		`},"protocol":2,"_skops_version":"0.16.0"}`)}
}

func plain(content string) string {
	return fmt.Sprintf(`{"__class__":"str","__module__":"builtins","__loader__":"JsonNode","content":%q,"is_json":true}`, content)
}

func array(file string) string {
	return `{"__class__":"ndarray","__module__":"numpy","__loader__":"NdArrayNode","type":"numpy","file":"` + file + `"}`
}

// npy is an .npy file of version 1.
func npy(head string, data ...byte) []byte {
	b := append([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(head)))...)
	return append(append(b, head...), data...)
}

func TestDetect(t *testing.T) {
	good := archive(t, dict(""))
	for name, c := range map[string]struct {
		data []byte
		want bool
	}{
		"skops":      {good, true},
		"cut":        {good[:len(good)-1], false},
		"other zip":  {archive(t, member{name: "arr_0.npy"}), false},
		"in folder":  {archive(t, member{name: "a/schema.json"}), false},
		"with start": {append([]byte("MZ"), good...), false},
		"empty":      {nil, false},
	} {
		if got := Detect(c.data); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestArchive(t *testing.T) {
	encrypted := archive(t, dict(""))
	at := bytes.LastIndex(encrypted, []byte("PK\x01\x02"))
	encrypted[at+8] |= 1
	for name, c := range map[string]struct {
		data []byte
		code fault.Code
		want string
	}{
		"twice":     {archive(t, dict(""), dict("")), fault.Corrupt, `m: the member "schema.json" is there twice`},
		"folder":    {archive(t, dict(""), member{name: "../1.npy"}), fault.Corrupt, `a member is called "../1.npy"; skops uses no folders`},
		"root":      {archive(t, dict(""), member{name: `\1.npy`}), fault.Corrupt, "skops uses no folders"},
		"encrypted": {encrypted, fault.Unsupported, `the member "schema.json" is encrypted`},
		"bomb":      {archive(t, dict(""), member{"1.npy", make([]byte, 32<<20), zip.Deflate}), fault.TooLarge, `the member "1.npy" unpacks to 33554432 bytes from`},
		"many":      {archive(t, dict(""), member{"1.npy", make([]byte, 1<<20), zip.Deflate}, member{"2.npy", make([]byte, 1<<20), zip.Deflate}), fault.TooLarge, "the members unpack to more than"},
		"no zip":    {[]byte("PK\x03\x04"), fault.Corrupt, "not a zip archive that can be read"},
		"no schema": {archive(t, member{name: "1.npy"}), fault.Corrupt, `there is no member "schema.json"`},
		"deep":      {archive(t, member{name: "schema.json", data: []byte(strings.Repeat("[    ", 600))}), fault.TooLarge, "schema.json: values nest deeper than 500"},
		"numbers":   {archive(t, member{name: "schema.json", data: []byte("[" + strings.Repeat("1,", 600))}), fault.TooLarge, "schema.json: more than"},
		"more":      {archive(t, member{name: "schema.json", data: []byte("{} {}")}), fault.Corrupt, "something follows its end (at byte 3)"},
		"word":      {archive(t, member{name: "schema.json", data: []byte("[nul]")}), fault.Corrupt, "not a value of JSON (at byte 1)"},
		"control":   {archive(t, member{name: "schema.json", data: []byte("\"\n\"")}), fault.Corrupt, "a control character in a text"},
		"utf-8":     {archive(t, member{name: "schema.json", data: []byte("\"\xff\"")}), fault.Corrupt, "a text that is not UTF-8"},
		"cut":       {archive(t, member{name: "schema.json", data: []byte("{\"a\": 1")}), fault.Corrupt, "neither a comma nor the end of an object"},
		"key":       {archive(t, member{name: "schema.json", data: []byte(`{"a": 1, "\u0061": 1}`)}), fault.Corrupt, `the key "a" is there twice`},
		"ids":       {archive(t, member{name: "schema.json", data: []byte(`[{"a": 1, "__id__": 7}, {"a": 2, "__id__": 7}]`)}), fault.Corrupt, "two different objects have the __id__ 7"},
		"protocol":  {archive(t, member{name: "schema.json", data: []byte(`{"protocol": 9}`)}), fault.Unsupported, "protocol 9 of skops"},
		"none":      {archive(t, member{name: "schema.json", data: []byte(`[]`)}), fault.Corrupt, "does not say which protocol"},
	} {
		_, err := Open(c.data, "m")
		e, ok := err.(*fault.Error)
		if !ok || e.Code != c.code || !strings.Contains(err.Error(), c.want) || e.Hint == "" || e.Source != "m" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChecksum: what was changed within the archive is noticed when it is read.
func TestChecksum(t *testing.T) {
	data := archive(t, dict(`"a":`+array("1.npy")), member{name: "1.npy", data: npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", 1, 2, 3)})
	data[bytes.Index(data, []byte{1, 2, 3})]++
	f, err := Open(data, "m")
	if err != nil {
		t.Fatal(err)
	}
	f.Root().Attr("a").Array()
	if err := f.Err(); err == nil || err.Error() != `m: a: the member "1.npy": zip: checksum error; `+damaged {
		t.Error(err)
	}
}

func TestValues(t *testing.T) {
	for content, want := range map[string]any{
		"null": nil, "true": true, "7": int64(7), "-2.5e3": -2500.0, "Infinity": math.Inf(1), "-Infinity": math.Inf(-1), `"\u00e4"`: "ä", "99999999999999999999": 1e20,
	} {
		f, err := Open(archive(t, dict(`"a":`+plain(content))), "m")
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Root().Attr("a").Value(); got != want || f.Err() != nil {
			t.Errorf("%s: %v, %v", content, got, f.Err())
		}
	}
	for _, content := range []string{"[1]", "{}", "", "nul", `"a`, "0x1", "1_0"} {
		f, err := Open(archive(t, dict(`"a":`+plain(content))), "m")
		if err != nil {
			t.Fatal(err)
		}
		if f.Root().Attr("a").Value(); f.Err() == nil {
			t.Errorf("%q is accepted", content)
		}
	}
}

// TestNoObject: what is not there answers everything, and the file says what was asked for first.
func TestNoObject(t *testing.T) {
	f, err := Open(archive(t, dict(`"a":`+plain("1"))), "m")
	if err != nil {
		t.Fatal(err)
	}
	n := f.Root().Attr("b").Attr("c")
	n.Each(func(string, Node) { t.Error("an item") })
	if n.OK() || n.Text() != "" || n.Int() != 0 || n.Float() != 0 || n.Bool() || n.Items() != nil || n.Array().Len() != 0 || n.Type() != "" ||
		n.DType() != "" || !n.IsNone() || n.Args().OK() {
		t.Errorf("%+v", n)
	}
	if err := f.Err(); err == nil || err.Error() != "m: the model: builtins.dict has no b; "+damaged {
		t.Error(err)
	}
}

func TestArray(t *testing.T) {
	f8 := func(x ...float64) (b []byte) {
		for _, x := range x {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		return b
	}
	for _, c := range []struct {
		head  string
		data  []byte
		shape []int
		want  []any
	}{
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }        \n", f8(1, -2.5), []int{2}, []any{1.0, -2.5}},
		{"{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", f8(1, 2, 3, 4, 5, 6), []int{2, 3}, []any{1.0, 3.0, 5.0, 2.0, 4.0, 6.0}},
		{"{'descr': '|b1', 'fortran_order': False, 'shape': (), }", []byte{1}, []int{}, []any{true}},
		{"{'descr': '<i2', 'fortran_order': False, 'shape': (1,)}", []byte{0xfe, 0xff}, []int{1}, []any{int64(-2)}},
		{"{'descr': '<U2', 'fortran_order': False, 'shape': (2,)}", []byte{'a', 0, 0, 0, 0xe4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []int{2}, []any{"aä", ""}},
		{"{'descr': '<u4', 'fortran_order': False, 'shape': (0, 8), }", nil, []int{0, 8}, nil},
	} {
		a := &Array{}
		if why := a.parse(npy(c.head, c.data...)); why != "" {
			t.Errorf("%s: %s", c.head, why)
			continue
		}
		var got []any
		for i := range a.Len() {
			got = append(got, a.Value(i))
		}
		if diff := cmp.Diff(c.want, got) + cmp.Diff(c.shape, a.Shape); diff != "" {
			t.Errorf("%s:\n%s", c.head, diff)
		}
	}
}

// TestRecords reads records as those of trees are, with bytes between their fields.
func TestRecords(t *testing.T) {
	a := &Array{}
	data := append(make([]byte, 8), 1, 9, 9, 9)
	data = append(append(data, make([]byte, 8)...), 0, 9, 9, 9)
	binary.LittleEndian.PutUint64(data, math.Float64bits(2.5))
	binary.LittleEndian.PutUint32(data[12:], 7)
	if why := a.parse(npy("{'descr': [('x', '<f8'), ('y', '|u1'), ('', '|V3')], 'fortran_order': False, 'shape': (2,), }", data...)); why != "" {
		t.Fatal(why)
	}
	if diff := cmp.Diff([]int32{1, 0}, a.FieldInts("y", nil, 0, 1)); diff != "" || a.FieldFloats("x", nil)[0] != 2.5 || a.HasField("z") {
		t.Error(diff, a)
	}
}

func TestArrayErrors(t *testing.T) {
	for _, c := range []struct{ head, want string }{
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", "not as many bytes as elements"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000,), }", "more elements than bytes"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647, 2147483647, 2147483647), }", "more elements than bytes"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", "its head is not what numpy writes"},
		{"{'descr': '>f8', 'fortran_order': False, 'shape': (1,), }", `the type ">f8" has the byte order of another machine`},
		{"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", `the type "|O" is not known`},
		{"{'descr': '|O8', 'fortran_order': False, 'shape': (1,), }", `the type "|O8" is not known`},
		{"{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", "is not known"},
		{"{'descr': '<U0', 'fortran_order': False, 'shape': (1,), }", "not as many bytes as elements"},
		{"{'descr': '<U99999999', 'fortran_order': False, 'shape': (1,), }", "is not known"},
		{"{'descr': [('x', '<f8'), ('x', '<f8')], 'fortran_order': False, 'shape': (1,), }", "fields without a name, twice, or too many"},
		{"{'descr': [('x', '<f8', (2,))], 'fortran_order': False, 'shape': (1,), }", "its head is not what numpy writes"},
		{"{'descr': '<f8', 'descr': '<f8', 'shape': (1,), }", "its head has a key twice"},
		{"{'descr': '<f8', 'order': False, 'shape': (1,), }", "its head has a key that is not known"},
		{"{'descr': '<f8', 'shape': (1,), }", "its head is not what numpy writes"},
		{"{'descr': '<f8", "is not known"},
		{"", "its head is not what numpy writes"},
	} {
		if why := new(Array).parse(npy(c.head, make([]byte, 8)...)); !strings.Contains(why, c.want) && why != c.want {
			t.Errorf("%s: %q", c.head, why)
		}
	}
	for _, data := range []string{"", "\x93NUMPY\x01\x00\xff\xff            ", "\x93NUMPY\x09\x00\x01\x00            ", "\x93NUMPY\x02\x00\xff\xff\xff\xff            "} {
		if new(Array).parse([]byte(data)) == "" {
			t.Errorf("%q is accepted", data)
		}
	}
}
