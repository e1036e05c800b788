package number

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// want is what Parse is defined as: strconv.ParseFloat on what remains of its syntax.
func want(text string) (float64, Status) {
	text = strings.Trim(text, " \t")
	if strings.ContainsAny(text, "xX_") || strings.Contains(strings.ToLower(text), "nan") {
		return 0, Bad
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err == nil:
		return f, OK
	case err.(*strconv.NumError).Err == strconv.ErrRange:
		return f, Range
	default:
		return 0, Bad
	}
}

func check(t *testing.T, text string) {
	t.Helper()
	got, status := Parse([]byte(text))
	f, s := want(text)
	if f, n := Prefix([]byte(text)); n > 0 {
		w, s := want(text[:n])
		if s != OK || text[0] == ' ' || math.Float64bits(f) != math.Float64bits(w) {
			t.Errorf("Prefix(%q) = %v, %d; want %v, %v", text, f, n, w, s)
		}
		if _, longer := want(text[:min(n+1, len(text))]); n < len(text) && longer == OK && text[n] != ' ' && text[n] != '\t' {
			t.Errorf("Prefix(%q) stops at %d, but one byte more is a number too", text, n)
		}
	}
	if status != s || math.Float64bits(got) != math.Float64bits(f) {
		t.Errorf("Parse(%q) = %v (%x), %v; want %v (%x), %v", text, got, math.Float64bits(got), status, f, math.Float64bits(f), s)
	}
}

var texts = []string{
	"", " ", "\t", "0", "-0", "+0", "00", "007", "1", "-1", "+1", " 1", "1 ", "\t1.5 \t", "1 2", "+ 1", "1.", ".5", ".", "-.",
	"-.5", "+.5e1", "1e", "1e+", "1e-", "e1", ".e1", "1e1", "1E1", "1e+1", "1e-1", "1e1.5", "1e01", "1e0000000000000000000001",
	"1e22", "1e23", "1e37", "123e22", "123456789012345e22", "1234567890123456e22", "1e-22", "1e-23", "3e-22", "7e22", "9e22",
	"9007199254740991", "9007199254740992", "9007199254740993", "9007199254740993.0", "9007199254740991e-22",
	"9007199254740991e22", "18446744073709551615", "18446744073709551616", "1844674407370955161600000", "0.1", "0.3",
	"123456789.123456789", "0.0000000000000000000000001", "1.7976931348623157e308", "1.7976931348623158e308",
	"1.7976931348623159e308", "1e308", "1e309", "-1e309", "1e999", "-1e999999999999999999999", "1e-999999999999999999999",
	"0e999999", "-0e999", "0.0e-999", "5e-324", "2e-324", "-1e-400", "2.2250738585072011e-308", "4.9e-324", "inf", "Inf",
	"INF", "+inf", "-inf", "infinity", "-Infinity", "+INFINITY", "infi", "infinit", "infinityx", "in", "i", "--1", "+-1", "nan",
	"NaN", "-nan", "+NaN", "NAN", "0x1p3", "0X1P3", "1_000", "1,5", "1'000", "1f", "1d", "12a", "a12", "1\x00", "\x001", "١",
	"1\n", "1\r", " 1", "1e5 ", "1.2.3", "0.00000000000000000001234567890123456789", "0.000012345678901234567", "123456789012345678.0", "1.12345678", "1.1234567", "1.123456789", "1.1234567812345678", "1.12345678a", "1.12345/78", "1.1234:678", "12345678901234567890.12345678",
	"\x10", "1\x05", "true", "false", "1E", "1EE1", "-", "+", "- 1",
	"99999999999999999999999999999999999999999999999", "0.000000000000000000000000000000000000000000000000000001",
	"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
}

func TestParse(t *testing.T) {
	for _, text := range texts {
		check(t, text)
	}
}

// TestParseRandom covers each way to write numbers that real files have, around each limit of the fast path.
func TestParseRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300_000 {
		var text string
		switch rnd.IntN(6) {
		case 0:
			text = strconv.FormatFloat(math.Float64frombits(rnd.Uint64()), "efg"[rnd.IntN(3)], rnd.IntN(24)-1, 64)
		case 1:
			text = strconv.FormatFloat(rnd.NormFloat64(), 'g', -1, 64)
		case 2:
			text = fmt.Sprintf("%d.%0*d", rnd.IntN(100_000), rnd.IntN(12)+1, rnd.IntN(1000))
		case 3:
			text = fmt.Sprintf("%de%d", rnd.Uint64()>>rnd.IntN(64), rnd.IntN(60)-30)
		case 4:
			text = fmt.Sprintf("-%d.%de%d", rnd.Uint64()>>rnd.IntN(64), rnd.Uint64()>>rnd.IntN(64), rnd.IntN(700)-350)
		case 5:
			text = strconv.FormatUint(rnd.Uint64()>>rnd.IntN(64), 10)
		}
		if check(t, text); t.Failed() {
			return
		}
	}
}

// TestTens computes the table of powers with integers of any size.
func TestTens(t *testing.T) {
	for e := minTen; e <= maxTen; e++ {
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil)
		n := new(big.Int).Lsh(ten, 512)
		if e < 0 {
			n.Quo(n.Lsh(big.NewInt(1), 1024), ten)
		}
		n.Rsh(n, uint(n.BitLen()-128))
		got := new(big.Int).SetUint64(tens[e-minTen].hi)
		got.Lsh(got, 64).Or(got, new(big.Int).SetUint64(tens[e-minTen].lo))
		if got.Cmp(n) != 0 {
			t.Errorf("1e%d: %x, want %x", e, got, n)
		}
	}
	if len(tens) != maxTen-minTen+1 {
		t.Errorf("%d powers", len(tens))
	}
}

func TestBool(t *testing.T) {
	for text, f := range map[string]float64{"true": 1, "True": 1, "TRUE": 1, " true\t": 1, "false": 0, "False": 0, "FALSE": 0} {
		if got, ok := Bool([]byte(text)); !ok || got != f {
			t.Errorf("Bool(%q) = %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "t", "tRUE", "yes", "1", "truee", "fals", "on"} {
		if got, ok := Bool([]byte(text)); ok {
			t.Errorf("Bool(%q) = %v, want not ok", text, got)
		}
	}
}

func TestRule(t *testing.T) {
	r := NewRule([]string{"", "NA", "-999", "NaN"})
	for text, f := range map[string]float64{
		"": math.NaN(), "  ": math.NaN(), "NA": math.NaN(), " NA ": math.NaN(), "-999": math.NaN(), "NaN": math.NaN(),
		"-999.0": -999, "1": 1, "true": 1, "FALSE": 0, "-inf": math.Inf(-1),
	} {
		got, status := r.Parse([]byte(text))
		if status != OK || got != f && !(math.IsNaN(got) && math.IsNaN(f)) {
			t.Errorf("Parse(%q) = %v, %v; want %v", text, got, status, f)
		}
	}
	for _, text := range []string{"nan", "N", "na", "null", "x"} {
		if got, status := r.Parse([]byte(text)); status != Bad {
			t.Errorf("Parse(%q) = %v, %v; want bad", text, got, status)
		}
	}
	none := NewRule(nil)
	if got, status := none.Parse([]byte("")); status != Bad {
		t.Errorf("empty cell without nulls: %v, %v; want bad", got, status)
	}
	if got, status := none.Parse([]byte("1e400")); status != Range || !math.IsInf(got, 1) {
		t.Errorf("1e400: %v, %v; want range", got, status)
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	r := NewRule([]string{"", "NA"})
	cells := [][]byte{[]byte("1.5"), []byte("0.12345678901234567"), []byte("x"), []byte(""), []byte("NA"), []byte("true"), []byte("inf")}
	if n := testing.AllocsPerRun(100, func() {
		for _, c := range cells {
			r.Parse(c)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}

var benchCells = []struct {
	name  string
	write func(rnd *rand.Rand) string
}{
	{"integers", func(rnd *rand.Rand) string { return strconv.Itoa(rnd.IntN(3000)) }},
	{"prices", func(rnd *rand.Rand) string { return fmt.Sprintf("%d.%02d", rnd.IntN(1000), rnd.IntN(100)) }},
	{"float32", func(rnd *rand.Rand) string { return strconv.FormatFloat(float64(rnd.Float32()), 'g', -1, 32) }},
	{"float64", func(rnd *rand.Rand) string { return strconv.FormatFloat(rnd.NormFloat64(), 'g', -1, 64) }},
}

func BenchmarkParse(b *testing.B) {
	for _, bc := range benchCells {
		rnd := rand.New(rand.NewPCG(1, 2))
		cells := make([][]byte, 4096)
		for i := range cells {
			cells[i] = []byte(bc.write(rnd))
		}
		rule := NewRule([]string{"", "NA", "NaN", "nan", "null"})
		b.Run(bc.name+"/strconv", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				strconv.ParseFloat(string(cells[i&4095]), 64)
			}
		})
		b.Run(bc.name+"/number", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				Parse(cells[i&4095])
			}
		})
		b.Run(bc.name+"/rule", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				rule.Parse(cells[i&4095])
			}
		})
	}
}
