package report

import (
	"bytes"
	"io"
	"os"
)

// Write has a report written to a file, which is replaced when the report is whole, or to w if path is "".
func Write(path string, w io.Writer, write func(w io.Writer)) error {
	if path == "" {
		write(w)
		return nil
	}
	var text bytes.Buffer
	write(&text)
	if err := os.WriteFile(path+".part", text.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}
