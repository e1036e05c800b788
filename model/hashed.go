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
	"github.com/glulam/glulam/model/forest"
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
	if c, ok := k.hash[forest.CategoryHash(text)]; ok {
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
	if d, ok := t.(*arrow.DictionaryType); ok {
		return fitsHash(d.ValueType)
	}
	return arrow.IsInteger(t.ID()) || t.ID() == arrow.BOOL
}

// appendDecimal appends the text of value i, as CatBoost's Python package makes it of integers and booleans.
func appendDecimal(b []byte, col arrow.Array, i int) []byte {
	switch a := col.(type) {
	case *array.Int8:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Int16:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Int32:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Int64:
		return strconv.AppendInt(b, a.Value(i), 10)
	case *array.Uint8:
		return strconv.AppendUint(b, uint64(a.Value(i)), 10)
	case *array.Uint16:
		return strconv.AppendUint(b, uint64(a.Value(i)), 10)
	case *array.Uint32:
		return strconv.AppendUint(b, uint64(a.Value(i)), 10)
	case *array.Uint64:
		return strconv.AppendUint(b, a.Value(i), 10)
	case *array.Boolean:
		if a.Value(i) {
			return append(b, '1')
		}
		return append(b, '0')
	}
	return b
}

// hashed is gather for integers and booleans whose texts are hashed.
func (c *boundColumn) hashed(col arrow.Array, first, rows int, dst []float64, width int, s *Scores) {
	for i := range rows {
		if col.IsNull(first + i) {
			dst[i*width] = math.NaN()
			c.missing(first+i, s)
			continue
		}
		s.digits = appendDecimal(s.digits[:0], col, first+i)
		dst[i*width], _ = c.codes.ofHash(s.digits)
	}
}

// missing refuses a row without a value, if the column's values are hashed: CatBoost does not predict then.
func (c *boundColumn) missing(row int, s *Scores) {
	if c.codes.hashes() {
		s.Refused = append(s.Refused, Refusal{Row: row, Code: fault.WrongType, Field: c.name, Message: "the category is missing, which CatBoost refuses"})
	}
}
