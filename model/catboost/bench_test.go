package catboost

import (
	"os"
	"testing"
)

const cases = "../../testdata/catboost"

// BenchmarkParse loads the same models in both formats, and the largest of the golden ones.
func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"lossguide.json", "lossguide.cbm", "binary.json", "binary.cbm", "many_trees.cbm"} {
		b.Run(name, func(b *testing.B) {
			data := readFile(b, cases+"/"+name)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(data, name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func readFile(t testing.TB, path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: testdata/gen/catboost_cases.py makes it", err)
	}
	return data
}
