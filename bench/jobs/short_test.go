package main

import (
	"testing"

	"github.com/glulam/glulam/bench/internal/labtest"
)

// TestShort runs the short form, so that it keeps working.
func TestShort(t *testing.T) {
	labtest.Short(t, "### numeric, 20,000 rows", "| glulam |", "| glulam-parquet |", "| glulam-all |")
}
