package engine

var kernels = []*kernel{&portable, &avx2}
