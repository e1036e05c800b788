package demo

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFlights holds that what is sent are the rows of rows.jsonl, all of them, in the order of their hours.
func TestFlights(t *testing.T) {
	got, err := readFlights(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "flights", "rows.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[float64]map[string]any{}
	for line := range bytes.Lines(data) {
		row := parsed(t, line)
		want[row["id"].(float64)] = row
	}
	for i := range got {
		row := parsed(t, got[i].json)
		id := row["id"].(float64)
		at, err := time.Parse(time.RFC3339, row["time_hour"].(string))
		if err != nil || !at.Equal(got[i].at) {
			t.Errorf("flight %v is at %s, not at %s: %v", id, got[i].at, at, err)
		}
		row["time_hour"] = at.Format(time.RFC3339) // Parquet has microseconds
		if diff := cmp.Diff(want[id], row); diff != "" {
			t.Fatalf("flight %v (-rows.jsonl +sent):\n%s", id, diff)
		}
		delete(want, id)
	}
	if len(want) > 0 {
		t.Errorf("%d flights are left out", len(want))
	}
	if !slices.IsSortedFunc(got, func(a, b flight) int { return a.at.Compare(b.at) }) {
		t.Error("they are not in the order of their hours")
	}
}

func parsed(t *testing.T, text []byte) (row map[string]any) {
	t.Helper()
	if err := json.Unmarshal(text, &row); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return row
}
