package xgboost

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestPrefix compares with strconv: numbers as XGBoost writes them, as others do, between two float32s, and out of range.
func TestPrefix(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check := func(s string) {
		t.Helper()
		want, err := strconv.ParseFloat(s, 32)
		if err != nil && !math.IsInf(want, 0) {
			t.Fatalf("%s: %v", s, err)
		}
		got, n := prefix([]byte(s + ","))
		if n != len(s) || math.Float32bits(got) != math.Float32bits(float32(want)) {
			t.Fatalf("%s: got %v (%d bytes), want %v", s, got, n, float32(want))
		}
	}
	for range 300000 {
		f := math.Float32frombits(r.Uint32())
		if f-f != 0 {
			continue
		}
		check(strconv.FormatFloat(float64(f), 'E', -1, 32))
		check(strconv.FormatFloat(float64(f), 'g', 17, 64))
		// The place between two float32s, as exactly as the digits allow, and next to it.
		middle := (float64(f) + float64(math.Nextafter32(f, 0))) / 2
		for _, m := range []float64{middle, math.Nextafter(middle, 0), math.Nextafter(middle, math.Inf(1))} {
			check(strconv.FormatFloat(m, 'e', r.IntN(18), 64))
			check(strconv.FormatFloat(m, 'e', -1, 64))
		}
	}
	for range 300000 {
		check(strconv.FormatUint(r.Uint64()>>r.IntN(64), 10))
		check(strconv.FormatUint(r.Uint64()>>r.IntN(64), 10) + "." + strconv.FormatUint(r.Uint64()>>r.IntN(64), 10))
		check("-" + strconv.FormatUint(r.Uint64()>>r.IntN(64), 10) + "e" + strconv.Itoa(r.IntN(100)-60))
	}
	for _, s := range []string{"0", "-0", "0E0", "-0.0", "00012", "1e-400", "-1e-46", "1e39", "-1e400", "3.4028236e38", "16777217", "16777219",
		"9007199791611905", "1.00000017881393432617187499", "1.00000017881393432617187500", "1.00000017881393432617187501", "1e22", "1e23", "5.", "0e999999999999999999999"} {
		check(s)
	}
	for s, want := range map[string]float64{"NaN": math.NaN(), "-Infinity": math.Inf(-1), "inf": math.Inf(1)} {
		if got, n := prefix([]byte(s)); n != len(s) || float64(got) != want && want == want {
			t.Errorf("%s: %v", s, got)
		}
	}
	for _, s := range []string{"", "-", "e5", ".5", "1e", "1e+", "x", "-x", "+1", "Na"} {
		if got, n := prefix([]byte(s)); n != 0 {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}
