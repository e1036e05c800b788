//go:build !race

package leaves

const raceEnabled = false
