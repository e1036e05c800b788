package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/format"
	"github.com/glulam/glulam/transforms/stream"
)

// Stdout is where "jsonl:-" and "csv:-" write to. Programs that have another set it before a replay.
var Stdout io.Writer = os.Stdout

func init() {
	for _, scheme := range []string{"jsonl", "csv"} {
		Register(scheme, Connector{Target: func(_ context.Context, e stream.Endpoint, o TargetOptions) (Target, error) {
			return openFile(e, o)
		}})
	}
}

// fileTarget writes rows to a file that is not there yet, and which is there as a whole or not at all: so nothing is in it
// twice, and there are no marks.
type fileTarget struct {
	path string
	csv  bool

	temp    *os.File // nil: nothing was written
	w       *bufio.Writer
	headers map[string]string // of CSV files, by their names
	header  string            // of the output
	of      string            // the file that it is of
}

func openFile(e stream.Endpoint, o TargetOptions) (Target, error) {
	scheme, path, _ := strings.Cut(e.URL, ":")
	t := &fileTarget{path: path, csv: scheme == "csv", headers: map[string]string{}}
	switch {
	case o.Back:
		return nil, fault.New(fault.Usage, e.URL, "files are read once: what is appended to one is not read again").
			WithHint("take --to jsonl:FILE, and score that file")
	case path == "" || strings.HasSuffix(path, "/"):
		return nil, fault.New(fault.Usage, e.URL, "it names no file").WithHint("such as %s:fixed.%s", scheme, scheme)
	case len(e.Options) > 0:
		return nil, fault.New(fault.Usage, e.URL, "a file has no options")
	}
	if path == "-" {
		return t, nil
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fault.New(fault.Conflict, path, "it is there already").WithHint("remove it, or take another name")
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, fault.FromOS(fault.Unwritable, path, err)
	}
	return t, nil
}

// Takes implements Target.
func (t *fileTarget) Takes(string) bool { return true }

// Refuses implements Target. A row of JSON lines becomes one line.
func (t *fileTarget) Refuses(l *fault.Letter, m *stream.Message) error {
	object := bytes.HasPrefix(bytes.TrimLeft(l.Raw, " \t\r\n"), []byte("{"))
	if !t.csv {
		if l.Row > 0 && !object {
			return errors.New("it is a row of a CSV file; --to csv:FILE writes those")
		}
		if bytes.IndexByte(l.Raw, '\n') < 0 {
			return nil
		}
		var b bytes.Buffer
		if json.Compact(&b, l.Raw) != nil {
			return errors.New("it has line breaks and is no JSON, so it is no line")
		}
		m.Value = b.Bytes()
		return nil
	}
	switch {
	case l.Row == 0 || object:
		return errors.New("it is no row of a CSV file; --to jsonl:FILE writes JSON")
	case l.Code == fault.BadQuote:
		return errors.New("its quotes are not those of CSV: the rows behind it would be read wrong")
	}
	header, ok := t.headers[l.Source]
	if !ok {
		var err error
		if header, err = headerOf(l.Source); err != nil {
			return err
		}
		t.headers[l.Source] = header
	}
	if t.header == "" {
		t.header, t.of = header, l.Source
	}
	if header != t.header {
		return errors.New("its file has another header than " + t.of + "; write the rows of each to a file of its own")
	}
	return nil
}

// headerOf is the header of a CSV file, as it stands there.
func headerOf(name string) (string, error) {
	if name == "-" {
		return "", errors.New("it came from standard input, of which the header is not known any more")
	}
	f, err := format.OpenFile(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := f.Stream(context.Background(), 0)
	if err != nil {
		return "", err
	}
	r := bufio.NewReader(io.LimitReader(content, format.MaxRow))
	var header strings.Builder
	for { // a name may have a line's end in it
		line, err := r.ReadString('\n')
		if header.WriteString(line); err != nil && err != io.EOF {
			return "", err
		}
		text := header.String()
		if strings.Count(text, `"`)%2 == 0 && strings.Trim(text, "\r\n\ufeff") != "" {
			return strings.TrimRight(text, "\r\n"), nil
		}
		if err == io.EOF {
			return "", errors.New("its file has no header")
		}
	}
}

// Mark implements Target.
func (t *fileTarget) Mark(context.Context, Book) (Mark, error) { return Mark{}, nil }

// Send implements Target.
func (t *fileTarget) Send(_ context.Context, messages []stream.Message, _ map[Book]Mark) error {
	if t.w == nil {
		if err := t.begin(); err != nil {
			return fault.FromOS(fault.Unwritable, t.path, err)
		}
	}
	for i := range messages {
		t.w.Write(messages[i].Value)
		if err := t.w.WriteByte('\n'); err != nil {
			return fault.FromOS(fault.Unwritable, t.path, err)
		}
	}
	return nil
}

func (t *fileTarget) begin() error {
	out := Stdout
	if t.path != "-" {
		f, err := os.CreateTemp(filepath.Dir(t.path), ".glulam-replay-")
		if err != nil {
			return err
		}
		t.temp, out = f, f
	}
	t.w = bufio.NewWriterSize(out, 256<<10)
	if t.csv {
		t.w.WriteString(t.header + "\n")
	}
	return nil
}

// Finish implements Target.
func (t *fileTarget) Finish(context.Context) error {
	if t.w == nil {
		return nil
	}
	err := t.w.Flush()
	if t.temp != nil && err == nil {
		err = errors.Join(t.temp.Chmod(0o644), t.temp.Sync())
		if err == nil { // unlike a renaming, a link takes no other file's place
			err = os.Link(t.temp.Name(), t.path)
		}
		if errors.Is(err, os.ErrExist) {
			return fault.New(fault.Conflict, t.path, "it is there already").WithHint("remove it, or take another name")
		}
	}
	if err != nil {
		return fault.FromOS(fault.Unwritable, t.path, err)
	}
	return nil
}

// Close implements Target. A file that was not finished is removed.
func (t *fileTarget) Close() error {
	if t.temp != nil {
		t.temp.Close()
		os.Remove(t.temp.Name())
		t.temp = nil
	}
	return nil
}
