package number_test

import (
	"testing"

	"github.com/glulam/glulam/format/number"
)

// TestInexact: 1e23, written out, is between two float64s.
func TestInexact(t *testing.T) {
	for text, want := range map[string]bool{
		"9007199254740992": false, "9007199254740993": true, "-9007199254740993": true, " +009007199254740994\t": false,
		"9007199254740993.0": false, "9e300": false, "inf": false, "NA": false, "": false, "12": false,
		"100000000000000000000000": true, "100000000000000000000001": true, "18446744073709551615": true, "18446744073709551616": false,
	} {
		f, st := number.NewRule([]string{"", "NA"}).Parse([]byte(text))
		if st != number.OK {
			t.Fatalf("%q: %v", text, st)
		}
		if got := number.Inexact([]byte(text), f); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
