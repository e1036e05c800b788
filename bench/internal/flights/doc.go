// Package flights makes input of any size of the 5,000 flights of testdata: the same rows over and over, as one file or as many.
package flights
