package parquet

import (
	"math"
	"math/big"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/glulam/glulam/format"
)

// A decimal becomes the float64 that is nearest to it, ties to even: the definition, by big.Rat.
func TestDecimalsAreRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 32).Draw(t, "bytes")
		b := rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "b")
		if rapid.Bool().Draw(t, "small") {
			for i := range b[:size-min(size, 7)] {
				b[i] = b[size-min(size, 7)] & 0x80 >> 7 * 0xff
			}
		}
		scale := rapid.IntRange(-30, 76).Draw(t, "scale")
		n := bigEndian(b)
		exact := new(big.Rat).SetInt(n)
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
		if scale > 0 {
			exact.Quo(exact, new(big.Rat).SetInt(ten))
		} else {
			exact.Mul(exact, new(big.Rat).SetInt(ten))
		}
		want, _ := exact.Float64()
		if got := decimalBytes(b, scale); got != want {
			t.Fatalf("%s e%d: %v, want %v", n, -scale, got, want)
		}
		if n.IsInt64() {
			if got := decimalFloat(n.Int64(), scale); got != want {
				t.Fatalf("%s e%d: %v, want %v", n, -scale, got, want)
			}
		}
	})
}

// Decimals keep all their bits through Native, and nulls do.
func TestDecimalColumns(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "d", Type: &arrow.Decimal128Type{Precision: 38, Scale: 3}, Nullable: true},
	}, nil))
	max38, _ := new(big.Int).SetString("99999999999999999999999999999999999999", 10)
	for i := range 5000 {
		if i%3 == 0 {
			b.Field(0).AppendNull()
			continue
		}
		n := new(big.Int).Rsh(max38, uint(i%120))
		if i%2 == 0 {
			n.Neg(n)
		}
		b.Field(0).(*array.Decimal128Builder).Append(decimal128.FromBigInt(n))
	}
	rec := b.NewRecordBatch()
	g := mustRead(t, write(t, rec.Schema(), rec), []format.Column{{Name: "d", Kind: format.Native}, {Name: "n", Path: "d", Kind: format.Number}}, 1)
	if !sameValues(g.columns[0], rec.Column(0)) {
		t.Error("Native differs")
	}
	d := rec.Column(0).(*array.Decimal128)
	for i := range d.Len() {
		want := math.NaN()
		if d.IsValid(i) {
			want, _ = new(big.Rat).SetFrac(d.Value(i).BigInt(), big.NewInt(1000)).Float64()
		}
		if got := g.columns[1].(*array.Float64).Value(i); !sameFloat(got, want) {
			t.Fatalf("%s: %v, want %v", d.ValueStr(i), got, want)
		}
	}
}
