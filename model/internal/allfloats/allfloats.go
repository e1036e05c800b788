package allfloats

import (
	"math"
	"os"
	"testing"
)

// Check compares f with a function in C (glibc 2.36's) at every 4093rd float32, or with GLULAM_ALL_FLOATS=1 at all of them, by
// a sum of all values:
//
//	for (i = 0; i < 1<<32; i += step) s = (s ^ bits(f(float(i)))) * 1099511628211  // from 14695981039346656037; NaN is 0x7fc00000
//
// some and all are what that program printed for the steps 4093 and 1.
func Check(t *testing.T, f func(float32) float32, some, all uint64) {
	t.Helper()
	step, want := uint64(4093), some
	if os.Getenv("GLULAM_ALL_FLOATS") != "" {
		step, want = 1, all
	}
	sum := uint64(14695981039346656037)
	for i := uint64(0); i < 1<<32; i += step {
		bits := math.Float32bits(f(math.Float32frombits(uint32(i))))
		if bits&0x7fffffff > 0x7f800000 {
			bits = 0x7fc00000
		}
		sum = (sum ^ uint64(bits)) * 1099511628211
	}
	if sum != want {
		t.Errorf("some values differ from glibc's: sum %#x, want %#x", sum, want)
	}
}
