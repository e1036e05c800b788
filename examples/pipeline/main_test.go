package main

import "os"

// The whole program, as `go run` runs it from the repository's folder.
func Example() {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	main()
	// Unordered output:
	// 2013-12-08, row 3: bad_text: carrier: "\xff\xfe" is not UTF-8
	// B6 is late with probability 0.282
	// EV is late with probability 0.474
	// HA is late with probability 0.323
	// US is late with probability 0.114
	// ZZ is late with probability 0.218
}
