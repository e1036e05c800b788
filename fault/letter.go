package fault

// Letter is a dead letter: one row that was not scored, and why. rows in = rows scored + letters, always.
type Letter struct {
	Source  string // file, topic or other origin
	Row     int64  // 1-based data row of Source; 0 where the source has no rows to count
	Offset  int64  // byte offset of the row in Source, uncompressed
	Raw     []byte // the row as it came, without its line ending; nil where the source has no bytes for a row
	Stage   string // what refused it: "read" or "score"
	Code    Code
	Field   string
	Message string
	Model   string // digest of the model that refused it; "" when the row never reached one
	Key     []byte // of the message that the row came in; nil for rows of files
	Time    int64  // the message's timestamp, milliseconds since 1970; 0 for rows of files
	Replay  string // of a dead letter that was sent again and is one again: the first one's "source@offset"; else ""
}

// LetterOf makes the letter for a row that err refused. raw is kept, not copied.
func LetterOf(err *Error, stage string, raw []byte) Letter {
	l := Letter{Source: err.Source, Row: err.Row, Offset: err.Offset, Raw: raw, Stage: stage, Code: err.Code, Field: err.Field}
	if err.Err != nil {
		l.Message = err.Err.Error()
	}
	return l
}
