package stream

import (
	"cmp"
	"errors"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/go-json-experiment/json"
)

// Range is a reader's restriction: from these positions on, without an end, until it is Done.
type Range struct {
	At   []Position `json:"at,omitempty"` // sorted by partition
	Done bool       `json:"done,omitempty"`
}

// Ranges are JSON when they travel. As a struct that is no secret to runners a Range would be a row: what the Go SDK says of such
// rows, and what it writes, is not the same where structs are embedded (docs/upstream.md).
func init() {
	beam.RegisterCoder(reflect.TypeFor[Range](), func(r Range) ([]byte, error) { return json.Marshal(r) }, func(b []byte) (r Range, err error) { return r, json.Unmarshal(b, &r) })
}

// positions are those of a reader, by partition.
type positions map[Partition]int64

func positionsOf(at []Position) positions {
	m := positions{}
	for _, p := range at {
		m[p.Partition] = max(m[p.Partition], p.Next)
	}
	return m
}

func (m positions) list() []Position {
	out := make([]Position, 0, len(m))
	for p, next := range m {
		out = append(out, Position{p, next})
	}
	slices.SortFunc(out, func(a, b Position) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// tracker is that of an endless range. Its only split is a checkpoint: a fraction of an endless range would be somewhere
// at its far end, where no message will ever be.
type tracker struct {
	rest Range
	next positions
	err  error
}

func newTracker(r Range) *sdf.LockRTracker {
	return sdf.NewLockRTracker(&tracker{rest: r, next: positionsOf(r.At)})
}

// claim asks for everything of a partition before Next; end says that the source has an end, which is reached.
type claim struct {
	Position
	end bool
}

// TryClaim implements sdf.RTracker.
func (t *tracker) TryClaim(pos any) bool {
	c, ok := pos.(claim)
	if !ok {
		t.err = errors.New("stream: a claim of another type")
		return false
	}
	switch {
	case t.rest.Done:
		return false
	case c.end:
		t.rest.Done = true
		return true
	case c.Next < t.next[c.Partition]:
		t.err = errors.New("stream: a claim behind the position")
		return false
	}
	t.next[c.Partition] = c.Next
	return true
}

// GetError implements sdf.RTracker.
func (t *tracker) GetError() error { return t.err }

// TrySplit implements sdf.RTracker.
func (t *tracker) TrySplit(fraction float64) (primary, residual any, err error) {
	if fraction > 0 || t.rest.Done {
		return t.rest, nil, nil
	}
	residual = Range{At: t.next.list()}
	t.rest = Range{At: t.rest.At, Done: true}
	return t.rest, residual, nil
}

// GetProgress implements sdf.RTracker.
func (t *tracker) GetProgress() (done, remaining float64) { return 0, 1 }

// IsDone implements sdf.RTracker.
func (t *tracker) IsDone() bool { return t.rest.Done }

// GetRestriction implements sdf.RTracker.
func (t *tracker) GetRestriction() any { return t.rest }

// IsBounded implements sdf.BoundableRTracker.
func (t *tracker) IsBounded() bool { return false }

var _ sdf.BoundableRTracker = (*tracker)(nil)

func init() {
	beam.RegisterType(typeOf[Range]())
	beam.RegisterType(typeOf[Reader]())
}
