package xgboost

import (
	"math"
	"os"
	"testing"
)

// TestLogf holds logf against glibc 2.36, at every 4093rd float32; with GLULAM_ALL_FLOATS=1 at all of them. The sums are
// those of a program in C that calls glibc's logf:
//
//	for (i = 0; i < 1<<32; i += step) s = (s ^ bits(logf(float(i)))) * 1099511628211  // from 14695981039346656037; NaN is 0x7fc00000
func TestLogf(t *testing.T) {
	step, want := uint64(4093), uint64(0xeb6e7eab347d73e5)
	if os.Getenv("GLULAM_ALL_FLOATS") != "" {
		step, want = 1, 0xe84e0d5b240a5659
	}
	sum := uint64(14695981039346656037)
	for i := uint64(0); i < 1<<32; i += step {
		bits := math.Float32bits(logf(math.Float32frombits(uint32(i))))
		if bits&0x7fffffff > 0x7f800000 {
			bits = 0x7fc00000
		}
		sum = (sum ^ uint64(bits)) * 1099511628211
	}
	if sum != want {
		t.Errorf("some values differ from glibc's: sum %#x, want %#x", sum, want)
	}
}
