package model

import (
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// OutputNames names the columns of an output with k values a row: the name itself for one, name_0, name_1, ... for more.
func OutputNames(name string, k int) []string {
	if k == 1 {
		return []string{name}
	}
	names := make([]string, k)
	for i := range names {
		names[i] = name + "_" + strconv.Itoa(i)
	}
	return names
}

// decimal128Value is the float64 nearest to n / 10^scale.
func decimal128Value(n decimal128.Num, scale int32) float64 {
	// Integers up to 2^53 and powers of ten up to 10^22 are exact, so that their quotient is rounded once.
	v := int64(n.LowBits())
	if n.HighBits() == v>>63 && v <= 1<<53 && v >= -1<<53 && scale >= 0 && scale <= 22 {
		return float64(v) / math.Pow10(int(scale))
	}
	return decimal(n.ToString(scale))
}

// decimal converts an exact decimal's text to the nearest float64.
func decimal(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64) // 76 digits at the most: always in range
	return v
}
