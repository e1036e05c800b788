package monitor

import (
	"strconv"
	"strings"
)

// MaxValues is how many values of a column of classes are counted apart. With more of them, none is.
const MaxValues = 1000

// partial is what is known of some of a window's rows of one model. Its slices are as long as those of Options.
type partial struct {
	rows     int64
	rejected map[string]int64 // nil: none
	outputs  []dist
	classes  []tally
	missing  []int64 // rows without a value for a feature
	counted  []int64 // rows of models that use it: of the others nobody knows
	latency  dist
}

func newPartial(o *Options) *partial {
	return &partial{outputs: make([]dist, len(o.Outputs)), classes: make([]tally, len(o.Classes)), missing: make([]int64, len(o.Features)), counted: make([]int64, len(o.Features))}
}

func (p *partial) reject(code string, n int64) {
	if p.rejected == nil {
		p.rejected = map[string]int64{}
	}
	p.rejected[code] += n
}

// merge adds what another of the same Options knows, which stays as it is.
func (p *partial) merge(o *partial) {
	p.rows += o.rows
	for code, n := range o.rejected {
		p.reject(code, n)
	}
	for i := range p.outputs {
		p.outputs[i].merge(&o.outputs[i])
	}
	for i := range p.classes {
		p.classes[i].merge(&o.classes[i])
	}
	for i, n := range o.missing {
		p.missing[i] += n
		p.counted[i] += o.counted[i]
	}
	p.latency.merge(&o.latency)
}

// tally counts values. The zero value is empty.
type tally struct {
	n    map[string]*int64 // not int64: counting would put the text that was given into the map, which may be a block's
	tops []int64           // of the integers 0, 1, 2 and so on, until they are asked for
	over bool              // there were more than MaxValues, whatever was merged first: then none is counted
}

// add counts a value n times. It keeps nothing of the text's memory.
func (t *tally) add(value string, n int64) {
	if t.over {
		return
	}
	if c := t.n[value]; c != nil {
		*c += n
		return
	}
	if len(t.n) == MaxValues {
		t.n, t.over = nil, true
		return
	}
	if t.n == nil {
		t.n = map[string]*int64{}
	}
	t.n[strings.Clone(value)] = &n
}

// addInt counts an integer once.
func (t *tally) addInt(v int64) {
	if uint64(v) >= MaxValues {
		t.add(strconv.FormatInt(v, 10), 1)
		return
	}
	if int(v) >= len(t.tops) {
		t.tops = append(t.tops, make([]int64, int(v)+1-len(t.tops))...)
	}
	t.tops[v]++
}

// counts gives the values' counts; none if there are too many.
func (t *tally) counts() map[string]int64 {
	for v, n := range t.tops {
		if n > 0 {
			t.add(strconv.Itoa(v), n)
		}
	}
	t.tops = nil
	out := make(map[string]int64, len(t.n))
	for value, n := range t.n {
		out[value] = *n
	}
	return out
}

func (t *tally) merge(o *tally) {
	t.counts()
	for value, n := range o.counts() {
		t.add(value, n)
	}
	if o.over {
		t.n, t.over = nil, true
	}
}

func (t *tally) shares() map[string]Share {
	counts := t.counts()
	of, out := int64(0), make(map[string]Share, len(counts))
	for _, n := range counts {
		of += n
	}
	for value, n := range counts {
		out[value] = share(n, of)
	}
	return out
}
