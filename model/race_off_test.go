//go:build !race

package model

// RaceEnabled is for the tests outside of the package, too.
const RaceEnabled = false
