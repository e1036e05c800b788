//go:build !amd64

package csv

const vectors = false

func scanWords(*byte, int, byte, *uint16, *uint16) (n, lines int) { panic("csv: no vectors") }
