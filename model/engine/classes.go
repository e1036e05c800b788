package engine

import (
	"slices"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/forest"
)

// classes answers questions about a feature's category, or about equality to a value. Values that get the same answers to
// all of them are one class. A row's bit is set in the plane of its class, and a question's plane is put together of the
// planes of the classes that go right.
type classes struct {
	f       *forest.Forest
	feature int
	place   int   // of the feature among those in use
	first   int32 // the plane of class 0
	count   int
	of      classifier
	asked   []answer
	// The answers of each class, a bit a question, 1: right; words to a class. The questions' planes follow on those of the
	// classes.
	answers []uint64
	words   int
	look    bool // answers up, row by row; not: put planes of classes together
}

// answer is the plane of one question.
type answer struct {
	plane int32
	of    []int32 // planes of classes, unless answers are looked up
	not   bool    // the others go right, not these
}

// classifier gives the class of a value. Exactly one of the tables is not nil.
type classifier struct {
	missing, other int32
	// Of categories, by number; beyond the table they are others. none is the class of what is no category, fraction that
	// of values between -1 and 0.
	category       []int32
	none, fraction int32
	// Of values: those in order, and the class of each; zero is the class of the band of MissingZero, if there is one.
	value   []float64
	classOf []int32
	band    bool
	zero    int32
}

const (
	maxClasses    = 1 << 14
	maxCategories = 1 << 22
	maxAnswers    = 1 << 26 // categories times questions
)

func (c *classifier) class(v float64) int32 {
	switch {
	case v != v:
		return c.missing
	case c.category != nil:
		switch {
		case v <= -1 || v >= 1<<31:
			return c.none
		case v < 0:
			return c.fraction
		case v < float64(len(c.category)):
			return c.category[int(v)]
		}
		return c.other
	case c.band && v >= -forest.ZeroThreshold && v <= forest.ZeroThreshold:
		return c.zero
	}
	if i, ok := slices.BinarySearch(c.value, v); ok {
		return c.classOf[i]
	}
	return c.other
}

func (p *program) newClasses(k columnKey, asked []*question) (*classes, error) {
	m := &classing{f: p.f, asked: asked, numbers: map[string]int32{}}
	c := &classes{f: p.f, feature: int(k.feature), place: len(p.used) - 1, first: int32(p.planes)}
	var err error
	if k.kind == asksSet {
		err = m.categories(&c.of)
	} else {
		err = m.values(&c.of, k.missing == forest.MissingZero)
	}
	if err != nil {
		return nil, err
	}
	c.count = len(m.answers)
	if c.count > maxClasses {
		return nil, fault.New(fault.TooLarge, "", "categories of %d kinds; the compiled engines take %d", c.count, maxClasses).OnField(p.f.Features[k.feature].Name)
	}
	p.planes += c.count
	for _, q := range asked {
		c.asked = append(c.asked, answer{plane: int32(p.planes)})
		q.plane = int32(p.planes)
		p.planes++
	}
	c.tabulate(m.answers)
	return c, nil
}

// tabulate takes the answers of the classes, a bit a question, 1: left, and takes the way that costs less.
func (c *classes) tabulate(left []string) {
	const each = 6 // what a question costs that is looked up, in planes that are put together
	c.words = (len(c.asked) + 63) / 64
	c.answers = make([]uint64, c.count*c.words)
	planes := 0
	for i := range c.asked {
		n := 0
		for class, bits := range left {
			right := uint64(^bits[i/8] >> (i % 8) & 1)
			c.answers[class*c.words+i/64] |= right << (i % 64)
			n += int(right)
		}
		c.asked[i].not = n > c.count-n
		planes += min(n, c.count-n)
	}
	if c.look = planes > each*len(c.asked); c.look {
		return
	}
	for i := range c.asked {
		a := &c.asked[i]
		for class := range c.count {
			if right := c.answers[class*c.words+i/64]>>(i%64)&1 == 1; right != a.not {
				a.of = append(a.of, c.first+int32(class))
			}
		}
	}
}

// classing numbers the classes of a column while it is compiled.
type classing struct {
	f       *forest.Forest
	asked   []*question
	numbers map[string]int32 // of answers
	answers []string         // by class: a bit a question, 1: left
	bits    []byte
}

// class of a prepared value, by what the forest itself answers.
func (m *classing) class(v float64) int32 {
	m.bits = append(m.bits[:0], make([]byte, (len(m.asked)+7)/8)...)
	for i, q := range m.asked {
		if m.f.GoesLeft(q.node, v) {
			m.bits[i/8] |= 1 << (i % 8)
		}
	}
	n, ok := m.numbers[string(m.bits)]
	if !ok {
		n = int32(len(m.answers))
		m.answers = append(m.answers, string(m.bits))
		m.numbers[string(m.bits)] = n
	}
	return n
}

func (m *classing) categories(c *classifier) error {
	words := 1
	see := func(s *forest.Set) { words = max(words, int(s.Len)) }
	for _, q := range m.asked {
		s := &m.f.Sets[q.node.Set]
		see(s)
		if s.Known >= 0 {
			see(&m.f.Sets[s.Known])
		}
	}
	if n := 32 * words; n > maxCategories || n*len(m.asked) > maxAnswers {
		return fault.New(fault.TooLarge, "", "%d questions about %d categories are more than the compiled engines take", len(m.asked), n).
			OnField(m.f.Features[m.asked[0].key.feature].Name)
	}
	c.category = make([]int32, 32*words)
	for i := range c.category {
		c.category[i] = m.class(float64(i))
	}
	c.missing, c.none, c.fraction, c.other = m.class(nan), m.class(-1), m.class(-0.5), m.class(float64(len(c.category)))
	return nil
}

func (m *classing) values(c *classifier, band bool) error {
	for _, q := range m.asked {
		if q.key.op == forest.Equal {
			c.value = append(c.value, q.node.Threshold)
		}
	}
	slices.Sort(c.value)
	c.value = slices.Compact(c.value)
	if len(c.value)*len(m.asked) > maxAnswers {
		return fault.New(fault.TooLarge, "", "%d questions about equality are more than the compiled engines take", len(m.asked)).
			OnField(m.f.Features[m.asked[0].key.feature].Name)
	}
	for _, v := range c.value {
		c.classOf = append(c.classOf, m.class(v))
	}
	other := 0.5
	for i := 0; ; i++ {
		if _, ok := slices.BinarySearch(c.value, other); !ok {
			break
		}
		other++
	}
	c.missing, c.other, c.band, c.zero = m.class(nan), m.class(other), band, m.class(0)
	return nil
}

// fill makes the column's planes. x holds the feature's values.
func (c *classes) fill(b *block, x []float64) {
	for i := range b.rows {
		b.class[i] = uint32(c.of.class(c.f.Prepare(x[i])))
	}
	fast := b.words == wideWords && b.kernel.lookUp != nil
	if !c.look && !fast {
		c.join(b)
		return
	}
	clear(b.class[b.rows : 64*b.words]) // whatever another column left there
	c.lookUp(b, fast)
}

// join puts each question's plane together.
func (c *classes) join(b *block) {
	planes := b.planes[int(c.first)*b.words : (int(c.first)+c.count)*b.words]
	clear(planes)
	for i, class := range b.class[:b.rows] {
		planes[int(class)*b.words+i>>6] |= 1 << (i & 63)
	}
	for i := range c.asked {
		a := &c.asked[i]
		to := b.plane(a.plane)
		clear(to)
		for _, class := range a.of {
			for w, bits := range b.plane(class) {
				to[w] |= bits
			}
		}
		if a.not {
			for w := range to {
				to[w] = ^to[w]
			}
		}
	}
}

// lookUp takes the answers of 64 rows to 64 questions at a time, and transposes them: four times 64 rows, if there are as many.
// fast says that the kernel has a way of its own.
func (c *classes) lookUp(b *block, fast bool) {
	first := int(c.first) + c.count
	for g := range c.words {
		asked := min(64, len(c.asked)-64*g)
		planes := b.planes[(first+64*g)*b.words : (first+64*g+asked)*b.words]
		if fast {
			b.kernel.lookUp(planes, c.answers[g:], c.words, &b.class, asked, &b.buffer)
			continue
		}
		if b.words == 1 {
			var m [64]uint64
			for i, class := range b.class[:64] {
				m[i] = c.answers[int(class)*c.words+g]
			}
			transpose64(&m)
			copy(planes, m[:])
			continue
		}
		for half := 0; half < wideWords; half += 4 {
			m := &b.matrices
			for word := range 4 {
				for i, class := range b.class[64*(half+word):][:64] {
					m[4*i+word] = c.answers[int(class)*c.words+g]
				}
			}
			b.kernel.transpose(m)
			for i := range asked {
				*(*[4]uint64)(planes[i*wideWords+half:]) = [4]uint64(m[4*i:])
			}
		}
	}
}
