package main

import (
	"strings"
	"testing"
)

func TestWorker(t *testing.T) {
	for args, want := range map[string]bool{
		"":                       false,
		"batch":                  false,
		"batch --worker=true":    false,
		"--worker=true --id=1-1": true,
		"-worker --id=1-1":       true,
		"--worker=false":         false,
		"--workers":              false,
		"--help":                 false,
	} {
		if got := worker(strings.Fields(args)); got != want {
			t.Errorf("worker(%q) is %v", args, got)
		}
	}
}
