package files

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/cespare/xxhash/v2"
	"golang.org/x/sync/errgroup"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
)

func init() {
	beam.RegisterDoFn(&planFn{})
	beam.RegisterDoFn(&laneFn{})
	register.Emitter1[Unit]()
	register.Emitter1[Report]()
}

// PlanOptions say what is read and how it is cut.
type PlanOptions struct {
	Run    string // names the run for ProgressOf
	Files  []Input
	Format Format
	// Shards is how many units, and so output files, there are to be at the most; they are filled evenly. 0: see UnitBytes.
	Shards int
}

// UnitBytes is the most input of one unit when nobody says how many there are to be: small enough that the last one of a
// run does not keep one core busy for long. There are a multiple of four, for cores to share; a small input has fewer, of
// at least smallUnit, and one below that is one unit. The number depends on the input alone, not on the machine.
const UnitBytes = 32 << 20

const smallUnit = 4 << 20

// unitsFor is how many units an input of so many bytes has.
func unitsFor(bytes int64) int64 {
	if bytes < 4*smallUnit {
		return max(1, bytes/smallUnit)
	}
	return (bytes + 4*UnitBytes - 1) / (4 * UnitBytes) * 4
}

// pieceBytes is the input of one piece: what a runner can split a unit into.
const pieceBytes = 8 << 20

// Planned is the plan of a run: its units (PCollection<Unit>) and a report for Commit (PCollection<Report>).
type Planned struct {
	Units, Reports beam.PCollection
}

// Plan cuts the files into units. Everything is done by one DoFn, which reads each file once from start to end: that
// finds the boundaries of records (in CSV a newline may be quoted), counts them, and takes the checksum.
func Plan(s beam.Scope, o PlanOptions) Planned {
	s = s.Scope("glulam.files.Plan")
	units, reports := beam.ParDo2(s, &planFn{Options: o}, beam.Impulse(s))
	return Planned{Units: units, Reports: reports}
}

// Lane gives the units of one of n lanes. A runner that puts all elements of a stage into one bundle (prism) works on
// several cores only when there are several stages: each lane is one.
func Lane(s beam.Scope, units beam.PCollection, lane, n int) beam.PCollection {
	return beam.ParDo(s.Scope(fmt.Sprintf("glulam.files.Lane%d", lane)), &laneFn{Lane: lane, Lanes: n}, units)
}

type laneFn struct{ Lane, Lanes int }

// ProcessElement passes the lane's units on.
func (f *laneFn) ProcessElement(u Unit, emit func(Unit)) {
	if int(u.Index)%f.Lanes == f.Lane {
		emit(u)
	}
}

type planFn struct{ Options PlanOptions }

// ProcessElement plans the whole run.
func (f *planFn) ProcessElement(ctx context.Context, _ []byte, units func(Unit), reports func(Report)) error {
	us, inputs, err := plan(ctx, f.Options)
	if err != nil {
		return fault.Wire(err)
	}
	r := Report{Kind: kindPlanned, Inputs: inputs}
	for _, u := range us {
		var p PlannedUnit
		for _, piece := range u.Pieces {
			p.Records = append(p.Records, piece.Piece.Rows)
			p.Inputs = append(p.Inputs, piece.Input)
		}
		r.Units = append(r.Units, p)
	}
	reports(r)
	for _, u := range us {
		units(u)
	}
	return nil
}

func plan(ctx context.Context, o PlanOptions) ([]Unit, []InputFile, error) {
	ff, err := o.Format.Open()
	if err != nil {
		return nil, nil, err
	}
	progress := ProgressOf(o.Run)
	var total int64
	for _, in := range o.Files {
		size, _, err := in.stat()
		if err != nil {
			return nil, nil, err
		}
		total += size
	}
	progress.Total.Store(total)
	shards := int64(o.Shards)
	if shards == 0 {
		shards = unitsFor(total)
	}
	target := max(1, min(pieceBytes, total/shards/4)) // pieces small enough to fill units evenly
	inputs := make([]InputFile, len(o.Files))
	pieces := make([][]UnitPiece, len(o.Files))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, in := range o.Files {
		g.Go(func() error {
			var err error
			inputs[i], pieces[i], err = planFile(gctx, ff, in, target, progress)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	var all []UnitPiece
	for i, p := range pieces {
		for j := range p {
			p[j].Input = int32(i)
		}
		all = append(all, p...)
	}
	return cutUnits(all, o), inputs, nil
}

// planFile cuts one file and takes its checksum in the same pass. A file without records is in no piece.
func planFile(ctx context.Context, ff format.Format, in Input, target int64, progress *Progress) (InputFile, []UnitPiece, error) {
	size, modified, err := in.stat()
	if err != nil {
		return InputFile{}, nil, err
	}
	raw, err := in.Open()
	if err != nil {
		return InputFile{}, nil, err
	}
	defer raw.Close()
	name := in.name()
	sum := &summer{r: raw, hash: xxhash.New(), progress: progress}
	f, err := format.NewFile(name, sum, size)
	if err != nil {
		return InputFile{}, nil, err
	}
	layout, err := ff.Describe(ctx, f)
	if err != nil && fault.CodeOf(err) != fault.Empty {
		return InputFile{}, nil, err
	}
	sum.reset()
	var cut []format.Piece
	if err == nil {
		if cut, err = ff.Split(ctx, f, layout, target); err != nil {
			return InputFile{}, nil, err
		}
	}
	if err := sum.finish(ctx, size); err != nil {
		return InputFile{}, nil, fault.FromOS(fault.Unreadable, name, err)
	}
	pieces := make([]UnitPiece, len(cut))
	share := shares(ff.Name(), size, cut)
	for i, p := range cut {
		pieces[i] = UnitPiece{File: in, Size: size, Modified: modified, Piece: p, Bytes: share(p)}
	}
	return InputFile{Name: name, Size: size, Checksum: fmt.Sprintf("xxh64:%016x", sum.hash.Sum64())}, pieces, nil
}

// shares gives the stored bytes of a file's pieces.
func shares(formatName string, size int64, pieces []format.Piece) func(format.Piece) int64 {
	var rows int64
	for _, p := range pieces {
		rows += p.Rows
	}
	return func(p format.Piece) int64 {
		switch {
		case p.End < 0 || rows <= 0:
			return size
		case formatName == "parquet": // Start and End count row groups
			return int64(float64(size) * float64(p.Rows) / float64(rows))
		}
		return p.End - p.Start
	}
}

// summer hashes what is read through it in order: Split of the text formats reads every byte once, so that checksum and
// boundaries take one pass. What a format left out is read at the end.
type summer struct {
	r        io.ReaderAt
	hash     *xxhash.Digest
	at       int64
	progress *Progress
}

func (s *summer) reset() {
	s.hash.Reset()
	s.at = 0
}

// ReadAt reads through, and hashes if the read goes on where the last one ended.
func (s *summer) ReadAt(p []byte, off int64) (int, error) {
	if gap := off - s.at; gap > 0 && gap <= 1<<20 {
		s.skip(gap) // a header, most likely, that Split does not look at again
	}
	n, err := s.r.ReadAt(p, off)
	if off == s.at {
		s.add(p[:n])
	}
	return n, err
}

func (s *summer) skip(n int64) {
	buf := make([]byte, n)
	if m, err := s.r.ReadAt(buf, s.at); int64(m) == n && (err == nil || err == io.EOF) {
		s.add(buf)
	}
}

func (s *summer) add(p []byte) {
	s.hash.Write(p)
	s.at += int64(len(p))
	s.progress.Planning.Add(int64(len(p)))
}

// finish hashes the rest of the file.
func (s *summer) finish(ctx context.Context, size int64) error {
	buf := make([]byte, 1<<20)
	for s.at < size {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, err := s.r.ReadAt(buf[:min(int64(len(buf)), size-s.at)], s.at)
		s.add(buf[:n])
		if err != nil && s.at < size {
			return err
		}
	}
	return nil
}

// cutUnits puts consecutive pieces together to units of even size.
func cutUnits(pieces []UnitPiece, o PlanOptions) []Unit {
	var total int64
	for i := range pieces {
		total += pieces[i].Bytes
	}
	n := int64(o.Shards)
	if n == 0 {
		n = unitsFor(total)
	}
	var units []Unit
	var done int64
	for i := range pieces {
		// A piece belongs to the unit that its middle falls into.
		w := pieces[i].Bytes
		at := int64(0)
		if total > 0 {
			at = min(n-1, int64(float64(done+w/2)/float64(total)*float64(n)))
		}
		done += w
		if len(units) == 0 || at > int64(units[len(units)-1].Index) {
			units = append(units, Unit{Index: int32(at)})
		}
		u := &units[len(units)-1]
		u.Pieces = append(u.Pieces, pieces[i])
	}
	for i := range units { // numbers without gaps, where pieces are larger than units
		units[i].Index = int32(i)
	}
	return units
}
