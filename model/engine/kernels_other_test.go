//go:build !amd64

package engine

var olderKernels []*kernel
