package model

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/catboost"
)

// unseenHash is the code of a category whose hash no split asks for.
const unseenHash = -1

func hashCodes(hashes []uint32) map[uint32]float64 {
	codes := make(map[uint32]float64, len(hashes))
	for i, h := range hashes {
		codes[h] = float64(i)
	}
	return codes
}

// isText says whether an input's values are texts.
func (k *codes) isText() bool { return k != nil && (k.text != nil || k.hash != nil) }

// hashes says whether an input's values are hashed.
func (k *codes) hashes() bool { return k != nil && k.hash != nil }

// ofText gives the code of a text, and whether it is among the categories.
func (k *codes) ofText(v string) (float64, bool) {
	if k.hash != nil {
		return k.ofHash(unsafe.Slice(unsafe.StringData(v), len(v)))
	}
	if c, ok := k.text[v]; ok {
		return c, true
	}
	return k.unseen, false
}

func (k *codes) ofHash(text []byte) (float64, bool) {
	if c, ok := k.hash[catboost.Hash(text)]; ok {
		return c, true
	}
	return k.unseen, false
}

// otherForm gives the text that CatBoost hashes for a boolean or a whole number which is written in another way (True, 2.0):
// "" if v is neither, or is that text itself.
func otherForm(v string) string {
	switch v {
	case "true", "True", "TRUE":
		return "1"
	case "false", "False", "FALSE":
		return "0"
	}
	whole, ok := strings.CutSuffix(v, ".0") // as a column of floats is written
	if !ok {
		return ""
	}
	if _, err := strconv.ParseInt(whole, 10, 64); err != nil {
		return ""
	}
	return whole
}

// ambiguous refuses a row whose text is no category that the model knows while the number that it stands for is one: CatBoost
// hashes what the column held in training, text or number, and the model does not say which it was.
func (c *boundColumn) ambiguous(row int, v string, s *Scores) {
	if !c.codes.hashes() {
		return
	}
	form := otherForm(v)
	if form == "" {
		return
	}
	if _, ok := c.codes.ofText(form); ok {
		s.Refused = append(s.Refused, Refusal{Row: row, Code: fault.WrongType, Field: c.name,
			Message: fmt.Sprintf("%.60q is no category of the model, but %s is: write integers and booleans as CatBoost does, as whole numbers", v, form)})
	}
}

// fitsHash says whether a column of type t, which holds no text, holds values that CatBoost makes texts of.
func fitsHash(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.DICTIONARY:
		return fitsHash(t.(*arrow.DictionaryType).ValueType)
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64, arrow.BOOL:
		return true
	}
	return false
}

// decimals gives what appends the text of value i, as CatBoost's Python package makes it of integers and booleans; nil for
// other columns.
func decimals(col arrow.Array) func(b []byte, i int) []byte {
	switch a := col.(type) {
	case *array.Int8:
		return signed(a.Int8Values())
	case *array.Int16:
		return signed(a.Int16Values())
	case *array.Int32:
		return signed(a.Int32Values())
	case *array.Int64:
		return signed(a.Int64Values())
	case *array.Uint8:
		return unsigned(a.Uint8Values())
	case *array.Uint16:
		return unsigned(a.Uint16Values())
	case *array.Uint32:
		return unsigned(a.Uint32Values())
	case *array.Uint64:
		return unsigned(a.Uint64Values())
	case *array.Boolean:
		return func(b []byte, i int) []byte {
			if a.Value(i) {
				return append(b, '1')
			}
			return append(b, '0')
		}
	}
	return nil
}

func signed[T int8 | int16 | int32 | int64](values []T) func([]byte, int) []byte {
	return func(b []byte, i int) []byte { return strconv.AppendInt(b, int64(values[i]), 10) }
}

func unsigned[T uint8 | uint16 | uint32 | uint64](values []T) func([]byte, int) []byte {
	return func(b []byte, i int) []byte { return strconv.AppendUint(b, uint64(values[i]), 10) }
}

// hashed is gather for values whose texts are hashed.
func (c *boundColumn) hashed(col arrow.Array, text func([]byte, int) []byte, first, rows int, dst []float64, width int, s *Scores) {
	var buf [20]byte
	for i := range rows {
		if col.IsNull(first + i) {
			dst[i*width] = math.NaN()
			c.missing(first+i, s)
			continue
		}
		dst[i*width], _ = c.codes.ofHash(text(buf[:0], first+i))
	}
}

// missing refuses a row without a value, if the column's values are hashed: CatBoost does not predict then.
func (c *boundColumn) missing(row int, s *Scores) {
	if c.codes.hashes() {
		s.Refused = append(s.Refused, Refusal{Row: row, Code: fault.WrongType, Field: c.name, Message: "the category is missing, which CatBoost refuses"})
	}
}
