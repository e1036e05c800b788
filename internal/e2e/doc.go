// Package e2e tests the built binary from outside, as its users see it: killed at any moment, on a full disk, with bad
// rows among good ones, with model files cut anywhere. It has tests only.
package e2e
