// Package probe is what emulate's own test runs on emulated CPUs: instructions that they must have, in assembly, each compared with Go.
package probe
