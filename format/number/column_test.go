package number

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// checkColumn reads cells, with a tail of text behind them or none, and holds them against Parse.
func checkColumn(t *testing.T, rule *Rule, cells []string) {
	t.Helper()
	text := []byte(strings.Join(cells, ",") + ",")
	if len(text) > math.MaxUint16 {
		return
	}
	marks := Marks{math.MaxUint16}
	for i, c := range text {
		if c == ',' {
			marks = append(marks, uint16(i))
		}
	}
	n := len(marks) - 1 // cells may hold commas
	for stride := 1; stride <= 2; stride++ {
		for first := range stride {
			dst := make([]float64, (n-first+stride-1)/stride)
			for at := 0; at < len(dst); at++ { // over what it leaves out
				k := rule.Column(dst[at:], text, marks, first+at*stride, stride)
				for i := at; i < at+k; i++ {
					c := first + i*stride
					cell := text[marks[c]+1 : marks[c+1]]
					want, st := rule.Parse(cell)
					if st != OK || math.Float64bits(dst[i]) != math.Float64bits(want) {
						t.Fatalf("%q is %v (%x), want %v (%x), %v", cell, dst[i], math.Float64bits(dst[i]), want, math.Float64bits(want), st)
					}
				}
				at += k
			}
		}
	}
}

var columnRules = []*Rule{NewRule([]string{"", "NA"}), NewRule(nil), NewRule([]string{"-1", "NA"}), NewRule([]string{".", ""})}

func TestColumn(t *testing.T) {
	for _, rule := range columnRules {
		for _, text := range texts {
			checkColumn(t, rule, []string{text})
			checkColumn(t, rule, []string{"", text, "12.5", text, "1234567890123"})
		}
		checkColumn(t, rule, texts)
	}
}

// TestColumnTakes: what real files have does not go the long way.
func TestColumnTakes(t *testing.T) {
	rule := columnRules[0]
	for _, cell := range []string{
		"", "0", "7", "-7", "1837", "12345678", "-1234567", "512.07", "-0.5", ".5", "5.", "123456789", "1234567890123456", "6.904679999999999",
		"12.658579999999999", "-1.2337536298411382", "0.1234567890123456", "-12345678", "123456.7", "1234567.123456789012", "-0", "-0.0",
	} {
		text := []byte(cell + "        ")
		var dst [1]float64
		if rule.Column(dst[:], text, Marks{math.MaxUint16, uint16(len(cell))}, 0, 1) != 1 {
			t.Errorf("%q is left to Parse", cell)
			continue
		}
		if want, _ := rule.Parse([]byte(cell)); math.Float64bits(dst[0]) != math.Float64bits(want) {
			t.Errorf("%q is %v", cell, dst[0])
		}
	}
}

func TestColumnRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	const alphabet = "0123456789012345678901234567890123456789.-+eNA \t"
	for range 20_000 {
		var cells []string
		for range 20 {
			var cell string
			switch rnd.IntN(4) {
			case 0:
				cell = strconv.FormatFloat(rnd.NormFloat64()*math.Pow(10, float64(rnd.IntN(8)-4)), 'f', rnd.IntN(19)-1, 64)
			case 1:
				cell = strconv.FormatInt(int64(rnd.Uint64())>>rnd.IntN(64), 10)
			case 2:
				cell = strconv.FormatFloat(float64(rnd.IntN(100_000))/math.Pow10(rnd.IntN(5)), 'g', -1, 64)
			case 3:
				for range rnd.IntN(22) {
					cell += string(alphabet[rnd.IntN(len(alphabet))])
				}
			}
			cells = append(cells, cell)
		}
		checkColumn(t, columnRules[rnd.IntN(len(columnRules))], cells)
	}
}

// FuzzColumn: Column reads any bytes as Parse does, or leaves them to it.
func FuzzColumn(f *testing.F) {
	for part := range slices.Chunk(texts, 9) {
		f.Add(strings.Join(part, ","), uint8(0))
	}
	f.Add("-1,NA,-,.,-.5,,--1,1.2.3,12345678.12345678,0.00000000000000001", uint8(2))
	f.Fuzz(func(t *testing.T, text string, rule uint8) {
		checkColumn(t, columnRules[int(rule)%len(columnRules)], strings.Split(text, ","))
	})
}
