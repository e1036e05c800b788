package engine

var olderKernels = func() []*kernel {
	old, slow := newAVX512(false, false), newAVX512(true, false)
	old.name, slow.name = "avx512 of 2017", "avx512 without gathers"
	old.runs, slow.runs = avx512.runs, avx512.laned > 0
	return []*kernel{&old, &slow}
}()
