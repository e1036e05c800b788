package bundle

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
)

// Signature is the inputs of an MLflow signature, which MLflow gives to the model in this order and by position.
type Signature struct {
	Columns []SignatureColumn
}

// SignatureColumn is a named input.
type SignatureColumn struct {
	Name string
	Type string // "double", "long", "string", ...
}

// signatureTypes are those that columns of numbers and of text have.
var (
	numberTypes = []string{"boolean", "integer", "long", "float", "double"}
	textTypes   = []string{"string"}
)

// readSignature reads the inputs; nil if they are no named columns.
func readSignature(n node) (*Signature, error) {
	if n.empty() {
		return nil, nil
	}
	keys, err := n.entries()
	if err != nil {
		return nil, err
	}
	in := keys["inputs"]
	text, err := in.optional()
	if err != nil || text == "" {
		return nil, err
	}
	var columns []struct {
		Name *string `json:"name"`
		Type string  `json:"type"`
	}
	if err := json.Unmarshal([]byte(text), &columns); err != nil {
		return nil, in.fault(fault.Corrupt, "the inputs are no JSON list of columns: %s", said(err.Error()))
	}
	s := &Signature{}
	seen := map[string]bool{}
	for _, c := range columns {
		if c.Name == nil || c.Type == "tensor" {
			return nil, nil
		}
		if *c.Name == "" || seen[*c.Name] {
			return nil, in.fault(fault.Corrupt, "the column %s is empty or stands twice", fault.Quote(*c.Name))
		}
		seen[*c.Name] = true
		s.Columns = append(s.Columns, SignatureColumn{*c.Name, c.Type})
	}
	return s, nil
}

// Names are the columns' names.
func (s *Signature) Names() []string {
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return names
}

// Input is a feature of the model file: its name, and whether it takes text.
type Input struct {
	Name string
	Text bool
}

// Match holds the signature against the model's features, which have to be the same in the same order, and adds to Rename
// the columns that a library renamed when it was trained (LightGBM writes "a_b" for "a b"). Features without a name, or
// with a placeholder for one, are called as the signature has it: then nameless is set, and Features becomes these names.
func (b *Bundle) Match(inputs []Input, nameless bool) error {
	if b.Signature == nil {
		return nil
	}
	columns := b.Signature.Columns
	if len(columns) != len(inputs) {
		return b.Fault(fault.Schema, "signature", "the signature has %d columns, the model file %d features", len(columns), len(inputs))
	}
	for i, c := range columns {
		f := inputs[i]
		switch {
		case nameless || c.Name == f.Name:
		case strings.ReplaceAll(c.Name, " ", "_") == f.Name:
			if b.Rename == nil {
				b.Rename = map[string]string{}
			}
			b.Rename[f.Name] = c.Name
		default:
			return b.Fault(fault.Schema, "signature", "column %d of the signature is %s, feature %d of the model file is %s", i+1, fault.Quote(c.Name), i+1, fault.Quote(f.Name)).
				WithHint("MLflow gives columns to the model by position, so the numbers would not be its own; save the model again with a signature of its features")
		}
		want := numberTypes
		if f.Text {
			want = textTypes
		}
		if !slices.Contains(want, c.Type) {
			return b.Fault(fault.Schema, "signature", "the column %s of the signature is %s, the model wants %s", fault.Quote(c.Name), place(c.Type), strings.Join(want, ", "))
		}
	}
	if nameless {
		b.Features = b.Signature.Names()
	}
	return nil
}
