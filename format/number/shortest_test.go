package number

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

func checkAppend(t *testing.T, v float64) {
	t.Helper()
	if math.IsNaN(v) {
		return
	}
	for _, dst := range [][]byte{nil, []byte("x,"), make([]byte, 3, 64)} {
		want := strconv.AppendFloat(append([]byte(nil), dst...), v, 'f', -1, 64)
		if got := AppendFloat(dst, v); string(got) != string(want) {
			t.Fatalf("%x is %q, want %q", math.Float64bits(v), got, want)
		}
	}
}

func TestAppendFloat(t *testing.T) {
	for _, v := range []float64{
		0, math.Copysign(0, -1), 1, -1, 0.1, 0.5, -0.3, 1e-6, 9.999999999999999e-7, 1.0000000000000002, 0.9999999999999999, 123456.789, 1e15 + 0.5,
		4503599627370495.5, -4503599627370496.5, 9007199254740991, 9007199254740992, 1e22, 1e300, 5e-324, math.Inf(1), math.Inf(-1), math.MaxFloat64,
		0.125, 0.25, 2.5, 10.5, 100.25, 0.00001, 0.000123, 1.5e-5, 8.41e21, 2.0 / 3,
	} {
		checkAppend(t, v)
	}
	for e := -30; e <= 60; e++ { // the neighbours of powers of two, where intervals are uneven
		v := math.Ldexp(1, e)
		for _, v := range []float64{v, math.Nextafter(v, 0), math.Nextafter(v, 1e300)} {
			checkAppend(t, v)
			checkAppend(t, -v)
		}
	}
	for e := -10; e <= 20; e++ {
		v := math.Pow10(e)
		for range 50 {
			v = math.Nextafter(v, 0)
		}
		for range 100 {
			checkAppend(t, v)
			v = math.Nextafter(v, 1e300)
		}
	}
}

func TestAppendFloatRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 300_000 {
		checkAppend(t, rnd.Float64())
		checkAppend(t, math.Ldexp(1+rnd.Float64(), rnd.IntN(90)-25))
		checkAppend(t, -float64(rnd.IntN(1e9))/math.Pow10(rnd.IntN(10)))
		checkAppend(t, math.Ldexp(float64(rnd.IntN(1<<20)), -rnd.IntN(40)))
		if f := rnd.NormFloat64(); rnd.IntN(10) == 0 {
			checkAppend(t, float64(float32(f)))
		}
	}
}

func FuzzAppendFloat(f *testing.F) {
	for _, v := range []float64{0.1, 1e-6, 3.5, 1e21} {
		f.Add(math.Float64bits(v), uint16(1010))
	}
	f.Fuzz(func(t *testing.T, bits uint64, exp uint16) {
		checkAppend(t, math.Float64frombits(bits))
		checkAppend(t, math.Float64frombits(bits&^(0x7ff<<52)|uint64(exp&0x7ff)<<52))
	})
}

func BenchmarkAppendFloat(b *testing.B) {
	var v [4096]float64
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range v {
		v[i] = rnd.Float64()
	}
	var buf []byte
	b.Run("strconv", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			buf = strconv.AppendFloat(buf[:0], v[i&4095], 'f', -1, 64)
		}
	})
	b.Run("number", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			buf = AppendFloat(buf[:0], v[i&4095])
		}
	})
}
