package xgboost

import (
	"testing"

	"github.com/glulam/glulam/model/internal/allfloats"
)

// TestExpm1f holds expm1f against glibc's, for the arguments that it is made for.
func TestExpm1f(t *testing.T) {
	allfloats.Check(t, func(x float32) float32 {
		if x < 0 {
			return expm1f(x)
		}
		return 0
	}, 0x686ad33bae0c5935, 0x6b71782611496fa7)
}

// TestSoftplusInverse holds the whole against the same in C, which takes NaN for 0.
func TestSoftplusInverse(t *testing.T) {
	allfloats.Check(t, func(x float32) float32 {
		if x != x {
			x = 0
		}
		return softplusInverse(x)
	}, 0xff24e9bf89f14222, 0x524929a5c59b226f)
}
