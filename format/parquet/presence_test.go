package parquet

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestSpread holds bitmaps and spread values of every width against a loop over rows.
func TestSpread(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, width := range []int{1, 2, 3, 4, 8, 12, 16} {
		for range 200 {
			n := rnd.IntN(70)
			share := rnd.Float64() * rnd.Float64()
			defs, valid := make([]int16, n), make([]bool, n)
			var vals []byte
			want, wantBits := make([]byte, n*width), make([]byte, (n+7)/8)
			for i := range n {
				defs[i] = int16(rnd.IntN(2))
				if rnd.Float64() > share {
					defs[i], valid[i] = 2, true
					wantBits[i/8] |= 1 << (i % 8)
					for k := range width {
						vals = append(vals, byte(rnd.Uint32()))
						want[i*width+k] = vals[len(vals)-1]
					}
				}
			}
			for _, p := range []presence{{defs: &defs, highest: 2}, {valid: &valid}} {
				bits := p.bitmap(bytes.Repeat([]byte{0xff}, 10), n)
				got := bytes.Repeat([]byte{0xff}, n*width)
				spread(got, vals, width, bits)
				if !bytes.Equal(bits, wantBits) || !bytes.Equal(got, want) {
					t.Fatalf("%d rows of %d bytes: %x at %x, want %x at %x", n, width, got, bits, want, wantBits)
				}
			}
		}
	}
}

func BenchmarkSpread(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const n = 4096
	for _, share := range []float64{0.2, 0.997} {
		defs := make([]int16, n)
		count := 0
		for i := range defs {
			if rnd.Float64() > share {
				defs[i] = 1
				count++
			}
		}
		p := presence{defs: &defs, highest: 1}
		vals, dst := make([]byte, 8*count), make([]byte, 8*n)
		var bits []byte
		b.Run(fmt.Sprintf("nulls=%v", share), func(b *testing.B) {
			for b.Loop() {
				bits = p.bitmap(bits, n)
				spread(dst, vals, 8, bits)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/value")
		})
	}
}
