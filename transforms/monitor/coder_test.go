package monitor

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var coderOptions = Options{Window: time.Minute, Outputs: []string{"prediction", "margin"}, Classes: []string{"class", "decision"}, Features: []string{"x", "y", "z"}}

// partialGen makes partials of coderOptions.
func partialGen() *rapid.Generator[*partial] {
	return rapid.Custom(func(r *rapid.T) *partial {
		p := newPartial(&coderOptions)
		p.rows = rapid.Int64Range(0, 1<<40).Draw(r, "rows")
		for range rapid.IntRange(0, 3).Draw(r, "codes") {
			p.reject(rapid.StringN(0, 5, -1).Draw(r, "code"), rapid.Int64Range(1, 1<<40).Draw(r, "n"))
		}
		for i := range p.outputs {
			p.outputs[i].addAll(numbersGen().Draw(r, "values"))
		}
		p.latency.add(rapid.Float64Range(-10, 1e5).Draw(r, "latency"), rapid.Int64Range(1, 1000).Draw(r, "times"))
		for i := range p.classes {
			for range rapid.IntRange(0, 20).Draw(r, "classes") {
				if rapid.Bool().Draw(r, "text") {
					p.classes[i].add(rapid.String().Draw(r, "class"), 1)
				} else {
					p.classes[i].addInt(rapid.Int64Range(-3, 2000).Draw(r, "class"))
				}
			}
		}
		if rapid.IntRange(0, 5).Draw(r, "over") == 0 {
			p.classes[0] = tally{over: true}
		}
		for i := range p.missing {
			p.counted[i] = rapid.Int64Range(0, 1<<40).Draw(r, "counted")
			p.missing[i] = rapid.Int64Range(0, p.counted[i]).Draw(r, "missing")
		}
		return p
	})
}

// TestCoder: a partial comes back as it was, byte for byte when it is encoded again, and only whole.
func TestCoder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := partialGen().Draw(r, "partial")
		data := p.encode([]byte("before"))[len("before"):]
		q, err := decodePartial(&coderOptions, data)
		if err != nil {
			r.Fatal(err)
		}
		if again := q.encode(nil); !bytes.Equal(data, again) {
			r.Fatalf("%x, want %x", again, data)
		}
		if a, b := fmt.Sprintf("%+v", said(p)), fmt.Sprintf("%+v", said(q)); a != b {
			r.Fatalf("%s, want %s", b, a)
		}
		if _, err := decodePartial(&coderOptions, data[:rapid.IntRange(0, len(data)-1).Draw(r, "cut")]); err == nil {
			r.Fatal("a part of it was decoded")
		}
		if _, err := decodePartial(&coderOptions, append(slices.Clone(data), 0)); err == nil {
			r.Fatal("more than it was decoded")
		}
		other := coderOptions
		other.Features = other.Features[1:]
		if _, err := decodePartial(&other, data); err == nil {
			r.Fatal("it was decoded for other options")
		}
	})
}

func said(p *partial) Summary {
	s := p.summary(&coderOptions, 0, "m")
	if s.Latency != nil {
		s.Outputs["latency"] = *s.Latency
		s.Latency = nil
	}
	return s
}

// TestMergeIsAssociative: in whatever order and grouping partials are put together, the same comes out; only the last digits
// of sums may differ.
func TestMergeIsAssociative(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := rapid.SliceOfN(partialGen(), 3, 3).Draw(r, "partials")
		copied := func(i int) *partial {
			q, err := decodePartial(&coderOptions, p[i].encode(nil))
			if err != nil {
				r.Fatal(err)
			}
			return q
		}
		left, right, turned := copied(0), copied(1), copied(2)
		left.merge(p[1])
		left.merge(p[2])
		right.merge(p[2])
		first := copied(0)
		first.merge(right)
		turned.merge(p[1])
		turned.merge(p[0])
		for _, q := range []*partial{left, first, turned} {
			for i := range q.outputs {
				q.outputs[i].sum, q.outputs[i].large = total{}, total{}
			}
			q.latency.sum = total{}
		}
		if a, b, c := left.encode(nil), first.encode(nil), turned.encode(nil); !bytes.Equal(a, b) || !bytes.Equal(a, c) {
			r.Fatalf("%x\n%x\n%x", a, b, c)
		}
	})
}

// TestTooManyValues: whichever parts a column of too many values comes in, none of them is counted.
func TestTooManyValues(t *testing.T) {
	part := func(from, to int) (t tally) {
		for i := from; i < to; i++ {
			t.addInt(int64(i))
		}
		return t
	}
	a, b := part(0, 700), part(700, MaxValues)
	a.merge(&b)
	if n := len(a.shares()); n != MaxValues || a.over {
		t.Errorf("%d values of %d", n, MaxValues)
	}
	c := part(MaxValues, MaxValues+1)
	c.merge(&a)
	if len(c.shares()) > 0 || !c.over {
		t.Errorf("%d values are counted", len(c.shares()))
	}
	d := part(0, 1)
	d.merge(&c)
	if len(d.shares()) > 0 || !d.over {
		t.Errorf("%d values are counted", len(d.shares()))
	}
}

// FuzzDecodePartial: hostile bytes are an error, or a partial that is encoded as they were read.
func FuzzDecodePartial(f *testing.F) {
	p := newPartial(&coderOptions)
	f.Add(p.encode(nil))
	p.rows = 3
	p.outputs[0].addAll([]float64{1, -2, 0, 1e300})
	p.classes[0].addInt(1)
	p.reject("bad_number", 2)
	f.Add(p.encode(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePartial(&coderOptions, data)
		if err != nil {
			return
		}
		again, err := decodePartial(&coderOptions, p.encode(nil))
		if err != nil {
			t.Fatalf("%x: %v", p.encode(nil), err)
		}
		again.merge(p)
		p.summary(&coderOptions, 0, "m")
	})
}

// TestHostileBytes: every byte of a partial changed, one at a time.
func TestHostileBytes(t *testing.T) {
	p := newPartial(&coderOptions)
	p.rows = 300
	p.outputs[0].addAll([]float64{1, -2, 0, 1e300, 3, 3, 3})
	p.classes[1].add("call", 300)
	p.latency.add(7, 200)
	data := p.encode(nil)
	refused := 0
	for i := range data {
		for v := range 256 {
			bad := slices.Clone(data)
			bad[i] = byte(v)
			q, err := decodePartial(&coderOptions, bad)
			if err != nil {
				refused++
				continue
			}
			q.merge(p)
			q.summary(&coderOptions, 0, "m")
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}
