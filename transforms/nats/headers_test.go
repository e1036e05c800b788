package nats

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// TestHeaders holds what goes over the wire, which others read and write, too.
func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		what string
		m    stream.Message
		wire nats.Header
		back []block.Header // if other than what went in
	}{
		{"nothing", stream.Message{}, nats.Header{}, nil},
		{"text", stream.Message{ID: "run:nats://IN@7", Envelope: block.Envelope{Key: []byte("Zürich"), Time: 1_700_000_000_001, Headers: []block.Header{header("a", "1"), header("b", "two words")}}},
			nats.Header{"Nats-Msg-Id": {"run:nats://IN@7"}, "glulam-key": {"Zürich"}, "glulam-time": {"1700000000001"}, "a": {"1"}, "b": {"two words"}}, nil},
		{"one name twice", stream.Message{Envelope: block.Envelope{Headers: []block.Header{header("a", "2"), header("a", "1"), header("a", "")}}},
			nats.Header{"a": {"2", "1", ""}}, nil},
		{"names are sorted", stream.Message{Envelope: block.Envelope{Headers: []block.Header{header("b", "1"), header("a", "2")}}},
			nats.Header{"a": {"2"}, "b": {"1"}}, []block.Header{header("a", "2"), header("b", "1")}},
		{"binary key", stream.Message{Envelope: block.Envelope{Key: []byte{0, 255}}}, nats.Header{"glulam-key": {"base64:AP8="}}, nil},
		{"a key that looks like a binary one", stream.Message{Envelope: block.Envelope{Key: []byte("base64:AP8=")}}, nats.Header{"glulam-key": {"base64:YmFzZTY0OkFQOD0="}}, nil},
		{"a key with a line's end", stream.Message{Envelope: block.Envelope{Key: []byte("a\r\nb: c")}}, nats.Header{"glulam-key": {"base64:YQ0KYjogYw=="}}, nil},
		{"an empty key", stream.Message{Envelope: block.Envelope{Key: []byte{}}}, nats.Header{"glulam-key": {""}}, nil},
		{"what cannot be a header", stream.Message{Envelope: block.Envelope{Headers: []block.Header{header("b", "1"), header("a", " 2"), header("b: c", "\n")}}},
			nats.Header{"b": {"1"}, "glulam-headers": {`["b","1","a","base64:IDI=","b: c","base64:Cg=="]`}}, nil},
		{"what servers would do something about", stream.Message{Envelope: block.Envelope{Headers: []block.Header{header("Nats-Rollup", "all"), header("nats-ttl", "1s"), header("glulam-key", "x"), header("a", "1")}}},
			nats.Header{"a": {"1"}}, []block.Header{header("a", "1")}},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.m.Value = []byte("v")
			msg := messageOf("s", &c.m)
			if d := cmp.Diff(c.wire, msg.Header); d != "" {
				t.Errorf("the headers differ (-want +got):\n%s", d)
			}
			var got stream.Message
			keyFrom{}.read(&got, "s", msg.Header, msg.Data, c.m.Time)
			want := c.m
			if want.ID = ""; c.back != nil {
				want.Headers = c.back
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the message comes back otherwise (-want +got):\n%s", d)
			}
		})
	}
}

// TestForeignMessages holds what is made of messages that others wrote.
func TestForeignMessages(t *testing.T) {
	read := func(k keyFrom, h nats.Header, data []byte) (m stream.Message) {
		k.read(&m, "flights.lhr", h, data, 5)
		return m
	}
	m := read(keyFrom{}, nil, nil)
	if m.Value == nil || m.Time != 5 || m.Key != nil || m.Headers != nil {
		t.Errorf("an empty message is %+v", m)
	}
	if m = read(keyFrom{subject: true}, nil, []byte("1")); string(m.Key) != "flights.lhr" {
		t.Errorf("the key is %q", m.Key)
	}
	h := nats.Header{"Order": {"17"}, "glulam-time": {"soon"}, "glulam-headers": {"[1]"}, "glulam-tombstone": {"true"}}
	if m = read(keyFrom{header: "Order"}, h, []byte("1")); string(m.Key) != "17" || m.Time != 5 || m.Headers != nil || string(m.Value) != "1" {
		t.Errorf("the message is %+v", m)
	}
	if m = read(keyFrom{header: "order"}, h, nil); m.Key != nil || m.Value != nil {
		t.Errorf("the message is %+v", m)
	}
	for operation, gone := range map[string]bool{"DEL": true, "PURGE": true, "PUT": false} {
		if m = read(keyFrom{}, nats.Header{"KV-Operation": {operation}}, nil); (m.Value == nil) != gone {
			t.Errorf("%s: the value is %v", operation, m.Value)
		}
	}
}

// FuzzHeaders holds that no bytes of keys and headers get lost, and none become something else.
func FuzzHeaders(f *testing.F) {
	f.Add([]byte("k"), "name", []byte("value"), "other", []byte{0, 255})
	f.Add([]byte("base64:"), "", []byte("\r\nNats-Rollup: all"), "a b", []byte(" "))
	f.Fuzz(func(t *testing.T, key []byte, name1 string, value1 []byte, name2 string, value2 []byte) {
		if isOurs(name1) || isOurs(name2) || name1 > name2 {
			t.Skip()
		}
		m := stream.Message{Value: []byte("v"), Envelope: block.Envelope{Key: key, Headers: []block.Header{{Key: name1, Value: value1}, {Key: name2, Value: value2}}}}
		msg := messageOf("s", &m)
		for name, values := range msg.Header {
			for _, v := range values {
				if !isHeaderName(name) || !isHeaderText([]byte(v)) {
					t.Errorf("%q: %q cannot be a header", name, v)
				}
			}
		}
		if n := msg.Size() - len("s") - len("v"); n > roughly(&m) {
			t.Errorf("the headers have %d bytes, at the most %d were to be", n, roughly(&m))
		}
		var got stream.Message
		keyFrom{}.read(&got, "s", msg.Header, msg.Data, 0)
		if string(got.Key) != string(key) || len(got.Headers) != 2 {
			t.Fatalf("%+v comes back as %+v", m, got)
		}
		for i, h := range got.Headers {
			if h.Key != m.Headers[i].Key || string(h.Value) != string(m.Headers[i].Value) {
				t.Errorf("header %d comes back as %+v", i, h)
			}
		}
	})
}
