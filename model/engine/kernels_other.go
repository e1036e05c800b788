//go:build !amd64

package engine

var kernels = []*kernel{&portable}
