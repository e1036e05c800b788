package files

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/csv"
)

// Reading is how rows are to be read, as far as a file's name does not say it. The zero value leaves everything to the name
// and to the format's defaults.
type Reading struct {
	Format      string   // of FormatNames; "" is what the name says
	Delimiter   string   // of csv.Delimiters; "" is a comma, and a tab for .tsv
	NullNumbers []string // nil: format.DefaultNulls.Number
	NullTexts   []string // nil: the format's default
}

// Says reports whether r says anything.
func (r *Reading) Says() bool {
	return r.Format != "" || r.Delimiter != "" || r.NullNumbers != nil || r.NullTexts != nil
}

// Validate reports everything that is wrong with r by itself as one error that joins *fault.Error values with code Usage;
// the Field of each is a flag: input-format, delimiter, null-numbers or null-texts.
func (r *Reading) Validate() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fault.New(fault.Usage, "", format, args...).OnField(key))
	}
	if r.Format != "" && !slices.Contains(FormatNames, r.Format) {
		bad("input-format", "%q is none of %s", r.Format, strings.Join(FormatNames, ", "))
	}
	if !slices.Contains(csv.Delimiters, r.Delimiter) {
		bad("delimiter", "%q is none of %q", r.Delimiter, csv.Delimiters[1:])
	}
	for _, f := range []struct {
		key  string
		list []string
	}{{"null-numbers", r.NullNumbers}, {"null-texts", r.NullTexts}} {
		for _, null := range f.list {
			if strings.ContainsAny(null, "\"\r\n") || r.Delimiter != "" && strings.Contains(null, r.Delimiter) {
				bad(f.key, "%q holds a quote, the delimiter or a line break", null)
			}
		}
	}
	return errors.Join(errs...)
}

// FormatOf is the format in which a file of this name is read, without delimiter and nulls: the one that r says, else the
// one that the name says.
func (r *Reading) FormatOf(name string) (Format, error) {
	of, err := FormatOf(name)
	if r.Format != "" && (err != nil || of.Name != r.Format) { // the name may say what it likes
		return Format{Name: r.Format}, nil
	}
	return of, err
}

// Apply adds delimiter and nulls to a format. Errors have code Usage: nulls of Parquet, which has its own.
func (r *Reading) Apply(f Format) (Format, error) {
	if r.Delimiter != "" && f.Name == "csv" {
		f.Delimiter = r.Delimiter
	}
	if r.NullNumbers == nil && r.NullTexts == nil {
		return f, nil
	}
	if f.Name == "parquet" {
		return f, fault.New(fault.Usage, "--null-numbers and --null-texts", "Parquet has nulls of its own").WithHint("leave the flag out")
	}
	n := format.DefaultNulls
	if f.Name == "jsonl" {
		n.Text = nil
	}
	if r.NullNumbers != nil {
		n.Number = r.NullNumbers
	}
	if r.NullTexts != nil {
		n.Text = r.NullTexts
	}
	f.Nulls = &n
	return f, nil
}

// Lookalike adds to the error about a file that was taken for the format as, that it looks like one of another format.
func Lookalike(as string, f *format.File, err error) error {
	fe := (*fault.Error)(nil)
	if !errors.As(err, &fe) || f.Codec != format.Plain {
		return err
	}
	head := make([]byte, 64)
	n, _ := f.ReadAt(head, 0)
	head = bytes.TrimLeft(head[:n], " \t\r\n\ufeff")
	switch {
	case as != "parquet" && bytes.HasPrefix(head, []byte("PAR1")):
		fe.Hint = "this looks like a Parquet file: --input-format parquet"
	case as != "jsonl" && bytes.HasPrefix(head, []byte(`{`)):
		fe.Hint = "this looks like JSON lines: --input-format jsonl"
	}
	return err
}
