package jsonl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

var whole = format.Piece{End: -1, Rows: -1}

// follower is an io.ReaderAt that takes each byte once and in order.
type follower struct {
	data []byte
	at   int64
	bad  error
}

func (f *follower) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, f.data[off:])
	if off != f.at && f.bad == nil {
		f.bad = fmt.Errorf("read at %d, not %d", off, f.at)
	}
	f.at += int64(n)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestSplitReadsEachByteOnce(t *testing.T) {
	data := bytes.Repeat([]byte(`{"a":1,"b":"some text"}`+"\n"), 200_000)
	data = data[:len(data)-1]
	for _, target := range []int64{0, 1000, 1 << 20, 3_000_001} {
		src := &follower{data: data}
		file, err := format.NewFile("rows.jsonl", src, int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		src.at = 0
		pieces, err := Format{}.Split(t.Context(), file, &format.Layout{}, target)
		if err != nil {
			t.Fatal(err)
		}
		if src.bad != nil || src.at != int64(len(data)) {
			t.Errorf("target %d: %v, %d bytes", target, src.bad, src.at)
		}
		last := pieces[len(pieces)-1]
		if last.FirstRow+last.Rows != 200_000 || last.End != int64(len(data)) {
			t.Errorf("target %d: the last piece is %+v", target, last)
		}
	}
}

// A file in any compression has the same rows.
func TestCompression(t *testing.T) {
	plain := bytes.Repeat([]byte("\n"+`{"a":1.5,"b":"x"}`+"\n{}\n[]\n"), 10_000)
	plain = append([]byte("\ufeff"), plain...)
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	g.Write(plain)
	g.Close()
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(plain)
	z.Close()
	for name, data := range map[string][]byte{"rows.jsonl": plain, "rows.jsonl.gz": gz.Bytes(), "rows.jsonl.zst": zst.Bytes()} {
		file, err := format.NewFile(name, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		l, err := Format{}.Describe(t.Context(), file)
		if err != nil || l.Data != 3 || len(l.Columns) != 2 {
			t.Fatalf("%s: %+v, %v", name, l, err)
		}
		pieces, err := Format{}.Split(t.Context(), file, l, 50_000)
		if err != nil {
			t.Fatal(err)
		}
		if file.Codec != format.Plain && (len(pieces) != 1 || pieces[0] != format.Piece{Start: 3, End: -1, Rows: -1}) {
			t.Errorf("%s: %+v", name, pieces)
		}
		var rows, letters, blank, size, last, lastOffset int64
		sum := 0.0
		for _, p := range pieces {
			err := batches(Format{}, file, l, p, []format.Column{{Name: "a"}}, func(b *format.Batch) error {
				rows += b.Record.NumRows()
				letters += int64(len(b.Rejected))
				blank += b.Blank
				size += b.Bytes
				for i, v := range b.Record.Column(0).(*array.Float64).Float64Values() {
					if v == v {
						sum += v
					}
					last, lastOffset = b.Row[i], b.Offset[i]
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want := int64(len(data))
		if file.Codec == format.Plain {
			want -= l.Data
		}
		if rows != 20_000 || letters != 10_000 || blank != 10_000 || sum != 15_000 || size != want || last != 39_999 || plain[lastOffset] != '{' {
			t.Errorf("%s: %d rows, %d letters, %d blank, sum %v, %d of %d bytes, last row %d", name, rows, letters, blank, sum, size, want, last)
		}
	}
}

func TestBrokenCompression(t *testing.T) {
	var gz bytes.Buffer
	g := gzip.NewWriter(&gz)
	g.Write(bytes.Repeat([]byte(`{"a":1}`+"\n"), 10_000))
	g.Close()
	data := gz.Bytes()[:gz.Len()-20]
	file, err := format.NewFile("rows.jsonl.gz", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	err = batches(Format{}, file, &format.Layout{}, whole, nil, func(*format.Batch) error { return nil })
	if fault.CodeOf(err) != fault.Corrupt {
		t.Errorf("%v", err)
	}
}

func TestChangedFile(t *testing.T) {
	data := []byte(strings.Repeat(`{"a":1}`+"\n", 100))
	piece := format.Piece{Start: 8, End: 80, FirstRow: 1, Rows: 9}
	drain := func(f *format.File, p format.Piece) (rows int64, err error) {
		err = batches(Format{}, f, &format.Layout{}, p, []format.Column{{Name: "a"}}, func(b *format.Batch) error {
			rows += b.Record.NumRows() + int64(len(b.Rejected))
			return nil
		})
		return rows, err
	}
	if rows, err := drain(fileOf(t, data), piece); rows != 9 || err != nil {
		t.Errorf("%d, %v", rows, err)
	}
	joined := bytes.Clone(data)
	joined[23] = ' '
	if rows, err := drain(fileOf(t, joined), piece); rows != 0 || fault.CodeOf(err) != fault.Changed {
		t.Errorf("%d, %v", rows, err)
	}
	if _, err := drain(fileOf(t, data[:60]), piece); fault.CodeOf(err) != fault.Changed {
		t.Errorf("%v", err)
	}
	// The same number of lines, but the last one goes on behind the piece.
	moved := bytes.Clone(data)
	moved[79] = ' '
	if _, err := drain(fileOf(t, moved), piece); fault.CodeOf(err) != fault.Changed {
		t.Errorf("%v", err)
	}
	// Split finds out, too.
	file, err := format.NewFile("rows.jsonl", bytes.NewReader(data), int64(len(data))+1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Format{}).Split(t.Context(), file, &format.Layout{}, 10); fault.CodeOf(err) != fault.Changed {
		t.Errorf("%v", err)
	}
}

type brokenDisk struct{ err error }

func (d brokenDisk) ReadAt(p []byte, off int64) (int, error) {
	if off == 0 && len(p) == 4 {
		return 4, nil
	}
	return 0, d.err
}

func TestReadErrors(t *testing.T) {
	for _, disk := range []error{errors.New("input/output error"), &fault.Error{Code: fault.Unreadable, Source: "rows.jsonl"}} {
		file, err := format.NewFile("rows.jsonl", brokenDisk{disk}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (Format{}).Describe(t.Context(), file); fault.CodeOf(err) != fault.Unreadable {
			t.Errorf("%v", err)
		}
		if _, err := (Format{}).Split(t.Context(), file, &format.Layout{}, 10); fault.CodeOf(err) != fault.Unreadable {
			t.Errorf("%v", err)
		}
		r, err := Format{}.Open(t.Context(), file, &format.Layout{}, whole, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := r.Next(); fault.CodeOf(err) != fault.Unreadable || !strings.Contains(err.Error(), "rows.jsonl") {
				t.Errorf("%v", err)
			}
		}
	}
}

func TestCancel(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	file := fileOf(t, []byte(strings.Repeat(`{"a":1}`+"\n", 1_000_000)))
	r, err := Format{}.Open(ctx, file, &format.Layout{}, whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	cancel(why)
	for err == nil {
		_, err = r.Next()
	}
	if !errors.Is(err, why) {
		t.Error(err)
	}
	if _, err := (Format{}).Split(ctx, file, &format.Layout{}, 10); !errors.Is(err, why) {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadAfterClose(t *testing.T) {
	r, err := Format{}.Open(t.Context(), fileOf(t, []byte("{}")), &format.Layout{}, whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if _, err := r.Next(); fault.CodeOf(err) != fault.Internal {
		t.Error(err)
	}
}

func TestUnknownKind(t *testing.T) {
	if _, err := (Format{}).Open(t.Context(), fileOf(t, []byte("{}")), &format.Layout{}, whole, []format.Column{{Name: "a", Kind: 99}}); fault.CodeOf(err) != fault.Internal {
		t.Error(err)
	}
}
