// Package engine compiles.
package engine
