package parquet

import (
	"bytes"
	"os"
	"sync"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

// FuzzRead reads all columns of any bytes: an error, or values, but no panic and no endless work.
func FuzzRead(f *testing.F) {
	for _, name := range append(pyarrowFiles, "int96.parquet", "norows.parquet", "refused.parquet") {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	rec := sample(100, 1)
	f.Add(write(f, rec.Schema(), rec))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := format.NewFile("fuzz", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Skip()
		}
		l, err := Format{}.Describe(t.Context(), file)
		if err == nil {
			var cols []format.Column
			for _, c := range l.Columns {
				cols = append(cols, format.Column{Name: c.Name, Kind: format.Native})
			}
			if _, err = read(Format{Options{MaxPages: 64 << 20}}, file, cols, 1); fault.CodeOf(err) == fault.Schema {
				cols = cols[:1]
				_, err = read(Format{Options{MaxPages: 64 << 20}}, file, cols, 1)
			}
		}
		if fault.CodeOf(err) == fault.Internal {
			t.Error(err)
		}
	})
}

// Readers of one file do not disturb each other: run with -race.
func TestConcurrentReaders(t *testing.T) {
	for _, name := range []string{"zstd_v2.parquet", "snappy.parquet"} {
		data := testFile(t, name)
		cols := everything(t, data)
		want := mustRead(t, data, cols, 1)
		f := memFile(t, data)
		var wg sync.WaitGroup
		var mu sync.Mutex // arrow's dictionaries find their values when they are first asked for
		for range 4 {
			wg.Go(func() {
				for range 5 {
					g, err := read(Format{}, f, cols, 1)
					mu.Lock()
					if err != nil || !same(g, want) {
						t.Errorf("%s: %v", name, err)
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
}
