package nats

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"github.com/glulam/glulam/transforms/block"
	"github.com/glulam/glulam/transforms/stream"
)

// Headers that carry what a message of NATS has no place for.
const (
	headerKey       = "glulam-key"       // text as it is; else "base64:" and standard base64
	headerTime      = "glulam-time"      // milliseconds since 1970, if it is another time than the server's
	headerTombstone = "glulam-tombstone" // there is no value, not even an empty one
	headerAll       = "glulam-headers"   // all headers, in order: where one of them cannot be a header of NATS
)

const (
	base64Mark = "base64:"
	natsPrefix = "nats-"   // of headers that tell the server to do something
	mostHeader = 1<<16 - 1 // bytes of headers that a stream takes
)

// isOurs says that a header is not one of the message's own.
func isOurs(name string) bool {
	switch name {
	case headerKey, headerTime, headerTombstone, headerAll:
		return true
	}
	return len(name) >= len(natsPrefix) && strings.EqualFold(name[:len(natsPrefix)], natsPrefix)
}

// isHeaderName says that a header of NATS may have this name.
func isHeaderName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	return s != ""
}

// isHeaderText says that a value comes out of a header of NATS as it went in.
func isHeaderText(v []byte) bool {
	if len(v) > 0 && (v[0] == ' ' || v[len(v)-1] == ' ') || !utf8.Valid(v) {
		return false
	}
	return !slices.ContainsFunc(v, func(c byte) bool { return c < ' ' || c == 0x7f })
}

// packed is a text for any bytes.
func packed(v []byte) string {
	if isHeaderText(v) && !strings.HasPrefix(string(v), base64Mark) {
		return string(v)
	}
	return base64Mark + base64.StdEncoding.EncodeToString(v)
}

// unpacked is the inverse of packed. What packed did not make is its own value.
func unpacked(s string) []byte {
	if rest, ok := strings.CutPrefix(s, base64Mark); ok {
		if v, err := base64.StdEncoding.DecodeString(rest); err == nil {
			return v
		}
	}
	return []byte(s)
}

// messageOf makes the message that a sink publishes. The value's bytes are shared.
func messageOf(subject string, m *stream.Message) *nats.Msg {
	h := make(nats.Header, len(m.Headers)+3)
	if m.ID != "" {
		h[nats.MsgIdHdr] = []string{packed([]byte(m.ID))}
	}
	if m.Key != nil {
		h[headerKey] = []string{packed(m.Key)}
	}
	if m.Time > 0 {
		h[headerTime] = []string{strconv.FormatInt(m.Time, 10)}
	}
	if m.Value == nil {
		h[headerTombstone] = []string{"true"}
	}
	all := true
	for i := range m.Headers {
		own := &m.Headers[i]
		switch {
		case isOurs(own.Key):
		case isHeaderName(own.Key) && isHeaderText(own.Value):
			h[own.Key] = append(h[own.Key], string(own.Value))
		default:
			all = false
		}
	}
	if !all {
		h[headerAll] = []string{packedHeaders(m.Headers)}
	}
	return &nats.Msg{Subject: subject, Header: h, Data: m.Value}
}

// packedHeaders is a list of names and values, in order: ["x","1","y","base64:AP8="].
func packedHeaders(headers []block.Header) string {
	var list []string
	for i := range headers {
		if h := &headers[i]; !isOurs(h.Key) {
			list = append(list, packed([]byte(h.Key)), packed(h.Value))
		}
	}
	text, _ := json.Marshal(list) // strings always have a form
	return string(text)
}

func unpackedHeaders(s string) []block.Header {
	var list []string
	if json.Unmarshal([]byte(s), &list) != nil || len(list)%2 != 0 {
		return nil
	}
	out := make([]block.Header, 0, len(list)/2)
	for i := 0; i < len(list); i += 2 {
		out = append(out, block.Header{Key: string(unpacked(list[i])), Value: unpacked(list[i+1])})
	}
	return out
}

// read fills a message with what came: its envelope and its value, whose bytes are shared. serverTime is in milliseconds.
func (k keyFrom) read(m *stream.Message, subject string, h nats.Header, data []byte, serverTime int64) {
	m.Value, m.Time = data, serverTime
	if m.Value == nil {
		m.Value = []byte{}
	}
	switch {
	case k.subject:
		m.Key = []byte(subject)
	case k.header != "":
		if v, ok := h[k.header]; ok {
			m.Key = unpacked(v[0])
		}
	default:
		if v, ok := h[headerKey]; ok {
			m.Key = unpacked(v[0])
		}
	}
	if len(h) == 0 {
		return
	}
	if t, err := strconv.ParseInt(h.Get(headerTime), 10, 64); err == nil && t > 0 {
		m.Time = t
	}
	if _, ok := h[headerTombstone]; ok && len(data) == 0 || isDeletion(h) {
		m.Value = nil
	}
	if all, ok := h[headerAll]; ok {
		m.Headers = unpackedHeaders(all[0])
		return
	}
	names := make([]string, 0, len(h))
	for name := range h {
		if !isOurs(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range h[name] {
			m.Headers = append(m.Headers, block.Header{Key: name, Value: []byte(v)})
		}
	}
}

// isDeletion says that a message deletes a key of a key-value bucket.
func isDeletion(h nats.Header) bool {
	v, ok := h["KV-Operation"]
	return ok && (v[0] == "DEL" || v[0] == "PURGE")
}

// limit knows what servers and a stream take.
type limit struct {
	subject string
	payload int // of the servers: headers and value
	message int // of the stream; 0: no limit
}

// most is the least of the limits.
func (l *limit) most() int {
	if l.message > 0 {
		return min(l.payload, l.message)
	}
	return l.payload
}

// TooLarge implements stream.Limited.
func (l *limit) TooLarge(m *stream.Message) error {
	if head := roughly(m); head <= mostHeader && head+len(m.Value) <= l.most() {
		return nil
	}
	all := messageOf(l.subject, m).Size() - len(l.subject)
	head := all - len(m.Value)
	if head > mostHeader {
		return fmt.Errorf("its headers have %d bytes, streams take %d", head, mostHeader)
	}
	if all > l.payload {
		return fmt.Errorf("it has %d bytes, the server takes %d (max_payload)", all, l.payload)
	}
	if l.message > 0 && all > l.message {
		return fmt.Errorf("it has %d bytes, the stream of %s takes %d (max_msg_size)", all, l.subject, l.message)
	}
	return nil
}

// roughly is how many bytes a message's headers have at the most. A byte is at its longest as \u003c in an array that repeats
// what is a header already.
func roughly(m *stream.Message) int {
	n := len(m.ID) + len(m.Key)
	for i := range m.Headers {
		n += len(m.Headers[i].Key) + len(m.Headers[i].Value) + 16
	}
	return 8*n + 256
}
