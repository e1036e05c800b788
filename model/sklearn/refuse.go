package sklearn

import (
	"errors"
	"fmt"
	"strings"

	"github.com/glulam/glulam/fault"
)

const (
	// damaged is the next step for documents that are not as the exporter writes them.
	damaged = "the file is not as the exporter of `glulam export-sklearn` wrote it: export the model again"
	// newer is the next step for documents with something that this package does not know.
	newer = "it may be of a newer glulam: use that one, or export the model again with what this one's `glulam export-sklearn` prints"
	// saveAgain is the next step for files of skops that contradict themselves.
	saveAgain = "the file is not as skops.io.dump wrote it: save the model again"
	// smaller is the next step for models that are too large.
	smaller = "train with fewer features, leaves or trees"
)

// corrupt refuses a document that breaks the format, at the place where the reader is.
func (r *reader) corrupt(field, format string, args ...any) error {
	return r.refuse(fault.Corrupt, damaged, field, format, args...)
}

// unsupported refuses a document that may mean something, but nothing that this package knows.
func (r *reader) unsupported(field, format string, args ...any) error {
	return r.refuse(fault.Unsupported, newer, field, format, args...)
}

func (r *reader) refuse(code fault.Code, hint, field, format string, args ...any) error {
	if r.inTree {
		field = strings.TrimSuffix(fmt.Sprintf("trees[%d].%s", r.tree, field), ".")
	}
	e := fault.New(code, r.source, format, args...).OnField(fault.Short(field))
	if e.Hint = hint; r.skops {
		e.Hint = saveAgain
		return e
	}
	e.Line = 1 + int64(strings.Count(r.text[:min(r.at, len(r.text))], "\n"))
	return e
}

// located adds the file and a next step to an error of a forest or graph that was checked as a whole.
func (r *reader) located(err error) error {
	var cause *fault.Error
	if err == nil || !errors.As(err, &cause) {
		return err
	}
	e := *cause
	e.Source, e.Hint = r.source, damaged
	if r.skops {
		e.Hint = saveAgain
	}
	if e.Code == fault.TooLarge {
		e.Hint = smaller
	}
	return &e
}
