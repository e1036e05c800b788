package lightgbm

import (
	"fmt"

	"github.com/glulam/glulam/fault"
)

// damaged is the next step for files that break LightGBM's format.
const damaged = "the file is not as LightGBM wrote it: copy it again, or save the model again with save_model"

// smaller is the next step for models that are too large.
const smaller = "train with fewer features, leaves or rounds"

// corrupt refuses a file that breaks the format.
func (p *parser) corrupt(at field, format string, args ...any) error {
	return p.refuse(fault.Corrupt, at, format, args...).WithHint(damaged)
}

// cutOff refuses a file that ends too early.
func (p *parser) cutOff(at field) error {
	return p.refuse(fault.Corrupt, field{line: at.line}, "the file ends here, before its end").
		WithHint("it was cut off: copy it again, or save the model again with save_model")
}

// unsupported refuses a file that may mean something, but not something that this package knows; hint says what to do.
func (p *parser) unsupported(at field, hint, format string, args ...any) error {
	e := p.refuse(fault.Unsupported, at, format, args...)
	e.Hint = hint
	return e
}

// refuse makes an error about a field of the tree that is being read, or of the file.
func (p *parser) refuse(code fault.Code, at field, format string, args ...any) *fault.Error {
	cause := fmt.Errorf(format, args...)
	if p.tree != outside {
		cause = fmt.Errorf("tree %d: %w", p.tree, cause)
	}
	return &fault.Error{Code: code, Source: p.source, Line: at.line, Field: at.key, Err: cause}
}

// quote shows a piece of the file in an error: enough to recognise, never a whole array.
func quote(s string) string { return fault.Quote(s) }
