package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/model/parity"
	"github.com/glulam/glulam/transforms/files"
)

// ReadFlags are the flags of every command that reads rows, embedded in it: what the name of a file does not say.
type ReadFlags struct {
	InputFormat string `placeholder:"FORMAT" group:"files" help:"format of the rows: csv, jsonl or parquet; default: from the name, without .gz or .zst"`
	Delimiter   string `placeholder:"CHAR" group:"files" help:"between CSV cells; \\t is a tab; default: a comma, and a tab for .tsv"`
	NullNumbers list   `placeholder:"A,B" group:"files" help:"what a missing number looks like; default: an empty cell, NA, NaN, nan, null"`
	NullTexts   list   `placeholder:"A,B" group:"files" help:"what a missing text looks like; default: an empty cell"`
}

func (r *ReadFlags) reading() files.Reading {
	return files.Reading{Format: r.InputFormat, Delimiter: delimiter(r.Delimiter), NullNumbers: r.NullNumbers, NullTexts: r.NullTexts}
}

// rows opens the file that --rows names. It is to be closed by the caller.
func (r *ReadFlags) rows(ctx context.Context, path string) (*parity.Table, *format.File, error) {
	as := r.reading()
	if err := as.Validate(); err != nil {
		errs := parts(err)
		for _, part := range errs {
			if fe := (*fault.Error)(nil); errors.As(part, &fe) {
				fe.Source, fe.Field = "--"+fe.Field, ""
			}
		}
		return nil, nil, errors.Join(errs...)
	}
	return openTable(ctx, "--rows", path, as)
}

// given names one of the flags that was given, "" if none was.
func (r *ReadFlags) given() string {
	switch {
	case r.InputFormat != "":
		return "--input-format"
	case r.Delimiter != "":
		return "--delimiter"
	case r.NullNumbers != nil:
		return "--null-numbers"
	case r.NullTexts != nil:
		return "--null-texts"
	}
	return ""
}

// openTable opens a file of rows. It is to be closed by the caller.
func openTable(ctx context.Context, flag, path string, as files.Reading) (*parity.Table, *format.File, error) {
	file, err := format.OpenFile(path)
	if fe := (*fault.Error)(nil); errors.As(err, &fe) {
		fe.Hint = flag + " takes the path of a file"
	}
	if err != nil {
		return nil, nil, err
	}
	t, err := openAs(ctx, flag, file, as)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return t, file, nil
}

// openAs is openTable for a file that is open, whose name is its path.
func openAs(ctx context.Context, flag string, file *format.File, as files.Reading) (*parity.Table, error) {
	path := file.Name
	of, err := as.FormatOf(path)
	if err != nil {
		err := fault.New(fault.Usage, flag, "%s: the name does not say the format", path).WithHint("names end with .csv, .tsv, .jsonl or .parquet, and .gz or .zst behind")
		if flag == "--rows" {
			err.Hint += "; --input-format says it otherwise"
		}
		return nil, err
	}
	if as.Delimiter != "" && of.Name != "csv" {
		return nil, fault.New(fault.Usage, "--delimiter", "there is no CSV here to delimit: %s is %s", path, of)
	}
	if of, err = as.Apply(of); err != nil {
		return nil, err
	}
	of.Whole = of.Name == "jsonl" // members that few rows have count, too
	f, err := of.Open()
	if err != nil {
		return nil, err
	}
	t, err := parity.Open(ctx, f, file)
	if err == nil {
		return t, nil
	}
	err = files.Lookalike(of.Name, file, err)
	if fe := (*fault.Error)(nil); flag != "--rows" && errors.As(err, &fe) {
		if looks, _, ok := strings.Cut(fe.Hint, ": --input-format"); ok { // which is for rows
			fe.Hint = looks + ": let its name say so"
		}
	}
	return nil, err
}
