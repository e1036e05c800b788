package files

import (
	"encoding/json"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/format"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Unit]())
	beam.RegisterCoder(reflect.TypeFor[Unit](), encodeUnit, decodeUnit)
	beam.RegisterType(reflect.TypeFor[Report]())
	beam.RegisterCoder(reflect.TypeFor[Report](), encodeReport, decodeReport)
}

// Beam registers coders by the functions' names, so generic ones would be taken for one another.
func encodeUnit(u Unit) ([]byte, error)          { return json.Marshal(u) }
func encodeReport(r Report) ([]byte, error)      { return json.Marshal(r) }
func decodeUnit(data []byte) (u Unit, err error) { err = json.Unmarshal(data, &u); return u, err }
func decodeReport(data []byte) (r Report, err error) {
	err = json.Unmarshal(data, &r)
	return r, err
}

// Unit is the input of one output shard.
type Unit struct {
	Index  int32
	Pieces []UnitPiece
}

// UnitPiece is a piece of a file.
type UnitPiece struct {
	File     Input
	Input    int32 // the file's place among the inputs
	Size     int64 // of the file when it was planned
	Modified int64 // likewise, in nanoseconds
	Piece    format.Piece
	Bytes    int64 // its share of the file as stored, for progress and balance
}

// Report is what the DoFns of a run tell Commit. Which fields count depends on Kind.
type Report struct {
	Kind string // one of the kinds below

	Unit, Part int32 // Part: for reads the piece within the unit, for files the piece that they start with

	// Read: what a reader counted in one piece.
	Rows     int64 // rows that were records, good or bad
	Rejected int64 // of them
	Blank    int64

	// Written, Letters: a temporary file and what the sink counted.
	Stage string // of letters: who refused the rows
	Temp  string
	Head  int64 // bytes before its first row (the header), to leave out when files are joined
	Bytes int64
	Codes map[string]int64 // letters by code

	// Planned: the whole input.
	Inputs []InputFile
	Units  []PlannedUnit
}

// stageRead is the stage of letters that come from Read.
const stageRead = "read"

// Kinds of reports.
const (
	kindPlanned = "planned"
	kindRead    = "read"
	kindWritten = "written"
	kindLetters = "letters"
)

// PlannedUnit says what Commit has to hear of a unit.
type PlannedUnit struct {
	Records []int64 // of each piece, -1 where only reading tells
	Inputs  []int32 // which input each piece is of
}

// InputFile is an input as run.json has it.
type InputFile struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Checksum string `json:"checksum"` // "xxh64:" and 16 hexadecimal digits, of the bytes as stored
	Rows     int64  `json:"rows"`     // good or bad
}
