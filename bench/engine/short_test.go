package main

import (
	"testing"

	"github.com/glulam/glulam/bench/internal/labtest"
)

// TestShort runs the short form, so that it keeps working.
func TestShort(t *testing.T) {
	labtest.Short(t, "| glulam reference |", "| leaves |", "## numeric, 2 threads", "### 1 thread, 8,192 rows a call")
}
