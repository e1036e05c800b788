package rules

import (
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/format/number"
)

// column is a column as rules read it: values are made when they are asked for, once a row.
type column struct {
	index int // in the record, or among the outputs; -1: a rule's result
	name  string
	kind  *cel.Type

	data  arrow.Array
	row   int // that value is of; -1: none
	value any
}

func (c *column) set(a arrow.Array) { c.data, c.row, c.value = a, -1, nil }

// missing says whether there is no value.
func (c *column) missing(i int) bool {
	switch a := c.data.(type) {
	case *array.Float64:
		v := a.Value(i)
		return v != v || a.IsNull(i)
	case *array.Float32:
		v := a.Value(i)
		return v != v || a.IsNull(i)
	case *array.Float16:
		return a.IsNull(i) || math.IsNaN(number.Half(a.Value(i).Uint16()))
	case *array.Null:
		return true
	case *array.Dictionary:
		return a.IsNull(i) || a.Dictionary().IsNull(a.GetValueIndex(i))
	}
	return c.data.IsNull(i)
}

// at gives row i's value, or an error that CEL passes on.
func (c *column) at(i int) any {
	if c.row == i {
		return c.value
	}
	c.row = i
	if c.missing(i) {
		c.value = types.NewErr("%q is missing in this row", c.name)
	} else if v, err := c.read(c.data, i); err != nil {
		c.value = types.NewErr("%q is %w", c.name, err)
	} else {
		c.value = v
	}
	return c.value
}

func (c *column) read(a arrow.Array, i int) (any, error) {
	switch a := a.(type) {
	case *array.Float64:
		return types.Double(a.Value(i)), nil
	case *array.Float32:
		return types.Double(a.Value(i)), nil
	case *array.Float16:
		return types.Double(number.Half(a.Value(i).Uint16())), nil
	case *array.Int64:
		return c.whole(a.Value(i))
	case *array.Int32:
		return c.whole(int64(a.Value(i)))
	case *array.Int16:
		return c.whole(int64(a.Value(i)))
	case *array.Int8:
		return c.whole(int64(a.Value(i)))
	case *array.Uint64:
		if v := a.Value(i); v > math.MaxInt64 {
			if f := float64(v); f < 1<<64 && uint64(f) == v {
				return types.Double(f), nil
			}
			return nil, fmt.Errorf("%d, which no double holds", v)
		}
		return c.whole(int64(a.Value(i)))
	case *array.Uint32:
		return c.whole(int64(a.Value(i)))
	case *array.Uint16:
		return c.whole(int64(a.Value(i)))
	case *array.Uint8:
		return c.whole(int64(a.Value(i)))
	case *array.Boolean:
		return types.Bool(a.Value(i)), nil
	case *array.String:
		return text(a.Value(i))
	case *array.LargeString:
		return text(a.Value(i))
	case *array.Dictionary:
		return c.read(a.Dictionary(), a.GetValueIndex(i))
	case *array.Decimal128:
		return decimal(a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale))
	case *array.Decimal256:
		return decimal(a.Value(i).ToString(a.DataType().(*arrow.Decimal256Type).Scale))
	case *array.Timestamp:
		return instant(a.Value(i).ToTime(a.DataType().(*arrow.TimestampType).Unit))
	case *array.Date32:
		return instant(a.Value(i).ToTime())
	case *array.Date64:
		return instant(a.Value(i).ToTime())
	}
	return nil, fmt.Errorf("of type %s", a.DataType())
}

// whole is an integer as what the column is: a double, or of an output an int.
func (c *column) whole(v int64) (any, error) {
	if c.kind == cel.IntType {
		return types.Int(v), nil
	}
	f := float64(v)
	if f >= 1<<63 || int64(f) != v {
		return nil, fmt.Errorf("%d, which no double holds", v)
	}
	return types.Double(f), nil
}

func text(v string) (any, error) {
	if len(v) > MaxText {
		return nil, fmt.Errorf("%d bytes long; rules take texts of at most %d", len(v), MaxText)
	}
	if !utf8.ValidString(v) {
		return nil, fmt.Errorf("%.60q, which is not UTF-8", v)
	}
	return types.String(v), nil
}

func decimal(v string) (any, error) {
	f, err := strconv.ParseFloat(v, 64)
	return types.Double(f), err
}

func instant(t time.Time) (any, error) {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return nil, fmt.Errorf("in the year %d, which CEL has no timestamps of", t.Year())
	}
	return types.Timestamp{Time: t}, nil
}

// activation is the row that a rule is evaluated for.
type activation struct {
	index   map[string]int32 // of variables: three times the column's place, 1 more: is it missing, 2 more: is it not
	columns []*column
	row     int
}

// ResolveName gives a variable's value.
func (a *activation) ResolveName(name string) (any, bool) {
	i, ok := a.index[name]
	if !ok {
		return nil, false
	}
	c := a.columns[i/3]
	if i%3 == 0 {
		return c.at(a.row), true
	}
	return types.Bool(c.missing(a.row) == (i%3 == 1)), true
}

// Parent is none.
func (a *activation) Parent() interpreter.Activation { return nil }
