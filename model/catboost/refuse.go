package catboost

import (
	"errors"
	"fmt"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model/internal/jsonread"
)

const (
	// damaged is the next step for files that break CatBoost's formats.
	damaged = "the file is not as CatBoost wrote it: copy it again, or save the model again with save_model"
	// smaller is the next step for models that are too large.
	smaller = "train with fewer features, leaves or trees"
	// unknown is the next step for what a newer CatBoost may have written.
	unknown = "use a newer glulam, or tell us which program wrote the file"
)

func corrupt(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Corrupt, "", format, args...).OnField(field).WithHint(damaged)
}

func tooLarge(field, format string, args ...any) *fault.Error {
	return fault.New(fault.TooLarge, "", format, args...).OnField(field).WithHint(smaller)
}

func unsupported(field, hint, format string, args ...any) *fault.Error {
	e := fault.New(fault.Unsupported, "", format, args...).OnField(field)
	e.Hint = hint
	return e
}

// located gives an error its source and, if it came from forest.Validate, a hint.
func located(err error, source string) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	e.Source = source
	if e.Hint == "" {
		e.Hint = damaged
		if e.Code == fault.TooLarge {
			e.Hint = smaller
		}
	}
	return e
}

// quote shows a piece of the file in an error.
func quote[T ~string | ~[]byte](s T) string { return jsonread.Quote(s) }

// refuseFeatures refuses a model for the features that this package cannot compute; names has one at least.
func refuseFeatures(field string, names []string, what, hint string) error {
	const most = 8
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	return unsupported(field, hint, "%s on %s%s, which glulam does not compute", what, strings.Join(names, ", "), more)
}

const (
	withoutTargets    = "train with one_hot_max_size of at least the number of categories (at most 255), or with numbers in place of these categories"
	withoutTexts      = "train without text_features"
	withoutEmbeddings = "train without embedding_features"
)
