package probe

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/cpu"
)

// TestCPU: the CPU is the one that the environment names.
func TestCPU(t *testing.T) {
	x := cpu.X86
	avx512 := x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512CD
	vbmi := x.HasAVX512VBMI && x.HasAVX512VBMI2 && x.HasAVX512BITALG && x.HasAVX512VPOPCNTDQ
	got := [4]bool{x.HasAVX, x.HasAVX2 && x.HasFMA && x.HasBMI2, avx512, vbmi}
	want, ok := map[string][4]bool{
		"sse": {}, "avx2": {true, true}, "skylake": {true, true, true}, "avx512": {true, true, true, true},
	}[os.Getenv("PROBE")]
	if !ok || got != want {
		t.Fatalf("%s: %v, not %v", os.Getenv("PROBE"), got, want)
	}
}

// TestVectors compares the instructions with Go. Without them, its failure says so.
func TestVectors(t *testing.T) {
	if os.Getenv("PROBE") != "avx512" {
		t.Skip("the CPU is not to have them")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var v, bins, thr, d [64]byte
		for i := range v {
			v[i], bins[i], thr[i], d[i] = byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())
		}
		bytes(t, v, bins, thr, d)
		var index, words [8]uint64
		var a, b [8]float64
		for i := range a {
			index[i], words[i] = r.Uint64(), r.Uint64()
			a[i], b[i] = math.Ldexp(r.NormFloat64(), r.IntN(2100)-1050), math.Ldexp(r.NormFloat64(), r.IntN(40)-20)
		}
		numbers(t, index, a, b)
		var want uint64
		for i := range v {
			want |= words[i/8] >> (v[i] & 63) & 1 << i
		}
		if got := bits(&words, &v); got != want {
			t.Fatalf("bits(%x, %x) = %x, not %x", words, v, got, want)
		}
	}
}

func bytes(t *testing.T, v, bins, thr, d [64]byte) {
	want, index, mask := v, v, uint64(0)
	var found [64]byte
	for i := range v {
		if bins[i] > thr[i] {
			want[i] = max(v[i], d[i])
			mask |= 1 << i
		}
		if found[i] = thr[v[i]&63]; v[i]&64 != 0 {
			found[i] = d[v[i]&63]
		}
	}
	if got := above(&bins, &thr); got != mask {
		t.Fatalf("above(%x, %x) = %x, not %x", bins, thr, got, mask)
	}
	if compareMax(&v, &bins, &thr, &d); v != want {
		t.Fatalf("compareMax(…, %x, %x, %x) = %x, not %x", bins, thr, d, v, want)
	}
	if lookup(&index, &thr, &d); index != found {
		t.Fatalf("lookup(…, %x, %x) = %x, not %x", thr, d, index, found)
	}
}

func numbers(t *testing.T, index [8]uint64, a, b [8]float64) {
	got, acc := index, a
	leaves(&got, &a, &b)
	sum(&acc, &b)
	for i, n := range index {
		want := a[n&7]
		if n&8 != 0 {
			want = b[n&7]
		}
		if got[i] != math.Float64bits(want) {
			t.Fatalf("leaves(%x, %v, %v) = %x", index, a, b, got)
		}
		if acc[i] != a[i]+b[i] {
			t.Fatalf("sum(%v, %v) = %v", a, b, acc)
		}
	}
}
