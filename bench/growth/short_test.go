package main

import (
	"testing"

	"github.com/glulam/glulam/bench/internal/labtest"
)

// TestShort runs the short form, so that it keeps working.
func TestShort(t *testing.T) {
	labtest.Short(t, "## Rows", "## Trees", "## Features", "## Files", "## Shards", "## Cores", "| 20,000 |")
}
