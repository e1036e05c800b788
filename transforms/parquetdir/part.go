package parquetdir

import (
	"context"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/parquet"
)

// payloads is an Arrow stream of all rows of a spool.
type payloads struct {
	in     *spoolFile
	floor  int64
	recent []batch
	rows   int64
	head   bool // was given
	rest   []byte
	err    error // of the spool
	end    bool
}

// Read implements io.Reader.
func (p *payloads) Read(dst []byte) (int, error) {
	for len(p.rest) == 0 {
		switch {
		case p.err != nil:
			return 0, p.err
		case p.end:
			return 0, io.EOF
		case !p.head:
			p.head, p.rest = true, p.in.head.Schema
			continue
		}
		b, err := p.in.next()
		if errors.Is(err, io.EOF) {
			p.end, p.rest = true, streamEnd
			continue
		}
		if errors.Is(err, errTorn) {
			err = p.in.corrupt(err)
		}
		if p.err = err; err != nil {
			continue
		}
		p.rest = b.payload
		p.rows += b.rows
		if b.number >= p.floor {
			b.payload = nil
			p.recent = append(p.recent, b)
		}
	}
	n := copy(dst, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// joined is how many rows are put together before they are written: many micro-batches are small.
const joined = 4096

// copyRows writes an Arrow stream as a Parquet file.
func copyRows(ctx context.Context, out io.Writer, in io.Reader, schema *arrow.Schema) (rows int64, err error) {
	r, err := ipc.NewReader(in)
	if err != nil {
		return 0, err
	}
	defer r.Release()
	w, err := parquet.Format{}.NewWriter(out, schema)
	if err != nil {
		return 0, err
	}
	g := gather{w: w, schema: schema}
	defer g.drop()
	for r.Next() {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		rec := r.RecordBatch()
		rows += rec.NumRows()
		if err := g.add(rec); err != nil {
			return 0, err
		}
	}
	if err := r.Err(); err != nil {
		return 0, err
	}
	if err := g.write(); err != nil {
		return 0, err
	}
	return rows, w.Close()
}

// gather joins small records.
type gather struct {
	w      format.Writer
	schema *arrow.Schema
	parts  []arrow.RecordBatch
	rows   int64
}

func (g *gather) add(rec arrow.RecordBatch) error {
	rec.Retain()
	g.parts = append(g.parts, rec)
	if g.rows += rec.NumRows(); g.rows < joined {
		return nil
	}
	return g.write()
}

func (g *gather) write() error {
	if len(g.parts) == 0 {
		return nil
	}
	defer g.drop()
	rec, err := join(g.parts)
	if err != nil {
		return err
	}
	defer rec.Release()
	return g.w.Write(rec)
}

func (g *gather) drop() {
	for _, p := range g.parts {
		p.Release()
	}
	g.parts, g.rows = g.parts[:0], 0
}
