package monitor

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/DataDog/sketches-go/ddsketch/store"
)

// version is the first byte of an encoded partial.
const version = 1

var errPartial = errors.New("monitor: no summary in the making, or one of other options")

// encode appends the partial: varints, floats as 8 bytes, sketches as gaps between their bins and counts.
func (p *partial) encode(dst []byte) []byte {
	dst = append(dst, version)
	dst = count(dst, p.rows)
	dst = counts(dst, p.rejected)
	dst = count(dst, int64(len(p.outputs)))
	for i := range p.outputs {
		dst = p.outputs[i].encode(dst)
	}
	dst = count(dst, int64(len(p.classes)))
	for i := range p.classes {
		n := p.classes[i].counts()
		dst = append(dst, flag(p.classes[i].over))
		dst = counts(dst, n)
	}
	dst = count(dst, int64(len(p.missing)))
	for i, n := range p.missing {
		dst = count(count(dst, n), p.counted[i])
	}
	return p.latency.encode(dst)
}

func count(dst []byte, n int64) []byte { return binary.AppendUvarint(dst, uint64(n)) }

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func counts(dst []byte, m map[string]int64) []byte {
	dst = count(dst, int64(len(m)))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		dst = append(count(dst, int64(len(name))), name...)
		dst = count(dst, m[name])
	}
	return dst
}

func (d *dist) encode(dst []byte) []byte {
	dst = count(count(count(dst, d.count), d.notFinite), d.zero)
	if d.count == 0 {
		return dst
	}
	for _, v := range []float64{d.sum.sum, d.sum.rest, d.large.sum, d.large.rest, d.min, d.max} {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return bins(bins(dst, d.positive), d.negative)
}

func bins(dst []byte, s *store.BufferedPaginatedStore) []byte {
	if s == nil {
		return count(dst, 0)
	}
	var n, last int64
	s.ForEach(func(int, float64) bool { n++; return false })
	dst = count(dst, n)
	s.ForEach(func(i int, c float64) bool { // in the order of indices
		dst = count(binary.AppendVarint(dst, int64(i)-last), int64(c))
		last = int64(i)
		return false
	})
	return dst
}

// decodePartial reads a partial of these options. It keeps nothing of data. What is none is an error.
func decodePartial(o *Options, data []byte) (*partial, error) {
	d := decoder{data: data}
	p := newPartial(o)
	d.bad = d.byte() != version
	p.rows = d.count()
	d.counts(p.reject)
	d.length(len(p.outputs))
	for i := range p.outputs {
		d.dist(&p.outputs[i])
	}
	d.length(len(p.classes))
	for i := range p.classes {
		over := d.byte()
		d.bad = d.bad || over > 1
		d.counts(p.classes[i].add)
		d.bad = d.bad || over == 1 && len(p.classes[i].n) > 0
		p.classes[i].over = p.classes[i].over || over == 1
	}
	d.length(len(p.missing))
	for i := range p.missing {
		p.missing[i], p.counted[i] = d.count(), d.count()
		d.bad = d.bad || p.missing[i] > p.counted[i]
	}
	d.dist(&p.latency)
	if d.bad || len(d.data) > 0 {
		return nil, errPartial
	}
	return p, nil
}

// decoder takes values off data. After a bad one it gives zeros.
type decoder struct {
	data []byte
	bad  bool
}

func (d *decoder) byte() byte {
	if d.bad || len(d.data) == 0 {
		d.bad = true
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

// count takes a number of rows: float64, which sketches count in, has to hold it.
func (d *decoder) count() int64 {
	v, n := binary.Uvarint(d.data)
	if d.bad || n <= 0 || v > 1<<52 {
		d.bad = true
		return 0
	}
	d.data = d.data[n:]
	return int64(v)
}

func (d *decoder) length(want int) { d.bad = d.count() != int64(want) || d.bad }

func (d *decoder) float() float64 {
	if d.bad || len(d.data) < 8 {
		d.bad = true
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(d.data))
	d.data = d.data[8:]
	d.bad = v-v != 0
	return v
}

func (d *decoder) counts(add func(string, int64)) {
	for n := d.count(); n > 0 && !d.bad; n-- {
		size := d.count()
		if size > int64(len(d.data)) {
			d.bad = true
			return
		}
		name := string(d.data[:size])
		d.data = d.data[size:]
		add(name, d.count())
	}
}

func (d *decoder) dist(to *dist) {
	to.count, to.notFinite, to.zero = d.count(), d.count(), d.count()
	if d.bad || to.count == 0 {
		d.bad = d.bad || to.zero > 0
		return
	}
	for _, v := range []*float64{&to.sum.sum, &to.sum.rest, &to.large.sum, &to.large.rest, &to.min, &to.max} {
		*v = d.float()
	}
	rest := to.count - to.zero
	to.positive, rest = d.bins(rest)
	to.negative, rest = d.bins(rest)
	d.bad = d.bad || rest != 0 || to.min > to.max
}

// leastBin and mostBin are those of the values that have one.
var leastBin, mostBin = int64(scale.Index(leastIndexable)), int64(scale.Index(math.MaxFloat64))

// bins takes the bins of at most rest values, and says how many are left.
func (d *decoder) bins(rest int64) (*store.BufferedPaginatedStore, int64) {
	n := d.count()
	if n == 0 || d.bad {
		return nil, rest
	}
	s, at := store.NewBufferedPaginatedStore(), int64(0)
	for first := true; n > 0; n, first = n-1, false {
		gap, size := binary.Varint(d.data)
		if size <= 0 || gap < leastBin || gap > mostBin-leastBin || !first && gap <= 0 {
			d.bad = true
			return nil, 0
		}
		d.data = d.data[size:]
		at += gap
		c := d.count()
		if rest -= c; d.bad || c == 0 || rest < 0 || at < leastBin || at > mostBin {
			d.bad = true
			return nil, 0
		}
		s.AddWithCount(int(at), float64(c))
	}
	return s, rest
}
