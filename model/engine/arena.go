package engine

// arena hands out small slices of one type, all of which reset takes back at once. The zero value is ready.
type arena[T any] struct {
	chunks [][]T
	chunk  int // the one in use
	used   int // of it
}

const arenaChunk = 1 << 16 // elements

// take gives n elements that hold anything.
func (a *arena[T]) take(n int) []T {
	for ; a.chunk < len(a.chunks); a.chunk, a.used = a.chunk+1, 0 {
		if c := a.chunks[a.chunk]; n <= len(c)-a.used {
			a.used += n
			return c[a.used-n : a.used : a.used]
		}
	}
	a.chunks = append(a.chunks, make([]T, max(n, arenaChunk)))
	a.used = n
	return a.chunks[a.chunk][:n:n]
}

func (a *arena[T]) reset() { a.chunk, a.used = 0, 0 }
