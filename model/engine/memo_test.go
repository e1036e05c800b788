package engine

import "testing"

// TestMemo: what is found is what was put in since the last reset, however many there are.
func TestMemo(t *testing.T) {
	r := source(1)
	var s memo
	for round := range 40 {
		if round == 20 {
			s.round = ^uint32(0) - 1 // the count of rounds is soon full
		}
		s.reset()
		want := map[multiplexer]uint32{}
		for i := range uint32(r.IntN(3000)) {
			m := multiplexer{on: uint32(r.IntN(20)) * temporary / 8, zero: uint32(r.IntN(20)), one: uint32(r.IntN(20))}
			if _, ok := want[m]; !ok {
				want[m] = i
			}
			found := m
			found.to = i
			if found = s.find(found); found.to != want[m] || found.on != m.on || found.zero != m.zero || found.one != m.one {
				t.Fatalf("round %d: %+v was made as %d, not as %+v", round, m, want[m], found)
			}
		}
	}
}

// TestArena: slices do not overlap, and memory is used again after a reset.
func TestArena(t *testing.T) {
	r := source(2)
	var a arena[int]
	for round := range 6 {
		var all [][]int
		for i := range 200 {
			s := a.take(r.IntN(3000))
			if cap(s) != len(s) {
				t.Fatal("a slice can grow into the next")
			}
			for j := range s {
				s[j] = i
			}
			all = append(all, s)
		}
		for i, s := range all {
			for _, v := range s {
				if v != i {
					t.Fatalf("slices %d and %d overlap", i, v)
				}
			}
		}
		a.reset()
		if len(a.chunks) > 8 {
			t.Errorf("round %d: %d chunks for 300,000 elements", round, len(a.chunks))
		}
	}
	if n := len(a.take(3 * arenaChunk)); n != 3*arenaChunk {
		t.Errorf("%d elements", n)
	}
}
