package flights

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
)

func TestRepeat(t *testing.T) {
	tab, err := Read("../../../testdata/flights/rows.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{1, 4999, 5000, 5001, 12_345} {
		path := filepath.Join(t.TempDir(), "rows.csv")
		if err := tab.Repeat(path, rows); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfter(data, []byte("\n"))
		lines = lines[:len(lines)-1]
		if len(lines) != rows+1 || !bytes.Equal(lines[0], tab.head) {
			t.Fatalf("%d rows: got %d lines", rows, len(lines))
		}
		for i, line := range lines[1:] {
			place := i % len(tab.ends)
			if !bytes.HasSuffix(tab.body[:tab.ends[place]], line) {
				t.Fatalf("%d rows: row %d is %q", rows, i, line)
			}
		}

		// A file of the right size is left alone, another one is made anew.
		if err := os.WriteFile(path, make([]byte, len(data)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := tab.Repeat(path, rows); err != nil {
			t.Fatal(err)
		}
		if again, _ := os.ReadFile(path); bytes.Equal(again, data) {
			t.Errorf("%d rows: a file that was there was written again", rows)
		}
		if err := os.WriteFile(path, data[1:], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := tab.Repeat(path, rows); err != nil {
			t.Fatal(err)
		}
		if again, _ := os.ReadFile(path); !bytes.Equal(again, data) {
			t.Errorf("%d rows: a file of the wrong size was kept", rows)
		}
	}
}

// TestRepeatParquet: each row is there as often as in Repeat's file of so many rows, in whatever order.
func TestRepeatParquet(t *testing.T) {
	tab, err := Read("../../../testdata/flights/rows.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{1, 5001, 140_003} {
		path := filepath.Join(t.TempDir(), "rows.parquet")
		for range 2 { // the second time it is there
			if err := RepeatParquet("../../../testdata/flights/rows.parquet", path, rows); err != nil {
				t.Fatal(err)
			}
		}
		table, err := ReadParquet(path)
		if err != nil {
			t.Fatal(err)
		}
		times := make([]int, Rows)
		for _, chunk := range table.Column(0).Data().Chunks() {
			for _, id := range chunk.(*array.Int64).Int64Values() {
				times[tab.Places[id]]++
			}
		}
		for place, n := range times {
			if want := tab.Times(place, rows); n != want {
				t.Fatalf("%d rows: row %d is there %d times instead of %d", rows, place, n, want)
			}
		}
	}
}

func TestRepeatNumbers(t *testing.T) {
	tab, err := Read("../../../testdata/flights/rows.csv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "numbers.csv")
	if err := tab.RepeatNumbers(path, 5001, []string{"hour", "id"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	if len(lines) != 5002 || string(lines[0]) != "hour,id" || !bytes.Equal(lines[1], lines[5001]) {
		t.Fatalf("%d lines, the first %q", len(lines), lines[0])
	}
	for i, line := range lines[1:] {
		_, id, _ := bytes.Cut(line, []byte(","))
		if n, err := strconv.ParseInt(string(id), 10, 64); err != nil || tab.Places[n] != i%Rows {
			t.Fatalf("row %d is %q", i, line)
		}
	}
	if err := tab.RepeatNumbers(path, 10, []string{"none"}); err == nil {
		t.Error("a column that is not there was taken")
	}
}
