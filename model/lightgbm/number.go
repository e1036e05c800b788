package lightgbm

import (
	"math"
	"strconv"
)

// floats reads an array of exactly want numbers. The result is scratch memory: it is valid until the next call.
//
// LightGBM reads thresholds, leaf values and linear models with a correctly rounded parser (fast_double_parser, strtod),
// and so does this. It also reads what C writes for the infinities; NaN is left to the caller.
func (p *parser) floats(v field, want int) ([]float64, error) {
	out := p.floatBuf[:0]
	s := v.text
	for {
		for len(s) > 0 && s[0] == ' ' {
			s = s[1:]
		}
		if s == "" {
			break
		}
		n := 0
		for n < len(s) && s[n] != ' ' {
			n++
		}
		if len(out) == want {
			return nil, p.corrupt(v, "has more than %d values", want)
		}
		x, ok := parseFloat(s[:n])
		if !ok {
			return nil, p.corrupt(v, "%s is not a number that a float64 can hold", quote(s[:n]))
		}
		out = append(out, x)
		s = s[n:]
	}
	p.floatBuf = out
	if len(out) != want {
		return nil, p.corrupt(v, "has %d values; %d belong there", len(out), want)
	}
	return out, nil
}

// finiteFloats is floats for arrays in which an infinity or NaN has no use.
func (p *parser) finiteFloats(v field, want int) ([]float64, error) {
	out, err := p.floats(v, want)
	if err != nil {
		return nil, err
	}
	for i, x := range out {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return nil, p.unsupported(v, "the training went wrong there (labels, weights or a custom objective); train again",
				"value %d is %v: every prediction through it would be, too", i, x)
		}
	}
	return out, nil
}

// parseFloat reads a decimal number as C's strtod does; hexadecimal numbers and underscores are not for it.
func parseFloat(s string) (float64, bool) {
	for i := range len(s) {
		if c := s[i]; c-'0' > 9 && c != '.' && c != '-' && c != 'e' && c != '+' {
			return parseWord(s)
		}
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}

// parseWord reads what printf and iostreams write for values that are no finite numbers.
func parseWord(s string) (float64, bool) {
	switch s {
	case "inf":
		return math.Inf(1), true
	case "-inf":
		return math.Inf(-1), true
	case "nan", "-nan":
		return math.NaN(), true
	}
	return 0, false
}

// ints reads an array of exactly want integers from lo to hi. The result is scratch memory: it is valid until the next
// call.
func (p *parser) ints(v field, want int, lo, hi int64) ([]int64, error) {
	out := p.intBuf[:0]
	s := v.text
	for {
		for len(s) > 0 && s[0] == ' ' {
			s = s[1:]
		}
		if s == "" {
			break
		}
		n := 0
		for n < len(s) && s[n] != ' ' {
			n++
		}
		if len(out) == want {
			return nil, p.corrupt(v, "has more than %d values", want)
		}
		x, ok := parseInt(s[:n])
		if !ok || x < lo || x > hi {
			return nil, p.corrupt(v, "value %d is %s, not an integer from %d to %d", len(out), quote(s[:n]), lo, hi)
		}
		out = append(out, x)
		s = s[n:]
	}
	p.intBuf = out
	if len(out) != want {
		return nil, p.corrupt(v, "has %d values; %d belong there", len(out), want)
	}
	return out, nil
}

// parseInt reads the integers that LightGBM writes: up to 18 digits, with a minus or not.
func parseInt(s string) (int64, bool) {
	negative := len(s) > 0 && s[0] == '-'
	if negative {
		s = s[1:]
	}
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	x := int64(0)
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		x = x*10 + int64(d)
	}
	if negative {
		x = -x
	}
	return x, true
}

// integer reads a field that is one integer from lo to hi.
func (p *parser) integer(v field, lo, hi int64) (int, error) {
	x, ok := parseInt(v.text)
	if !ok || x < lo || x > hi {
		return 0, p.corrupt(v, "%s is not an integer from %d to %d", quote(v.text), lo, hi)
	}
	return int(x), nil
}

// atof is LightGBM's Common::Atof, with which it reads the sigmoid parameter: not correctly rounded, so that 1.23457
// can come out one bit off. It takes as many digits as have exact powers of ten; LightGBM writes six.
func atof(s string) (float64, bool) {
	digits := func() (value float64, n int) {
		for n < len(s) && s[n]-'0' <= 9 {
			value = float64(value*10) + float64(s[n]-'0')
			n++
		}
		s = s[n:]
		return value, n
	}
	value, n := digits()
	if n == 0 || n > 22 {
		return 0, false
	}
	if s != "" && s[0] == '.' {
		s = s[1:]
		fraction, n := digits()
		if n > 22 {
			return 0, false
		}
		value += fraction / math.Pow10(n)
	}
	if s == "" {
		return value, true
	}
	if len(s) < 2 || s[0] != 'e' {
		return 0, false
	}
	negative := s[1] == '-'
	if s = s[1:]; s[0] == '-' || s[0] == '+' {
		s = s[1:]
	}
	exponent, ok := parseInt(s)
	if !ok || exponent < 0 || exponent > 308 {
		return 0, false
	}
	scale := 1.0
	for ; exponent >= 50; exponent -= 50 {
		scale *= 1e50
	}
	for ; exponent >= 8; exponent -= 8 {
		scale *= 1e8
	}
	for ; exponent > 0; exponent-- {
		scale *= 10
	}
	if negative {
		return value / scale, true
	}
	return value * scale, true
}
