package boundary

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/glulam/glulam/internal/golden"
)

// Block is how many rows have one digest.
const Block = 64

// Column gives column i of the rows.
func (s *Set) column(i int) golden.Column {
	in := s.inputs[i]
	c := golden.Column{Name: in.name, IsText: in.text}
	for r := range s.Rows {
		v := s.values[r*len(s.inputs)+i]
		if !in.text {
			c.Number = append(c.Number, v)
			continue
		}
		text := ""
		if v == v {
			text = in.texts[int(v)]
		}
		c.Text, c.Null = append(c.Text, text), append(c.Null, v != v)
	}
	return c
}

// Columns gives the rows, as those of a case are: the columns that the model takes, in its order.
func (s *Set) Columns() []golden.Column {
	columns := make([]golden.Column, len(s.inputs))
	for i := range s.inputs {
		columns[i] = s.column(i)
	}
	return columns
}

// Matrix gives the rows of a set of [MakeCodes], row after row. It must not be changed.
func (s *Set) Matrix() []float64 { return s.values }

// Row shows a row for people.
func (s *Set) Row(r int) string {
	var b strings.Builder
	for i, in := range s.inputs {
		v := s.values[r*len(s.inputs)+i]
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if in.text && v == v {
			text = strconv.Quote(in.texts[int(v)])
		}
		fmt.Fprintf(&b, " %s=%s", in.name, text)
	}
	return b.String()[1:]
}

// head describes what follows it.
type head struct {
	Rows       int          `json:"rows"`
	Digest     string       `json:"digest"`
	Thresholds int          `json:"thresholds"`
	Reached    int          `json:"reached"`
	Turned     int          `json:"turned"`
	Columns    []headColumn `json:"columns"`
}

type headColumn struct {
	Name  string   `json:"name"`
	Texts []string `json:"texts"` // null: numbers
}

// Write writes a line of JSON that describes the rows, and the rows as little-endian float64s, row after row: of texts, their
// place in the line's list; NaN is missing.
func (s *Set) Write(w io.Writer) error {
	h := head{Rows: s.Rows, Digest: fmt.Sprintf("%016x", s.Digest()), Thresholds: s.Thresholds, Reached: s.Reached, Turned: s.Turned}
	for _, in := range s.inputs {
		h.Columns = append(h.Columns, headColumn{in.name, in.texts})
	}
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, s.values)
}

// Digest is that of the rows: two sets with one digest hold the same rows.
func (s *Set) Digest() uint64 {
	var texts []string
	for _, in := range s.inputs {
		texts = append(texts, in.name)
		texts = append(texts, in.texts...)
	}
	values := binary.LittleEndian.AppendUint64(nil, Digests(s.values, 0)[0])
	return first(append(values, strings.Join(texts, "\x00")...))
}

// Digests gives the digest of each block of rows' margins (or other numbers): the first 8 bytes, little-endian, of the SHA-256
// of their float64s, little-endian, any NaN as 0x7ff8000000000000. rows 0: one digest of all.
func Digests(values []float64, rows int) []uint64 {
	size := len(values)
	if rows > 0 {
		size = len(values) / rows * Block
	}
	var all []uint64
	for block := range slices.Chunk(values, max(size, 1)) {
		raw := make([]byte, 0, 8*len(block))
		for _, v := range block {
			bits := math.Float64bits(v)
			if v != v {
				bits = 0x7ff8000000000000
			}
			raw = binary.LittleEndian.AppendUint64(raw, bits)
		}
		all = append(all, first(raw))
	}
	if len(all) == 0 {
		all = append(all, first(nil))
	}
	return all
}

func first(raw []byte) uint64 {
	sum := sha256.Sum256(raw)
	return binary.LittleEndian.Uint64(sum[:])
}
