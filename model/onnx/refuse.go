package onnx

import (
	"errors"

	"github.com/glulam/glulam/fault"
)

// Hints.
const (
	damaged     = "the file is damaged: convert the model again"
	exportAgain = "convert the model again without it, or export it in the training library's own format"
	ownFormat   = "save the model in the training library's own format instead"
	noTrees     = "only ONNX models of trees are read. If trees were made into operators of tensors, as Hummingbird does: save the model in the training library's own format, or convert it with skl2onnx or onnxmltools"
	smaller     = "save the model in the training library's own format, which is smaller"
)

func (p *parser) refuse(code fault.Code, place, format string, args ...any) *fault.Error {
	return fault.New(code, p.source, format, args...).OnField(place)
}

func (p *parser) corrupt(place, format string, args ...any) *fault.Error {
	return p.refuse(fault.Corrupt, place, format, args...).WithHint(damaged)
}

func (p *parser) unsupported(place, format string, args ...any) *fault.Error {
	return p.refuse(fault.Unsupported, place, format, args...).WithHint(ownFormat)
}

// wrap makes a *fault.Error of any error; one that is such already comes back with what it lacks.
func (p *parser) wrap(err error, place string) error {
	var e *fault.Error
	if errors.As(err, &e) {
		c := *e
		c.Source = p.source
		if c.Field == "" {
			c.Field = place
		}
		if c.Hint == "" {
			c.Hint = damaged
			if c.Code == fault.TooLarge {
				c.Hint = smaller
			}
		}
		return &c
	}
	var u unknownField
	var a unknownAttribute
	switch {
	case errors.As(err, &u), errors.As(err, &a), errors.Is(err, errSubgraph):
		return p.refuse(fault.Unsupported, place, "%w", err).WithHint(exportAgain)
	case errors.Is(err, errExternal):
		return p.refuse(fault.Unsupported, place, "%w", err).WithHint("save the model as one file: onnx.save with save_as_external_data=False")
	}
	return p.refuse(fault.Corrupt, place, "%w", err).WithHint(damaged)
}
