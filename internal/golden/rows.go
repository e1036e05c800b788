package golden

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// types are the columns of rows.parquet; a ? marks those that may be null.
const types = `id int64, time_hour time, month int64, day int64, dow int64, hour int64, minute int64, sched_dep_time int64,
	sched_arr_time int64, carrier text, flight int64, tailnum text?, origin text, dest text, distance int64, temp float64?,
	dewp float64?, humid float64?, wind_dir float64?, wind_speed float64?, wind_gust float64?, precip float64?,
	pressure float64?, visib float32?, plane_year int64?, manufacturer text?, engine text?, seats int64?, engines int64?,
	speed float64?, size text?, weekend bool, arr_delay int64?, late int64?`

var typeNames = map[string]arrow.DataType{
	"int64": arrow.PrimitiveTypes.Int64, "float64": arrow.PrimitiveTypes.Float64, "float32": arrow.PrimitiveTypes.Float32,
	"text": arrow.BinaryTypes.String, "bool": arrow.FixedWidthTypes.Boolean, "time": arrow.FixedWidthTypes.Timestamp_us,
}

// Rows gives rows.csv as one Arrow record with all its columns, in the types of rows.parquet: int64, float64, float32,
// utf8, bool and timestamp, null where missing.
func Rows(tb TB) arrow.RecordBatch {
	tb.Helper()
	rec, err := rows()
	if err != nil {
		tb.Fatalf("test data: %v", err)
	}
	return rec
}

var rows = sync.OnceValues(func() (arrow.RecordBatch, error) {
	cells, err := table()
	if err != nil {
		return nil, err
	}
	fields := schema()
	columns := make([]arrow.Array, len(fields))
	for i, field := range fields {
		if cells[0][i] != field.Name {
			return nil, fmt.Errorf("rows.csv: column %d is %s, not %s", i, cells[0][i], field.Name)
		}
		if columns[i], err = parse(field, cells[1:], i); err != nil {
			return nil, err
		}
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, int64(len(cells)-1)), nil
})

func schema() []arrow.Field {
	var fields []arrow.Field
	for column := range strings.SplitSeq(types, ",") {
		name, kind, _ := strings.Cut(strings.TrimSpace(column), " ")
		kind, nullable := strings.CutSuffix(kind, "?")
		fields = append(fields, arrow.Field{Name: name, Type: typeNames[kind], Nullable: nullable})
	}
	return fields
}

// parse makes a column of cells; an empty cell is null.
func parse(field arrow.Field, cells [][]string, at int) (arrow.Array, error) {
	b := array.NewBuilder(memory.DefaultAllocator, field.Type)
	b.Reserve(len(cells))
	for row, record := range cells {
		cell := record[at]
		var err error
		switch b := b.(type) {
		case *array.TimestampBuilder:
			var t time.Time
			if t, err = time.Parse(time.RFC3339, cell); err == nil {
				b.AppendTime(t)
			}
		default:
			if cell == "" {
				b.AppendNull()
			} else {
				err = b.AppendValueFromString(cell)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("rows.csv: row %d: %s: %w", row+1, field.Name, err)
		}
	}
	return b.NewArray(), nil
}

// Texts gives the distinct texts of a column of rows.csv, sorted; nil if there is no such column. A missing text is not among
// them.
func Texts(column string) []string {
	t, err := table()
	if err != nil {
		return nil
	}
	j := slices.Index(t[0], column)
	if j < 0 {
		return nil
	}
	var texts []string
	for _, record := range t[1:] {
		if record[j] != "" {
			texts = append(texts, record[j])
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

var table = sync.OnceValues(func() ([][]string, error) {
	f, err := os.Open(Path("rows.csv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return csv.NewReader(f).ReadAll()
})
