package xgboost

import (
	"fmt"

	"github.com/glulam/glulam/fault"
)

// reader is a front end: it reads the one value that comes next. A reader that returned an error is not used again.
//
// The schema (learner.go, tree.go) is the same for JSON and UBJSON, so it is read once, through this interface. Arrays of
// numbers, which are nearly all of a file, are one call each and go straight into flat slices.
type reader interface {
	// object calls each with every key; each reads the key's value. The key is only valid until then.
	object(each func(key []byte) error) error
	// array calls each for every element; each reads it.
	array(each func(i int) error) error
	// text reads a string.
	text() (string, error)
	// ints and floats append an array of numbers to dst. true and false are the integers 1 and 0.
	ints(dst []int32) ([]int32, error)
	floats(dst []float32) ([]float32, error)
	// longs is ints for what may not fit into 32 bits.
	longs(dst []int64) ([]int64, error)
	// count skips an array of numbers and says how many they were.
	count() (int, error)
	// integer reads one number.
	integer() (int64, error)
	// skip reads any value and forgets it.
	skip() error
	// position is where the next value starts; seek goes back there.
	position() int
	seek(position int)
	// end says whether nothing follows but white space.
	end() error
}

// problem is what is wrong with a file, before it is known where in the file that is.
type problem struct {
	code fault.Code
	hint string
	at   int // byte in the file, or nowhere
	text string
}

const nowhere = -1

func (e *problem) Error() string { return e.text }

// damaged is the next step for files that break the format.
const damaged = "the file is not as XGBoost wrote it: copy it again, or save the model again with save_model"

// bad makes the error of a front end.
func bad(at int, format string, args ...any) error {
	return &problem{code: fault.Corrupt, hint: damaged, at: at, text: fmt.Sprintf(format, args...)}
}

// corrupt is bad for values that were read well but do not fit.
func corrupt(format string, args ...any) error { return bad(nowhere, format, args...) }

// unsupported refuses what may mean something, but not something that this package knows; hint says what to do.
func unsupported(hint, format string, args ...any) error {
	return &problem{code: fault.Unsupported, hint: hint, at: nowhere, text: fmt.Sprintf(format, args...)}
}

// tooLarge refuses what is over a limit.
func tooLarge(format string, args ...any) error {
	return &problem{code: fault.TooLarge, hint: smaller, at: nowhere, text: fmt.Sprintf(format, args...)}
}

// smaller is the next step for models that are too large.
const smaller = "train with fewer features, leaves or rounds"

// maxDepth is how deep values that are skipped may be nested. XGBoost's own files reach 4.
const maxDepth = 64

// quote shows a piece of the file in an error: enough to recognise, never a whole array.
func quote[T ~string | ~[]byte](s T) string { return fault.Quote(s) }
