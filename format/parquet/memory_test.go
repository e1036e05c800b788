package parquet

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// What a row group of a million rows takes is its pages, not its rows.
func TestMemoryOfLargeRowGroups(t *testing.T) {
	schema := numbersRecord(1, 4, 0).Schema()
	var buf bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &buf, pq.NewWriterProperties(pq.WithCompression(compress.Codecs.Zstd), pq.WithDictionaryDefault(false)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	rec := numbersRecord(50_000, 4, 1)
	for range 20 {
		if err := w.WriteBuffered(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := memFile(t, buf.Bytes())
	pieces, err := Format{}.Split(t.Context(), f, nil, 1<<20)
	if err != nil || len(pieces) != 1 || pieces[0].Rows != 1_000_000 {
		t.Fatalf("%v, %v", pieces, err)
	}
	cols := append(ask(format.Number, "x0", "x1", "x2"), ask(format.Native, "x3")...)
	r, err := Format{}.Open(t.Context(), f, nil, pieces[0], cols)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rec = nil
	runtime.GC()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	most := uint64(0)
	for n := 0; ; n++ {
		_, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n%40 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		}
	}
	runtime.ReadMemStats(&now)
	if most > 12<<20 { // four pages of 1 MiB, stored and decompressed, and zstd's own
		t.Errorf("%d KiB live", most>>10)
	}
	if all := now.TotalAlloc - before.TotalAlloc; all > 30<<20 {
		t.Errorf("%d KiB allocated for 32 MB of values", all>>10)
	}
	t.Logf("%d KiB live at most, %d KiB allocated", most>>10, (now.TotalAlloc-before.TotalAlloc)>>10)
}

func TestPageBudget(t *testing.T) {
	rec := numbersRecord(100_000, 4, 0)
	data := write(t, rec.Schema(), rec)
	_, err := read(Format{Options{MaxPages: 1 << 20}}, memFile(t, data), ask(format.Number, "x0", "x1"), 1)
	if fault.CodeOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "MaxPages") {
		t.Error(err)
	}
}

// Writing holds one row group, however many rows come.
func TestMemoryOfWriting(t *testing.T) {
	rec := numbersRecord(4096, 8, 0)
	w, err := Format{}.NewWriter(io.Discard, rec.Schema())
	if err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, uint64(0)
	for i := range 400 { // 1.6 million rows, 105 MB
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		if i%20 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc-min(before, m.HeapAlloc))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if most > 40<<20 {
		t.Errorf("%d KiB", most>>10)
	}
	t.Logf("%d KiB live at most", most>>10)
}
