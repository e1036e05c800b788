package model

import (
	"testing"

	"github.com/glulam/glulam/model/forest"
)

// TestAmbiguousCategory: a boolean or a float of a text file that would be another category if it were a number.
func TestAmbiguousCategory(t *testing.T) {
	for v, want := range map[string]string{"True": "1", "false": "0", "2.0": "2", "-3.0": "-3", "2": "", "2.5": "", "x": "", ".0": "", "01": "", "1e3": ""} {
		if got := otherForm(v); got != want {
			t.Errorf("%q: %q, want %q", v, got, want)
		}
	}
	one := &codes{hash: hashCodes([]uint32{forest.CategoryHash([]byte("1")), forest.CategoryHash([]byte("False"))}), unseen: unseenHash}
	c := &boundColumn{name: "flag", codes: one}
	var s Scores
	for row, v := range []string{"True", "1.0", "False", "0.0", "other"} {
		if _, ok := one.ofText(v); !ok {
			c.ambiguous(row, v, &s)
		}
	}
	if len(s.Refused) != 2 || s.Refused[0].Row != 0 || s.Refused[1].Row != 1 || s.Refused[0].Field != "flag" {
		t.Errorf("refused %v", s.Refused)
	}
}
