package forest

import (
	"math"
	"testing"
)

// TestExp holds exp against glibc 2.36. The sums were made with Python's math.exp, which calls it:
//
//	for i in range(n): s = ((s ^ bits(exp(first + float(i)*step))) * 1099511628211) % 2**64  # from 14695981039346656037
func TestExp(t *testing.T) {
	for _, c := range []struct {
		first, step float64
		n           int
		sum         uint64
	}{
		{-746.0, 0.00487, 300000, 0x3f9e296c38026f5b},
		{-5.0, 3.3e-05, 300000, 0x46e724f80a7613ee},
		{-0.001, 1e-08, 200000, 0x69cb5ca0182fb88c},
	} {
		sum := uint64(14695981039346656037)
		for i := range c.n {
			x := c.first + float64(float64(i)*c.step)
			y := exp(x)
			sum = (sum ^ math.Float64bits(y)) * 1099511628211
			if want := math.Exp(x); math.Abs(y-want) > math.Abs(want)*0x1p-51 && want > 0x1p-1022 {
				t.Fatalf("exp(%v) = %v, far from %v", x, y, want)
			}
		}
		if sum != c.sum {
			t.Errorf("from %v in steps of %v: some of %d values differ from glibc's", c.first, c.step, c.n)
		}
	}
	for x, want := range map[float64]float64{0: 1, math.Inf(1): math.Inf(1), math.Inf(-1): 0, 710: math.Inf(1), -746: 0, 1e300: math.Inf(1), -1e300: 0, 1e-300: 1, -1e-20: 1} {
		if got := exp(x); got != want {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := exp(math.NaN()); got == got {
		t.Errorf("exp(NaN) = %v", got)
	}
}
