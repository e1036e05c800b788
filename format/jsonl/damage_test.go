package jsonl

import (
	"slices"
	"testing"

	"github.com/glulam/glulam/format"
)

// Records that differ from the one before in a single byte: none may pass for it. Names of many lengths, since eight
// bytes are compared at a time.
func TestDamagedBytes(t *testing.T) {
	good := []byte(`{"a":1,"bb":"x","ccc": true,"dddd":null,"eeeee":[1],"ffffff":{"a":2,"bb":3},"ggggggg":12.5,"hhhhhhhh":1,"iiiiiiiii":2,` +
		`"jjjjjjjjjj":3 ,"kkkkkkkkkkk":4, "llllllllllll":5,"mmmmmmmmmmmmm":6,"nnnnnnnnnnnnnn":7,"oooooooooooooooooooo":"exactly8"}` + "\n")
	cols := []format.Column{{Name: "a"}, {Name: "ffffff.bb"}, {Name: "hhhhhhhh"}, {Name: "nnnnnnnnnnnnnn"}, {Name: "eeeee", Kind: format.Raw}, {Name: "bb", Kind: format.Text}}
	for at := range len(good) - 1 {
		var data []byte
		for _, c := range []byte(`x": ,}{]1.`) {
			bad := slices.Clone(good)
			bad[at] = c
			data = append(append(data, good...), bad...)
			data = append(append(data, good...), slices.Insert(slices.Clone(good), at, c)...)
		}
		data = append(append(data, good...), slices.Delete(slices.Clone(good), at, at+1)...)
		if err := compare(data, Format{}, cols, 0); err != nil {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}
