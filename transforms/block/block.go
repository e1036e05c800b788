package block

import (
	"encoding/json"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Block]())
	beam.RegisterCoder(reflect.TypeFor[Block](), encode, decode)
	beam.RegisterType(reflect.TypeFor[Rejected]())
	beam.RegisterCoder(reflect.TypeFor[Rejected](), encodeRejected, decodeRejected)
}

// MetaFeature is the key in a field's metadata that marks a column as the model's only: it is not kept beside the
// predictions.
const MetaFeature = "glulam.feature"

// Block is some rows on their way through a pipeline. See the package's documentation for how long it is valid.
type Block struct {
	Record arrow.RecordBatch
	Origin Origin
	// Times holds the rows' event times in milliseconds since 1970, UTC; nil in bounded pipelines.
	Times []int64
	// Envelopes holds what came with each row in an unbounded pipeline besides its values; nil in bounded ones.
	Envelopes []Envelope
	// Model is the digest of the model that scored the block, "" before that. One model scores all rows of a block.
	Model string
	// Missing says which features rows had no value for, if whoever scored the block was asked to find out.
	Missing Missing
}

// Envelope is what a message carries besides its value. It is passed on with the row that the value became.
type Envelope struct {
	Key     []byte   `json:"k,omitempty"`
	Headers []Header `json:"h,omitempty"`
	// Time is the message's own timestamp in milliseconds since 1970, UTC, whatever its event time is.
	Time int64 `json:"t,omitempty"`
}

// Header is a name and a value beside a message. A name may come more than once.
type Header struct {
	Key   string `json:"k"`
	Value []byte `json:"v,omitempty"`
}

// Origin says where the rows of a block came from.
type Origin struct {
	Source string // file, topic, subject
	// Unit and Part say which output shard the rows belong to: sources that do not care leave them 0.
	Unit, Part int32
	// Row and Offset locate each row in Source: 1-based row (or record offset) and byte offset. Either may be nil, else it
	// has one element a row.
	Row, Offset []int64
}

// Slice gives rows from to to-1 as a block that shares memory with b. Its Record must be released.
func (b *Block) Slice(from, to int64) Block {
	out := *b
	out.Record = b.Record.NewSlice(from, to)
	out.Times, out.Envelopes = cut(b.Times, from, to), cut(b.Envelopes, from, to)
	out.Origin.Row, out.Origin.Offset = cut(b.Origin.Row, from, to), cut(b.Origin.Offset, from, to)
	out.Missing.Offset += int(from)
	return out
}

func cut[T any](s []T, from, to int64) []T {
	if int64(len(s)) < to { // what is known of less than all rows is known of none
		return nil
	}
	return s[from:to]
}

// At gives row i's position; zeros where the origin does not know.
func (o *Origin) At(i int) (row, offset int64) {
	if i < len(o.Row) {
		row = o.Row[i]
	}
	if i < len(o.Offset) {
		offset = o.Offset[i]
	}
	return row, offset
}

// Rejected is a dead letter in flight.
type Rejected struct {
	Unit, Part int32 // as in Origin
	Letter     fault.Letter
	// Envelope and EventTime are those of the row in an unbounded pipeline: EventTime is in milliseconds since 1970.
	Envelope  Envelope
	EventTime int64
}

func encodeRejected(r Rejected) ([]byte, error) { return json.Marshal(r) }

func decodeRejected(data []byte) (Rejected, error) {
	var r Rejected
	err := json.Unmarshal(data, &r)
	return r, err
}
