package model_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/internal/golden"
)

// variant gives the 5,000 rows in other columns. rows makes all columns, once; columns picks a model's.
type variant struct {
	name    string
	rows    func(t *testing.T) arrow.RecordBatch
	columns func(rec arrow.RecordBatch, names []string) arrow.RecordBatch
	only    []string // models; nil: all
}

var variants = []variant{
	{"as in Parquet", natural, pick, nil},
	{"shuffled", natural, shuffle, nil},
	{"more columns", natural, more, nil},
	{"float64, NaN for missing", func(t *testing.T) arrow.RecordBatch { return retype(t, toFloat64) }, pick, nil},
	{"narrow types", func(t *testing.T) arrow.RecordBatch { return retype(t, toNarrow) }, pick, nil},
	{"decimals", func(t *testing.T) arrow.RecordBatch { return retype(t, toDecimal) }, pick, []string{"lightgbm", "linear", "category_int", "category_float", "codes"}},
	{"dictionaries", func(t *testing.T) arrow.RecordBatch { return retype(t, toDictionary) }, pick, nil},
	{"large text", func(t *testing.T) arrow.RecordBatch { return retype(t, toLarge) }, pick, nil},
	{"slices", func(t *testing.T) arrow.RecordBatch { return shift(t, natural(t)) }, pick, nil},
	{"slices of dictionaries", func(t *testing.T) arrow.RecordBatch { return shift(t, retype(t, toDictionary)) }, pick, nil},
}

// natural are the columns in the types of the Parquet file.
func natural(t *testing.T) arrow.RecordBatch { return golden.Rows(t) }

// wanted are the columns that the model wants, in its order.
func wanted(tb testing.TB, g golden.Model) arrow.RecordBatch {
	return pick(golden.Rows(tb), g.Columns())
}

// record makes a record of columns.
func record(fields []arrow.Field, columns []arrow.Array) arrow.RecordBatch {
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, int64(columns[0].Len()))
}

// pick gives some columns of a record, in this order.
func pick(rec arrow.RecordBatch, names []string) arrow.RecordBatch {
	var fields []arrow.Field
	var columns []arrow.Array
	for _, n := range names {
		i := rec.Schema().FieldIndices(n)[0]
		fields = append(fields, rec.Schema().Field(i))
		columns = append(columns, rec.Column(i))
	}
	return record(fields, columns)
}

func shuffle(rec arrow.RecordBatch, names []string) arrow.RecordBatch {
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return pick(rec, names)
}

// more gives all columns, one of a type that no model takes, and the bytes of every row and of every column under the
// column's own name.
func more(rec arrow.RecordBatch, _ []string) arrow.RecordBatch {
	list := array.NewListBuilder(memory.DefaultAllocator, arrow.PrimitiveTypes.Int8)
	raw := array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
	for range rec.NumRows() {
		list.AppendNull()
		raw.AppendString("7")
	}
	bytes := raw.NewArray()
	fields := []arrow.Field{
		{Name: "list", Type: list.Type(), Nullable: true},
		{Name: "row", Type: arrow.BinaryTypes.Binary, Metadata: arrow.MetadataFrom(map[string]string{format.MetaRawRow: "csv"})},
	}
	columns := []arrow.Array{list.NewArray(), bytes}
	for i, f := range rec.Schema().Fields() {
		fields = append(fields, f, arrow.Field{Name: f.Name, Type: arrow.BinaryTypes.Binary, Metadata: arrow.MetadataFrom(map[string]string{format.MetaRaw: "csv"})})
		columns = append(columns, rec.Column(i), bytes)
	}
	return record(fields, columns)
}

// shift gives a record that starts in the middle of its buffers.
func shift(t *testing.T, rec arrow.RecordBatch) arrow.RecordBatch {
	columns := make([]arrow.Array, rec.NumCols())
	for i, c := range rec.Columns() {
		twice, err := array.Concatenate([]arrow.Array{array.NewSlice(c, 100, 137), c}, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		columns[i] = array.NewSlice(twice, 37, int64(twice.Len()))
	}
	return record(rec.Schema().Fields(), columns)
}

// retype converts every column; to gives nil for a column that is to stay.
func retype(t *testing.T, to func(t *testing.T, i int, c arrow.Array) arrow.Array) arrow.RecordBatch {
	rec := golden.Rows(t)
	fields := rec.Schema().Fields()
	columns := make([]arrow.Array, rec.NumCols())
	for i, c := range rec.Columns() {
		columns[i] = c
		if n := to(t, i, c); n != nil {
			columns[i] = n
		}
		fields[i].Type, fields[i].Nullable = columns[i].DataType(), columns[i].NullN() > 0
	}
	return record(fields, columns)
}

func isText(c arrow.Array) bool { return c.DataType().ID() == arrow.STRING }

func isNumber(c arrow.Array) bool { return !isText(c) && c.DataType().ID() != arrow.TIMESTAMP }

// texts are the values as text; ok is false for null. Booleans are 0 and 1.
func texts(c arrow.Array, i int) (string, bool) {
	if c.IsNull(i) {
		return "", false
	}
	switch v := c.ValueStr(i); v {
	case "true":
		return "1", true
	case "false":
		return "0", true
	default:
		return v, true
	}
}

// convert writes the values to a column of another type; ok is false if that type does not hold them.
func convert(c arrow.Array, to arrow.DataType) (converted arrow.Array, ok bool) {
	b := array.NewBuilder(memory.DefaultAllocator, to)
	for i := range c.Len() {
		v, valid := texts(c, i)
		if !valid {
			b.AppendNull()
		} else if err := b.AppendValueFromString(v); err != nil {
			return nil, false
		}
	}
	return b.NewArray(), true
}

// toFloat64 is what format.Number gives.
func toFloat64(t *testing.T, _ int, c arrow.Array) arrow.Array {
	if !isNumber(c) {
		return nil
	}
	nullable, ok := convert(c, arrow.PrimitiveTypes.Float64)
	if !ok {
		t.Fatalf("%s is not float64", c.DataType())
	}
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	for i, v := range nullable.(*array.Float64).Float64Values() {
		if c.IsNull(i) {
			v = math.NaN()
		}
		b.Append(v)
	}
	return b.NewArray()
}

// toNarrow takes the next type, round and round, that holds all values.
func toNarrow(t *testing.T, i int, c arrow.Array) arrow.Array {
	if !isNumber(c) {
		return nil
	}
	types := []arrow.DataType{
		arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Int16,
		arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint32,
		arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64,
	}
	for k := range types {
		if n, ok := convert(c, types[(i+k)%len(types)]); ok && sameValues(c, n) {
			return n
		}
	}
	t.Fatalf("no type for %s", c.DataType())
	return nil
}

// sameValues says whether a narrow column holds exactly the numbers of a column.
func sameValues(a, narrow arrow.Array) bool {
	x, ok := convert(a, arrow.PrimitiveTypes.Float64)
	if !ok {
		return false
	}
	for i, v := range x.(*array.Float64).Float64Values() {
		var n float64
		switch c := narrow.(type) {
		case *array.Float16:
			n = float64(c.Value(i).Float32())
		case *array.Float32:
			n = float64(c.Value(i))
		default:
			n, _ = strconv.ParseFloat(c.ValueStr(i), 64) // integers, and float64 itself
		}
		if !a.IsNull(i) && n != v {
			return false
		}
	}
	return true
}

// toDecimal takes 128 and 256 bits in turn. All values of the rows have less than 20 digits after the point.
func toDecimal(t *testing.T, i int, c arrow.Array) arrow.Array {
	if !isNumber(c) {
		return nil
	}
	types := []arrow.DataType{&arrow.Decimal128Type{Precision: 38, Scale: 20}, &arrow.Decimal256Type{Precision: 76, Scale: 40}}
	n, ok := convert(c, types[i%len(types)])
	if !ok {
		t.Fatalf("%s is not %s", c.DataType(), types[i%len(types)])
	}
	return n
}

// toDictionary makes dictionaries of texts and of numbers, with values that no row has, nulls among the indices and, where
// nothing else speaks against it, in the dictionary itself.
func toDictionary(t *testing.T, i int, c arrow.Array) arrow.Array {
	if c.DataType().ID() == arrow.TIMESTAMP {
		return nil
	}
	indexType := []arrow.DataType{arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int64}[i%3]
	values := array.NewBuilder(memory.DefaultAllocator, c.DataType())
	indices := array.NewBuilder(memory.DefaultAllocator, indexType)
	values.AppendNull()
	values.AppendEmptyValue()
	place := map[string]string{}
	for r := range c.Len() {
		if c.IsNull(r) {
			if r%2 == 0 {
				indices.AppendNull()
			} else {
				must(t, indices.AppendValueFromString("0")) // the null of the dictionary
			}
			continue
		}
		v := c.ValueStr(r)
		at, ok := place[v]
		if !ok {
			at = strconv.Itoa(values.Len())
			place[v] = at
			must(t, values.AppendValueFromString(v))
		}
		must(t, indices.AppendValueFromString(at))
	}
	return array.NewDictionaryArray(&arrow.DictionaryType{IndexType: indexType, ValueType: c.DataType()}, indices.NewArray(), values.NewArray())
}

func toLarge(t *testing.T, _ int, c arrow.Array) arrow.Array {
	if !isText(c) {
		return nil
	}
	n, ok := convert(c, arrow.BinaryTypes.LargeString)
	if !ok {
		t.Fatal("no large text")
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
