package engine

import "math/bits"

// memo finds the multiplexers of a circuit by what they are made of. The zero value is ready.
type memo struct {
	slots []memoSlot // a power of two
	round uint32     // slots of other rounds are empty
	count int
}

type memoSlot struct {
	m     multiplexer
	round uint32
}

// reset forgets all.
func (s *memo) reset() {
	s.count = 0
	if s.round++; s.round == 0 {
		clear(s.slots)
		s.round = 1
	}
}

// find gives the multiplexer that agrees with m but for the plane that it makes. If there is none, m is remembered, and given.
func (s *memo) find(m multiplexer) multiplexer {
	if 2*s.count >= len(s.slots) {
		s.grow()
	}
	at := s.slot(m)
	if at.round != s.round {
		*at = memoSlot{m, s.round}
		s.count++
	}
	return at.m
}

// slot of a multiplexer like m, or the empty one for it.
func (s *memo) slot(m multiplexer) *memoSlot {
	high, low := bits.Mul64(uint64(m.on)<<32|uint64(m.zero)^0x9e3779b97f4a7c15, uint64(m.one)<<1^0xd1342543de82ef95)
	for i := high ^ low; ; i++ {
		at := &s.slots[i&uint64(len(s.slots)-1)]
		if at.round != s.round || at.m.on == m.on && at.m.zero == m.zero && at.m.one == m.one {
			return at
		}
	}
}

func (s *memo) grow() {
	old := s.slots
	s.slots = make([]memoSlot, max(1<<10, 2*len(old)))
	if s.round == 0 {
		s.round = 1
	}
	for i := range old {
		if old[i].round == s.round {
			*s.slot(old[i].m) = old[i]
		}
	}
}
