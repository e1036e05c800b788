package forestgen

import "math/rand/v2"

// Shape of a tree.
type Shape int

const (
	Ragged    Shape = iota // any leaf is split
	Balanced               // a largest leaf is split
	Oblivious              // 2^n leaves, one question a level
	Chain                  // every node has a leaf for a child, to the left or to the right
	Lopsided               // a node's children have a third and two thirds of its leaves
)

// Shapes are all of them.
var Shapes = []Shape{Ragged, Balanced, Oblivious, Chain, Lopsided}

// Sprouted is a tree without questions. Child n >= 0 is node n, a child < 0 leaf ^child; node 0 is the root. A tree of one
// leaf has no nodes.
type Sprouted struct {
	Left, Right []int32
	Depth       []int // of the nodes
	leaves      int32
}

// Sprout grows a tree of that many leaves; Oblivious: of the largest power of two up to it.
func Sprout(shape Shape, leaves int, r *rand.Rand) *Sprouted {
	s := &Sprouted{}
	if shape == Oblivious {
		for leaves&(leaves-1) != 0 {
			leaves &= leaves - 1
		}
	}
	s.grow(shape, leaves, r)
	return s
}

// grow hangs subtrees below nodes until all are leaves. It is no recursion: chains are deep.
func (s *Sprouted) grow(shape Shape, leaves int, r *rand.Rand) {
	type part struct {
		at     *int32
		leaves int
		depth  int
	}
	n := max(0, leaves-1)
	s.Left, s.Right, s.Depth = make([]int32, 0, n), make([]int32, 0, n), make([]int, 0, n)
	var root int32
	todo := []part{{&root, leaves, 0}}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if p.leaves == 1 {
			*p.at = ^s.leaves
			s.leaves++
			continue
		}
		i := len(s.Left)
		*p.at = int32(i)
		s.Left, s.Right, s.Depth = append(s.Left, 0), append(s.Right, 0), append(s.Depth, p.depth)
		left := split(shape, p.leaves, r)
		todo = append(todo, part{&s.Right[i], p.leaves - left, p.depth + 1}, part{&s.Left[i], left, p.depth + 1})
	}
}

// split says how many of a node's leaves are on its left.
func split(shape Shape, leaves int, r *rand.Rand) int {
	left := leaves / 2
	switch shape {
	case Ragged:
		left = 1 + r.IntN(leaves-1)
	case Chain:
		left = 1
	case Lopsided:
		left = max(1, leaves/3)
	}
	if shape != Oblivious && r.IntN(2) == 0 {
		left = leaves - left
	}
	return left
}
