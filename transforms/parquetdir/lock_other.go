//go:build !unix

package parquetdir

// lock does nothing where there are no advisory locks.
func lock(string) (release func(), err error) { return func() {}, nil }
