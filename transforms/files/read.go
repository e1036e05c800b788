package files

import (
	"context"
	"io"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/block"
)

// DoFns here work on blocks, so that calling them by reflection costs nothing; register's generic wrappers of a DoFn with
// six parameters take the compiler a minute.
func init() {
	beam.RegisterDoFn(&readFn{})
	register.Emitter1[block.Block]()
	register.Emitter1[block.Rejected]()
}

// ReadOptions say what is read of the files.
type ReadOptions struct {
	Run     string // names the run for ProgressOf
	Format  Format
	Columns []block.Column
	// Whole keeps a unit together: the runner may not split it. For sinks whose files cannot be joined (Parquet).
	Whole bool
}

// Rows is what Read gives.
type Rows struct {
	Blocks   beam.PCollection // PCollection<block.Block>
	Rejected beam.PCollection // PCollection<block.Rejected>: rows that do not parse
	Reports  beam.PCollection // PCollection<Report>, for Commit
}

// Read reads units (PCollection<Unit>, from Plan). Rows within a unit come in the input's order.
func Read(s beam.Scope, o ReadOptions, units beam.PCollection) Rows {
	b, r, p := beam.ParDo3(s.Scope("glulam.files.Read"), &readFn{Options: o}, units)
	return Rows{Blocks: b, Rejected: r, Reports: p}
}

// readFn is a splittable DoFn: an element is a unit, its restriction a range of the unit's pieces.
type readFn struct {
	Options ReadOptions

	format format.Format
	cols   []format.Column
	marker block.Marker
	rows   beam.Counter
	bad    beam.Counter
	bytes  beam.Counter
}

// CreateInitialRestriction gives all pieces.
func (f *readFn) CreateInitialRestriction(u Unit) offsetrange.Restriction {
	return offsetrange.Restriction{Start: 0, End: int64(len(u.Pieces))}
}

// SplitRestriction splits nothing: a unit is small already.
func (f *readFn) SplitRestriction(_ Unit, r offsetrange.Restriction) []offsetrange.Restriction {
	return []offsetrange.Restriction{r}
}

// RestrictionSize is the stored bytes of the pieces.
func (f *readFn) RestrictionSize(u Unit, r offsetrange.Restriction) float64 {
	var n int64
	for _, p := range u.Pieces[r.Start:r.End] {
		n += p.Bytes
	}
	return float64(n)
}

// CreateTracker makes a tracker that splits between pieces, or not at all.
func (f *readFn) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	t := offsetrange.NewTracker(r)
	if f.Options.Whole {
		return sdf.NewLockRTracker(wholeTracker{t})
	}
	return sdf.NewLockRTracker(t)
}

// wholeTracker never gives anything away.
type wholeTracker struct{ *offsetrange.Tracker }

// TrySplit refuses.
func (t wholeTracker) TrySplit(float64) (primary, residual any, err error) {
	return t.GetRestriction(), nil, nil
}

// Setup makes the format.
func (f *readFn) Setup() error {
	var err error
	if f.format, err = f.Options.Format.Open(); err != nil {
		return fault.Wire(err)
	}
	f.marker = block.Marker{Columns: f.Options.Columns}
	f.cols = f.marker.Read()
	f.rows = beam.NewCounter("glulam", "rows_read")
	f.bad = beam.NewCounter("glulam", "rows_rejected_by_read")
	f.bytes = beam.NewCounter("glulam", "bytes_read")
	return nil
}

// ProcessElement reads the pieces that it can claim.
func (f *readFn) ProcessElement(ctx context.Context, rt *sdf.LockRTracker, u Unit, blocks func(block.Block), rejected func(block.Rejected), reports func(Report)) error {
	first := rt.GetRestriction().(offsetrange.Restriction).Start
	for i := first; rt.TryClaim(i); i++ {
		r := Report{Kind: kindRead, Unit: u.Index, Part: int32(i)}
		if err := f.piece(ctx, &u.Pieces[i], block.Origin{Unit: u.Index, Part: int32(first)}, &r, blocks, rejected); err != nil {
			return fault.Wire(err)
		}
		reports(r)
	}
	return nil
}

// piece reads one piece, adding to r what it counts.
func (f *readFn) piece(ctx context.Context, p *UnitPiece, origin block.Origin, r *Report, blocks func(block.Block), rejected func(block.Rejected)) error {
	origin.Source = p.File.name()
	if err := p.unchanged(); err != nil {
		return err
	}
	file, err := p.File.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	layout, err := f.format.Describe(ctx, file)
	if err != nil {
		return err
	}
	rd, err := f.format.Open(ctx, file, layout, p.Piece, f.cols)
	if err != nil {
		return err
	}
	defer rd.Close()
	progress := ProgressOf(f.Options.Run)
	for {
		b, err := rd.Next()
		if err == io.EOF {
			return p.unchanged()
		}
		if err != nil {
			return err
		}
		n, bad := b.Record.NumRows(), int64(len(b.Rejected))
		r.Rows += n + bad
		r.Rejected += bad
		r.Blank += b.Blank
		f.rows.Inc(ctx, n+bad)
		f.bad.Inc(ctx, bad)
		f.bytes.Inc(ctx, b.Bytes)
		for _, l := range b.Rejected {
			rejected(block.Rejected{Unit: origin.Unit, Part: origin.Part, Letter: l})
		}
		if n > 0 {
			origin.Row, origin.Offset = b.Row, b.Offset
			rec := f.marker.Mark(b.Record)
			blocks(block.Block{Record: rec, Origin: origin})
			rec.Release()
		}
		progress.Rows.Add(n + bad)
		progress.Rejected.Add(bad)
		progress.Bytes.Add(b.Bytes)
	}
}

// unchanged reports fault.Changed if the file is not what it was when the run was planned.
func (p *UnitPiece) unchanged() error {
	if size, modified, err := p.File.stat(); err != nil || size != p.Size || modified != p.Modified {
		return fault.New(fault.Changed, p.File.name(), "the file is not the one that the run started with").WithHint("leave inputs alone while they are read, and run again")
	}
	return nil
}
