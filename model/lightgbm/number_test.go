package lightgbm

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestAtof has what LightGBM 4.7.0 makes of the sigmoid parameter, found by taking the logarithm of predictions of models
// of one leaf: one bit off of the nearest float64.
func TestAtof(t *testing.T) {
	for text, want := range map[string]float64{
		"1.00544": 0x1.0164840e171ap+00,
		"2.38595": 0x1.3166cf41f212ep+01,
		"7.70431": 0x1.ed136a400fba8p+02,
	} {
		if got, ok := atof(text); !ok || got != want {
			t.Errorf("%s: %x, want %x", text, got, want)
		}
		if exact, _ := strconv.ParseFloat(text, 64); exact == want {
			t.Errorf("%s shows nothing", text)
		}
	}
	for text, want := range map[string]float64{
		"1": 1, "0.5": .5, "1e-05": 1e-5, "1.5e+06": 1.5e6, "1e+10": 1e10, "5.": 5,
	} {
		if got, ok := atof(text); !ok || got != want {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "x", "1x", "-1", "+1", "e5", "1e", "1e-", "1e+x", "1e999", "inf", "1 ", "12345678901234567890123", "0.12345678901234567890123"} {
		if got, ok := atof(text); ok {
			t.Errorf("%q gives %v", text, got)
		}
	}
}

func TestParseFloat(t *testing.T) {
	for text, want := range map[string]float64{
		"0": 0, "-0": math.Copysign(0, -1), "1e-400": 0, "4.9e-324": 5e-324, "1.0000000180025095e-35": float64(float32(1e-35)),
		"inf": math.Inf(1), "-inf": math.Inf(-1), "1.7976931348623157e+308": math.MaxFloat64,
		"0.1000000000000000055511151231257827021181583404541015625": 0.1,
	} {
		if got, ok := parseFloat(text); !ok || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", "e", "1e", "1..2", "0x1", "1_0", "Inf", "infinity", "+inf", "NaN", "1e309", "1,5", "1f"} {
		if got, ok := parseFloat(text); ok {
			t.Errorf("%q gives %v", text, got)
		}
	}
}

// TestFormats reads numbers back as LightGBM writes them (%.17g), and as short as can be.
func TestFormats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Float64().Draw(t, "x")
		for _, text := range []string{fmt.Sprintf("%.17g", want), strconv.FormatFloat(want, 'g', -1, 64), strconv.FormatFloat(want, 'f', -1, 64)} {
			if got, ok := parseFloat(text); !ok || math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("%s: %v, %v", text, got, ok)
			}
		}
		i := rapid.Int64Range(-999_999_999_999_999_999, 999_999_999_999_999_999).Draw(t, "i")
		if got, ok := parseInt(strconv.FormatInt(i, 10)); !ok || got != i {
			t.Fatalf("%d: %d, %v", i, got, ok)
		}
	})
}

func TestParseInt(t *testing.T) {
	for _, text := range []string{"", "-", "+1", "--1", "1.0", "1e3", " 1", "1 ", "0x1", "1234567890123456789"} {
		if got, ok := parseInt(text); ok {
			t.Errorf("%q gives %v", text, got)
		}
	}
}
