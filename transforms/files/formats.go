package files

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/format/csv"
	"github.com/glulam/glulam/format/jsonl"
	"github.com/glulam/glulam/format/parquet"
)

// Format chooses a file format and its options; it travels to the workers as JSON.
type Format struct {
	Name      string        // "csv", "jsonl", "parquet"
	Delimiter string        `json:",omitempty"` // CSV: one byte; "" is a comma
	Nulls     *format.Nulls `json:",omitempty"` // nil: the format's defaults
	// Known lists the members that a JSON object may have, when the output has a column for no other; nil: any.
	Known []string `json:",omitempty"`
	// Whole: looking at the members of JSON objects goes through whole files.
	Whole bool `json:",omitempty"`
	// Taken lists the members that a JSON object must not have, because the output keeps it and adds members of these names.
	Taken []string `json:",omitempty"`
}

// FormatNames are the values of Format.Name.
var FormatNames = []string{"csv", "jsonl", "parquet"}

// FormatOf tells the format from a file's name: .csv, .tsv (a CSV of tabs), .jsonl, .ndjson, .parquet, each also with .gz
// or .zst behind.
func FormatOf(name string) (Format, error) {
	switch strings.ToLower(filepath.Ext(format.TrimCodec(name))) {
	case ".csv":
		return Format{Name: "csv"}, nil
	case ".tsv":
		return Format{Name: "csv", Delimiter: "\t"}, nil
	case ".jsonl", ".ndjson":
		return Format{Name: "jsonl"}, nil
	case ".parquet", ".pq":
		return Format{Name: "parquet"}, nil
	}
	return Format{}, fault.New(fault.Usage, name, "the name does not say the format").WithHint("give --input-format %s", strings.Join(FormatNames, ", "))
}

// Open makes the format.
func (f Format) Open() (format.Format, error) {
	if !slices.Contains(FormatNames, f.Name) {
		return nil, fault.New(fault.Usage, "", "no format is called %q", f.Name).WithHint("formats are %s", strings.Join(FormatNames, ", "))
	}
	if f.Delimiter != "" && f.Name != "csv" || !slices.Contains(csv.Delimiters, f.Delimiter) {
		return nil, fault.New(fault.Usage, "--delimiter", "%q: for csv, one of %q", f.Delimiter, csv.Delimiters[1:])
	}
	var nulls format.Nulls
	if f.Nulls != nil {
		nulls = *f.Nulls
	}
	switch f.Name {
	case "csv":
		o := csv.Options{Nulls: nulls}
		if f.Delimiter != "" {
			o.Delimiter = f.Delimiter[0]
		}
		return csv.Format{Options: o}, nil
	case "jsonl":
		return jsonl.Format{Options: jsonl.Options{Nulls: nulls, Known: f.Known, Closed: f.Known != nil, Taken: f.Taken, Whole: f.Whole}}, nil
	}
	return parquet.Format{}, nil
}

// String is how people call the format: "csv", or "tsv" with tabs.
func (f Format) String() string { return f.Suffix()[1:] }

// Suffix is the file name's ending: ".csv".
func (f Format) Suffix() string {
	if f.Name == "csv" && f.Delimiter == "\t" {
		return ".tsv"
	}
	return "." + f.Name
}
