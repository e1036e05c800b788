package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/glulam/glulam/fault"
)

// expectedNames are what the expected outputs of an input example are called. MLflow writes none; somebody may put one
// there.
var expectedNames = []string{"expected.csv", "expected.tsv", "expected.jsonl"}

// example makes golden rows of an MLflow input example: the file that MLmodel names, if it is a table in split form.
func (r *reader) example(info node) error {
	if info.empty() {
		return nil
	}
	keys, err := info.entries()
	if err != nil {
		return err
	}
	kind, err := keys["type"].optional()
	if err != nil {
		return err
	}
	orient, err := keys["pandas_orient"].optional()
	if err != nil {
		return err
	}
	if kind != "dataframe" || orient != "split" {
		r.b.NoGolden = fmt.Sprintf("the input example is of type %s, not a table of named columns", fault.Quote(kind))
		return nil
	}
	file := keys["artifact_path"]
	if file.empty() {
		return info.fault(fault.Corrupt, "artifact_path is missing")
	}
	name, data, err := r.named(file, "the input example", MaxGolden)
	if err != nil {
		return err
	}
	rows, err := splitRows(data)
	if err != nil {
		return fault.New(fault.Corrupt, r.b.Source+"/"+name, "not a table in pandas' split form: %s", said(err.Error()))
	}
	if rows == nil {
		r.b.NoGolden = "the input example has no rows"
		return nil
	}
	r.b.Golden = &Golden{Rows: File{Name: name + "l", Data: rows}}
	for _, expected := range expectedNames {
		if r.src.has(expected) {
			data, err := r.file(expected, "the file of expected outputs", MaxGolden)
			r.b.Golden.Expected = File{expected, data}
			return err
		}
	}
	return nil
}

// splitRows makes JSON lines of {"columns": [...], "data": [[...], ...]}.
func splitRows(data []byte) ([]byte, error) {
	var table struct {
		Columns []any               `json:"columns"`
		Data    [][]json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(plainJSON(data), &table); err != nil {
		return nil, err
	}
	names := make([][]byte, len(table.Columns))
	for i, c := range table.Columns {
		if _, ok := c.(string); !ok {
			c = fmt.Sprint(c)
		}
		names[i], _ = json.Marshal(c) // a string: cannot fail
	}
	var out bytes.Buffer
	for i, row := range table.Data {
		if len(row) != len(names) {
			return nil, fmt.Errorf("row %d has %d values for %d columns", i+1, len(row), len(names))
		}
		for j, v := range row {
			sep := byte(',')
			if j == 0 {
				sep = '{'
			}
			out.WriteByte(sep)
			out.Write(names[j])
			out.WriteByte(':')
			if err := json.Compact(&out, v); err != nil {
				return nil, err
			}
		}
		if len(row) == 0 {
			out.WriteByte('{')
		}
		out.WriteString("}\n")
		if out.Len() > MaxGolden {
			return nil, fmt.Errorf("more than %d bytes as JSON lines", MaxGolden)
		}
	}
	return out.Bytes(), nil
}

// plainJSON writes what Python's json module writes for NaN and infinities as JSON has it: null, and texts that mean the
// number.
func plainJSON(data []byte) []byte {
	out := make([]byte, 0, len(data))
	inText := false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case inText && c == '\\' && i+1 < len(data):
			out = append(out, c, data[i+1])
			i++
			continue
		case c == '"':
			inText = !inText
		case inText:
		case bytes.HasPrefix(data[i:], []byte("NaN")):
			out = append(out, "null"...)
			i += len("NaN") - 1
			continue
		case bytes.HasPrefix(data[i:], []byte("-Infinity")):
			out = append(out, `"-Infinity"`...)
			i += len("-Infinity") - 1
			continue
		case bytes.HasPrefix(data[i:], []byte("Infinity")):
			out = append(out, `"Infinity"`...)
			i += len("Infinity") - 1
			continue
		}
		out = append(out, c)
	}
	return out
}
