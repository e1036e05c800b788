package fault

import (
	"encoding/base64"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// letterJSON is a dead letter as it is stored. Bytes that are not UTF-8 go into the members with base64 in their names.
type letterJSON struct {
	Source    string  `json:"source"`
	Row       int64   `json:"row,omitzero"`
	Offset    int64   `json:"offset"`
	Code      Code    `json:"code"`
	Field     string  `json:"field,omitzero"`
	Message   string  `json:"message"`
	Stage     string  `json:"stage"`
	Model     string  `json:"model,omitzero"`
	Time      int64   `json:"timestamp,omitzero"`
	Replay    string  `json:"replay,omitzero"`
	Key       *string `json:"key,omitzero"`
	KeyBase64 string  `json:"key_base64,omitzero"`
	Raw       *string `json:"raw,omitzero"`
	RawBase64 string  `json:"raw_base64,omitzero"`
}

// AppendJSON appends the letter as one JSON object, without a line's end.
func (l *Letter) AppendJSON(dst []byte) ([]byte, error) {
	j := letterJSON{Source: l.Source, Row: l.Row, Offset: l.Offset, Code: l.Code, Field: l.Field, Message: l.Message, Stage: l.Stage, Model: l.Model, Time: l.Time, Replay: l.Replay}
	j.Raw, j.RawBase64 = textOrBase64(l.Raw)
	j.Key, j.KeyBase64 = textOrBase64(l.Key)
	line, err := json.Marshal(j, jsontext.AllowInvalidUTF8(true))
	return append(dst, line...), err
}

// ParseLetter reads what AppendJSON wrote. Members that it does not know are passed over. What is no letter is an error of
// code BadJSON.
func ParseLetter(data []byte) (Letter, error) {
	var j letterJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return Letter{}, New(BadJSON, "", "no dead letter: %w", err)
	}
	if j.Code == "" || j.Stage == "" {
		return Letter{}, New(BadJSON, "", "no dead letter: it has no code or no stage")
	}
	l := Letter{Source: j.Source, Row: j.Row, Offset: j.Offset, Code: j.Code, Field: j.Field, Message: j.Message, Stage: j.Stage, Model: j.Model, Time: j.Time, Replay: j.Replay}
	var err error
	if l.Raw, err = fromTextOrBase64(j.Raw, j.RawBase64); err != nil {
		return Letter{}, New(BadJSON, "", "raw_base64: %w", err)
	}
	if l.Key, err = fromTextOrBase64(j.Key, j.KeyBase64); err != nil {
		return Letter{}, New(BadJSON, "", "key_base64: %w", err)
	}
	return l, nil
}

func textOrBase64(b []byte) (*string, string) {
	switch {
	case b == nil:
		return nil, ""
	case utf8.Valid(b):
		text := string(b)
		return &text, ""
	}
	return nil, base64.StdEncoding.EncodeToString(b)
}

func fromTextOrBase64(text *string, coded string) ([]byte, error) {
	if text != nil {
		return []byte(*text), nil
	}
	if coded == "" {
		return nil, nil
	}
	return base64.StdEncoding.DecodeString(coded)
}
