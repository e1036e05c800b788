package format

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/glulam/glulam/fault"
)

// Codec is a file's compression.
type Codec uint8

const (
	Plain Codec = iota
	Gzip
	Zstd
)

var codecs = []struct {
	codec  Codec
	name   string
	suffix string
	magic  []byte
}{
	{Gzip, "gzip", ".gz", []byte{0x1f, 0x8b}},
	{Zstd, "zstd", ".zst", []byte{0x28, 0xb5, 0x2f, 0xfd}},
}

func (c Codec) String() string {
	for _, k := range codecs {
		if k.codec == c {
			return k.name
		}
	}
	return "none"
}

// TrimCodec drops the suffix of a compression from a file's name: "rows.csv.gz" becomes "rows.csv".
func TrimCodec(name string) string {
	for _, k := range codecs {
		if base, ok := strings.CutSuffix(name, k.suffix); ok {
			return base
		}
	}
	return name
}

// File is an input file: random access to its bytes as stored, and a stream of its uncompressed content. Safe for
// concurrent use.
type File struct {
	Name  string
	Size  int64 // as stored
	Codec Codec

	at     io.ReaderAt
	closer io.Closer
}

// OpenFile opens a local file. Directories and other things without a size are refused.
func OpenFile(name string) (*File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.FromOS(fault.Unreadable, name, err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		what := "not a regular file"
		if st.IsDir() {
			what = "a directory, not a file"
		}
		err = &fault.Error{Code: fault.Unreadable, Source: name, Err: errors.New(what), Hint: "name the files in it: '" + strings.TrimSuffix(name, "/") + "/*.csv'"}
	}
	if err != nil {
		f.Close()
		return nil, fault.FromOS(fault.Unreadable, name, err)
	}
	file, err := NewFile(name, f, st.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	file.closer = f
	return file, nil
}

// NewFile makes a File of size bytes behind at. Its compression is told by its first bytes; a name that promises another
// one is refused. Close does not close at.
func NewFile(name string, at io.ReaderAt, size int64) (*File, error) {
	f := &File{Name: name, Size: size, at: at}
	head := make([]byte, 4)
	n, err := at.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, f.unreadable(err)
	}
	for _, k := range codecs {
		if bytes.HasPrefix(head[:n], k.magic) {
			f.Codec = k.codec
		}
	}
	for _, k := range codecs {
		if strings.HasSuffix(name, k.suffix) && f.Codec != k.codec {
			return nil, fault.New(fault.Corrupt, name, "the name says %s, but the content is not", k.name)
		}
	}
	return f, nil
}

// ReadAt reads the bytes as stored.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.at.ReadAt(p, off) }

// Close closes a file that OpenFile opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

func (f *File) unreadable(err error) error {
	code := fault.Unreadable
	if f.Codec != Plain {
		code = fault.Corrupt
	}
	e := fault.FromOS(code, f.Name, err)
	if errors.Is(err, io.ErrUnexpectedEOF) && e.Code == fault.Corrupt {
		e.Err = fmt.Errorf("the %s data ends too early, or something else follows it: %w", f.Codec, io.ErrUnexpectedEOF)
	}
	return e
}

// Stream reads the uncompressed content from offset off on. In a compressed file that means reading all before it.
func (f *File) Stream(ctx context.Context, off int64) (*Stream, error) {
	s := &Stream{ctx: ctx, file: f}
	if f.Codec == Plain {
		s.raw = io.NewSectionReader(f.at, off, max(f.Size-off, 0))
		s.r = s.raw
		return s, nil
	}
	s.raw = io.NewSectionReader(f.at, 0, f.Size)
	src := bufio.NewReaderSize(readerFunc(s.readRaw), 256<<10)
	switch f.Codec {
	case Gzip:
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, f.unreadable(err)
		}
		s.r = z
	case Zstd:
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, f.unreadable(err)
		}
		s.r, s.close = z, z.Close
	}
	if off > 0 {
		if _, err := io.CopyN(io.Discard, s, off); err != nil && err != io.EOF {
			return nil, err
		}
	}
	return s, nil
}

type readerFunc func([]byte) (int, error)

func (r readerFunc) Read(p []byte) (int, error) { return r(p) }

// Stream is the uncompressed content of a file. Errors are *fault.Error with the file's name; the end is io.EOF. Not
// safe for concurrent use.
type Stream struct {
	ctx   context.Context
	file  *File
	raw   io.Reader
	r     io.Reader
	taken int64
	close func()
}

// Read reads on, until the context that Stream was made with is done.
func (s *Stream) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, context.Cause(s.ctx)
	}
	var n int
	var err error
	if s.file.Codec == Plain {
		n, err = s.readRaw(p)
	} else {
		n, err = s.r.Read(p)
	}
	if err != nil && err != io.EOF {
		err = s.file.unreadable(err)
	}
	return n, err
}

func (s *Stream) readRaw(p []byte) (int, error) {
	n, err := s.raw.Read(p)
	s.taken += int64(n)
	return n, err
}

// Taken is how many stored bytes were read so far.
func (s *Stream) Taken() int64 { return s.taken }

// Close frees the decompressor. It does not close the file.
func (s *Stream) Close() error {
	if s.close != nil {
		s.close()
	}
	return nil
}
