package format

import (
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
)

// ErrAgain in the chain of an error says that what a decoder or encoder needs cannot be had for the moment, a schema say: the same
// call may succeed later.
var ErrAgain = errors.New("cannot be had for the moment")

// A Decoder turns the values of messages into rows, as a Reader does with the records of a file. Not safe for concurrent
// use.
type Decoder interface {
	// Decode parses values, at most RowsOf(columns) of them; a nil one is a row of code Tombstone. The batch's Row and the
	// letters' Row say which value they are of, counted from 1; Offset is not set. The batch is valid until the next call; it
	// may refer to values. An error is about the decoder, not about a value.
	Decode(values [][]byte) (*Batch, error)
}

// An Encoder turns rows into the values of messages. Not safe for concurrent use.
type Encoder interface {
	// Append appends row i of rec to dst. Every rec has the schema that the encoder was made for. An error of code
	// fault.BadText, NumberRange or WrongType is about the row: the encoder can go on with the next one.
	Append(dst []byte, rec arrow.RecordBatch, i int) ([]byte, error)
}
