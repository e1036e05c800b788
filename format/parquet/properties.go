package parquet

import (
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/glulam/glulam/fault"
)

// writeProperties says how columns are written; first are the first values of each, or nil.
func writeProperties(schema *arrow.Schema, first []arrow.Array) (*pq.WriterProperties, error) {
	sc, err := pqarrow.ToParquet(schema, nil, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, fault.New(fault.Unsupported, "", "%w", err)
	}
	page := min(pageBytes, max(leastPage, allPages/sc.NumColumns()))
	opts := []pq.WriterProperty{
		pq.WithCompression(compress.Codecs.Zstd),
		pq.WithCompressionLevel(1),
		pq.WithMaxRowGroupLength(groupRows),
		pq.WithDataPageSize(int64(page)),
		pq.WithDictionaryPageSizeLimit(int64(page)),
		pq.WithDictionaryDefault(false),
	}
	for i := range sc.NumColumns() {
		if c := sc.Column(i); c.PhysicalType() == pq.Types.ByteArray {
			opts = append(opts, pq.WithDictionaryPath(c.ColumnPath(), true))
		}
	}
	for i, c := range first {
		if steady(c) {
			opts = append(opts, pq.WithEncodingPath(pq.ColumnPath{schema.Field(i).Name}, pq.Encodings.DeltaBinaryPacked))
		}
	}
	return pq.NewWriterProperties(opts...), nil
}

// steadyBits is how many bits differences may take to be worth packing. Above that, zstd is faster on what is not packed and
// as good (BenchmarkWriteIDs).
const steadyBits = 24

// steady says that a column is of whole numbers whose differences from one to the next are much alike, so that they are
// small once packed, and that it has no nulls.
func steady(c arrow.Array) bool {
	if c.NullN() > 0 {
		return false
	}
	switch a := c.(type) {
	case *array.Int64:
		return packs(a.Int64Values())
	case *array.Int32:
		return packs(a.Int32Values())
	}
	return false
}

func packs[T int32 | int64](v []T) bool {
	if len(v) < 2 {
		return false
	}
	least, most := int64(v[1])-int64(v[0]), int64(v[1])-int64(v[0])
	for i := 1; i < len(v); i++ {
		d := int64(v[i]) - int64(v[i-1])
		if (d < 0) != (v[i] < v[i-1]) { // too far apart
			return false
		}
		least, most = min(least, d), max(most, d)
	}
	return bits.Len64(uint64(most)-uint64(least)) <= steadyBits
}
