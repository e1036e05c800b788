package forest

import (
	"encoding/json"
	"os"
	"testing"
)

// TestCategoryHash holds CategoryHash to CatBoost's own hashes of texts of all lengths.
func TestCategoryHash(t *testing.T) {
	data, err := os.ReadFile("../../testdata/catboost/hashes.json")
	if err != nil {
		t.Fatal(err)
	}
	var known []struct {
		Hash  uint32
		Value string
	}
	if err := json.Unmarshal(data, &known); err != nil {
		t.Fatal(err)
	}
	if len(known) < 250 {
		t.Fatalf("%d hashes", len(known))
	}
	for _, k := range known {
		if got := CategoryHash([]byte(k.Value)); got != k.Hash {
			t.Errorf("%q: %d, CatBoost has %d", k.Value, got, k.Hash)
		}
	}
}
