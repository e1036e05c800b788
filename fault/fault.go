package fault

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Code says what kind of thing went wrong. Codes are stable: dead letters, metrics and callers rely on them.
type Code string

// Codes of errors that end a run.
const (
	Usage       Code = "usage"       // a flag, a spec or an option makes no sense
	NotFound    Code = "not_found"   // a file or a glob that matches nothing
	Unreadable  Code = "unreadable"  // exists, but cannot be read (a directory, permissions, an I/O error)
	Unwritable  Code = "unwritable"  // the output cannot be written (disk full, permissions)
	Conflict    Code = "conflict"    // the output exists already
	Empty       Code = "empty"       // no header, or no rows at all
	Corrupt     Code = "corrupt"     // the bytes break their own format
	Unsupported Code = "unsupported" // understood, but glulam refuses to guess what it means
	TooLarge    Code = "too_large"   // over a stated limit
	Schema      Code = "schema"      // columns and model do not fit
	Changed     Code = "changed"     // an input changed while it was being read
	Mismatch    Code = "mismatch"    // rows in are not rows scored plus rows rejected
	Interrupted Code = "interrupted" // somebody stopped the run
	Internal    Code = "internal"    // a defect of glulam
)

// Codes of errors about one row: its reason to be a dead letter.
const (
	BadNumber     Code = "bad_number"     // a cell of a numeric column that is no number
	NumberRange   Code = "number_range"   // a number that float64 cannot hold (1e999)
	FieldCount    Code = "field_count"    // a CSV record with too few or too many fields
	BadQuote      Code = "bad_quote"      // a quote where RFC 4180 has none, or one that is never closed
	BadText       Code = "bad_text"       // bytes that are not UTF-8
	BadJSON       Code = "bad_json"       // a line that is not one JSON object
	WrongType     Code = "wrong_type"     // a JSON or Arrow value of another type than the column's
	DuplicateName Code = "duplicate_name" // a JSON object with the same needed member twice
	UnknownColumn Code = "unknown_column" // a JSON member that the output has no column for
	RowTooLarge   Code = "row_too_large"  // a record over the limit
	Tombstone     Code = "tombstone"      // a message without a value
	BadSchema     Code = "bad_schema"     // a message that names a schema which cannot be had
	BadMessage    Code = "bad_message"    // a message whose bytes are not what its format or schema says
	BadTime       Code = "bad_time"       // an event time that is none
	RuleFailed    Code = "rule_failed"    // a rule that gave an error for the row
)

// RowCodes lists the codes of errors about one row.
var RowCodes = []Code{
	BadNumber, NumberRange, FieldCount, BadQuote, BadText, BadJSON, WrongType, DuplicateName, UnknownColumn, RowTooLarge, Tombstone,
	BadSchema, BadMessage, BadTime, RuleFailed,
}

// Error is the one error type of glulam. The zero value of each field means "not known" or "does not apply".
type Error struct {
	Code   Code
	Source string // file, flag or other name of where it is
	Line   int64  // 1-based line in Source, for things that people edit: specs, model files
	Column int64  // 1-based byte column in Line
	Row    int64  // 1-based data row of Source, the header not counted
	Offset int64  // byte offset of that row in Source (uncompressed); meaningful when Row > 0
	Field  string // column, feature, key
	Err    error  // the cause
	Hint   string // the next step, a whole clause: "give --features a,b,c"
}

// New returns an error with a formatted cause; %w works as in fmt.Errorf.
func New(code Code, source, format string, args ...any) *Error {
	return &Error{Code: code, Source: source, Err: fmt.Errorf(format, args...)}
}

// FromOS makes the error of what the operating system said about source: its words without the path, which Source says
// already. With Unreadable, a file that is not there is NotFound. An *Error in err's chain comes back as it is. err is not
// nil.
func FromOS(code Code, source string, err error) *Error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	if code == Unreadable && errors.Is(err, fs.ErrNotExist) {
		code = NotFound
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	if e := (*os.LinkError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return &Error{Code: code, Source: source, Err: err}
}

// AtLine sets Line and returns e.
func (e *Error) AtLine(line int64) *Error { e.Line = line; return e }

// OnField sets Field and returns e.
func (e *Error) OnField(name string) *Error { e.Field = name; return e }

// WithHint sets Hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Error renders "source:line:col: row 7 (byte 512): field x: cause; hint".
func (e *Error) Error() string {
	var b strings.Builder
	if e.Source != "" {
		b.WriteString(e.Source)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
			if e.Column > 0 {
				fmt.Fprintf(&b, ":%d", e.Column)
			}
		}
		b.WriteString(": ")
	} else if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Row > 0 {
		fmt.Fprintf(&b, "row %d (byte %d): ", e.Row, e.Offset)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	if e.Err != nil {
		b.WriteString(e.Err.Error())
	} else {
		b.WriteString(strings.ReplaceAll(string(e.Code), "_", " "))
	}
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf gives the code of the first *Error in err's chain, Internal for any other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// wire is an Error as it travels through text.
type wire struct {
	Code   Code   `json:"code"`
	Source string `json:"source,omitempty"`
	Line   int64  `json:"line,omitempty"`
	Column int64  `json:"column,omitempty"`
	Row    int64  `json:"row,omitempty"`
	Offset int64  `json:"offset,omitempty"`
	Field  string `json:"field,omitempty"`
	Cause  string `json:"cause,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

const wireMark = "glulam-fault:"

// Wire wraps err so that its text carries the whole first *Error of its chain, for [FromText] on the other side of a
// runner. Errors without one, and nil, are returned as they are. The result still unwraps to err.
func Wire(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	w := wire{Code: e.Code, Source: e.Source, Line: e.Line, Column: e.Column, Row: e.Row, Offset: e.Offset, Field: e.Field, Hint: e.Hint}
	if e.Err != nil {
		w.Cause = e.Err.Error()
	}
	text, jerr := json.Marshal(w)
	if jerr != nil {
		return err
	}
	return &wired{text: e.Error() + " " + wireMark + base64.RawURLEncoding.EncodeToString(text) + ".", err: err}
}

type wired struct {
	text string
	err  error
}

func (w *wired) Error() string { return w.text }
func (w *wired) Unwrap() error { return w.err }

// FromText finds the first error that [Wire] put into text. Runners repeat and quote what a worker said, so it travels in
// letters that no quoting changes.
func FromText(text string) (*Error, bool) {
	for {
		_, after, ok := strings.Cut(text, wireMark)
		if !ok {
			return nil, false
		}
		text = after
		coded, _, _ := strings.Cut(after, ".")
		data, err := base64.RawURLEncoding.DecodeString(coded)
		var w wire
		if err != nil || json.Unmarshal(data, &w) != nil || w.Code == "" {
			continue
		}
		e := &Error{Code: w.Code, Source: w.Source, Line: w.Line, Column: w.Column, Row: w.Row, Offset: w.Offset, Field: w.Field, Hint: w.Hint}
		if w.Cause != "" {
			e.Err = errors.New(w.Cause)
		}
		return e, true
	}
}
