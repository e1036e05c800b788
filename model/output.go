package model

import (
	"strconv"
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

// decimal converts an exact decimal's text to the nearest float64.
func decimal(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64) // 76 digits at the most: always in range
	return v
}
