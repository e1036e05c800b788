package number_test

import (
	"math"
	"testing"

	"github.com/glulam/glulam/format/number"
)

func TestHalf(t *testing.T) {
	for _, c := range []struct {
		bits uint16
		want float64
	}{{0, 0}, {1, 0x1p-24}, {0x3ff, 0x3ffp-24}, {0x400, 0x1p-14}, {0x3c00, 1}, {0xbe00, -1.5}, {0x7bff, 65504}, {0x7c00, math.Inf(1)}, {0xfc00, math.Inf(-1)}} {
		if got := number.Half(c.bits); got != c.want {
			t.Errorf("%#x: %v, want %v", c.bits, got, c.want)
		}
	}
	if v := number.Half(0x8000); v != 0 || !math.Signbit(v) {
		t.Errorf("-0 is %v", v)
	}
	if !math.IsNaN(number.Half(0x7e01)) {
		t.Error("NaN is not")
	}
	// Every finite half is a sum of powers of two that float64 has: neighbours differ by the step of their exponent.
	for b := uint16(1); b < 0x7c00; b++ {
		step := math.Ldexp(1, max(int((b-1)>>10), 1)-25)
		if number.Half(b)-number.Half(b-1) != step {
			t.Fatalf("%#x: %v after %v", b, number.Half(b), number.Half(b-1))
		}
	}
}
