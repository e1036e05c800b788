package jsonl

import (
	"github.com/glulam/glulam/format"
)

// Format reads and writes JSON lines. The zero value is ready: no string means missing and every member may occur.
// Immutable, safe for concurrent use.
type Format struct {
	Options
}

var _ format.Format = Format{}

// Options say what a reader makes of the members of a record. Default: the zero value.
type Options struct {
	// Nulls are the strings that mean missing, compared exactly with the unescaped string: Number in Number columns (NaN),
	// Text in Text columns (null). Default: none, so that "" is the empty string, and a string in a Number column is
	// fault.WrongType unless it is "NaN", "Infinity" or "-Infinity". null and an absent member are always missing.
	Nulls format.Nulls
	// Closed rejects (fault.UnknownColumn) each record with a top-level member that is not in Known: for outputs whose
	// columns are fixed, where such a member would be lost. Default: any member may occur.
	Closed bool
	// Known are the top-level members that may occur when Closed is set. Without Closed it means nothing.
	Known []string
	// Whole makes Describe read the whole file, for members that few records have. Default: a sample.
	Whole bool
	// Taken rejects (fault.DuplicateName) each record with a top-level member of these names: for outputs that keep the
	// record and add members of their own. A name that is also asked for, or Known, may occur. Default: none.
	Taken []string
}

// Name is "jsonl".
func (Format) Name() string { return name }

const name = "jsonl"

// maxDepth is how deeply objects and arrays may be nested, the record itself counting as 1.
const maxDepth = 64
