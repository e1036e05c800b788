package skops

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/maphash"
	"io"
	"strings"

	"github.com/glulam/glulam/fault"
)

const (
	// MaxGrowth is how many bytes all members together may unpack to, for each byte of the file. Measured: 11.
	MaxGrowth = 64
	// memberGrowth is the same for one member. Measured: 65, for the schema of a forest of equal stumps.
	memberGrowth = 256
	// spare is what a file may unpack to in addition.
	spare = 1 << 20
	// maxBytes is the most that a file may unpack to.
	maxBytes = 2 << 30
)

const schemaName = "schema.json"

// File is an opened file. It keeps the data that it was opened with. It must not be used by two goroutines at once.
//
// The first error that reading a [Node] or an [Array] meets is kept and told by Err. What is read after it means nothing, but
// is safe to compute with.
type File struct {
	source  string
	members map[string]*zip.File
	text    []byte            // schema.json
	entries []entry           // its values, in order; see parse
	ids     map[uint64]uint64 // the hash of what has an __id__
	seed    maphash.Seed
	size    uint64 // of the archive
	err     error
}

// Detect says whether data looks like a file of skops: a zip archive with a schema.json in it.
func Detect(data []byte) bool {
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return false
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return false
	}
	for i := len(archive.File) - 1; i >= 0; i-- { // skops writes it last
		if archive.File[i].Name == schemaName {
			return true
		}
	}
	return false
}

// Open reads the directory of an archive and its schema. source names data in errors, which are *fault.Error with Code
// Corrupt, Unsupported or TooLarge, Source, a Hint, and Field where there is a place to name. data must not be changed while
// the file is in use.
func Open(data []byte, source string) (*File, error) {
	f := &File{source: source, members: map[string]*zip.File{}, ids: map[uint64]uint64{}, seed: maphash.MakeSeed(), size: uint64(len(data))}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, f.corrupt("", "not a zip archive that can be read: %v", err)
	}
	limit := min(maxBytes, MaxGrowth*uint64(len(data))+spare)
	total := uint64(0)
	for _, m := range archive.File {
		if err := f.check(m); err != nil {
			return nil, err
		}
		if total += m.UncompressedSize64; m.UncompressedSize64 > limit || total > limit {
			return nil, f.tooLarge("", "the members unpack to more than %d bytes, from %d", limit, len(data))
		}
		f.members[m.Name] = m
	}
	text, err := f.read(schemaName)
	if err != nil {
		return nil, err
	}
	f.text = text
	if err := f.parse(); err != nil {
		return nil, err
	}
	return f, f.protocol()
}

// check refuses members that skops does not write.
func (f *File) check(m *zip.File) error {
	name := fault.Quote(m.Name)
	switch {
	case f.members[m.Name] != nil:
		return f.corrupt("", "the member %s is there twice", name)
	case m.Name == "" || len(m.Name) > 255 || strings.ContainsAny(m.Name, `/\:`) || strings.Contains(m.Name, ".."):
		return f.corrupt("", "a member is called %s; skops uses no folders", name)
	case m.Flags&1 != 0:
		return f.unsupported("", "the member %s is encrypted", name).WithHint("save the model without a password")
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return f.unsupported("", "the member %s is compressed by method %d", name, m.Method).
			WithHint("save it with skops.io.dump(model, file), or with compression=zipfile.ZIP_DEFLATED")
	case m.UncompressedSize64 > memberGrowth*m.CompressedSize64+spare:
		return f.tooLarge("", "the member %s unpacks to %d bytes from %d", name, m.UncompressedSize64, m.CompressedSize64)
	}
	return nil
}

// read unpacks a member; its size and checksum are those of its header.
func (f *File) read(name string) ([]byte, error) {
	m := f.members[name]
	if m == nil {
		return nil, f.corrupt("", "there is no member %s", fault.Quote(name))
	}
	r, err := m.Open()
	if err != nil {
		return nil, f.corrupt("", "the member %s: %v", fault.Quote(name), err)
	}
	defer r.Close()
	var b bytes.Buffer // grows with what is really there
	if m.CompressedSize64 <= f.size && m.UncompressedSize64 <= 4*m.CompressedSize64 {
		b.Grow(int(m.UncompressedSize64) + bytes.MinRead)
	}
	n, err := io.Copy(&b, io.LimitReader(r, int64(m.UncompressedSize64)+1))
	switch {
	case err != nil:
		return nil, f.corrupt("", "the member %s: %v", fault.Quote(name), err)
	case uint64(n) != m.UncompressedSize64:
		return nil, f.corrupt("", "the member %s has %d bytes instead of %d", fault.Quote(name), n, m.UncompressedSize64)
	}
	return b.Bytes(), nil
}

// Err is the first error that was met since Open; nil: none.
func (f *File) Err() error { return f.err }

// Fail keeps an error, unless there is one.
func (f *File) Fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

const (
	damaged = "the file is not as skops.io.dump wrote it: save the model again"
	smaller = "save the model without compression, or train a smaller one"
)

func (f *File) corrupt(field, format string, args ...any) *fault.Error {
	return f.fault(fault.Corrupt, field, format, args...).WithHint("%s", damaged)
}

func (f *File) unsupported(field, format string, args ...any) *fault.Error {
	return f.fault(fault.Unsupported, field, format, args...)
}

func (f *File) tooLarge(field, format string, args ...any) *fault.Error {
	return f.fault(fault.TooLarge, field, format, args...).WithHint("%s", smaller)
}

func (f *File) fault(code fault.Code, field, format string, args ...any) *fault.Error {
	const most = 300
	if len(field) > most {
		field = field[:most] + "..."
	}
	text := fmt.Sprintf(format, args...)
	if len(text) > 2*most {
		text = text[:2*most] + "..."
	}
	return fault.New(code, f.source, "%s", text).OnField(strings.ToValidUTF8(field, "?"))
}
