package lines

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

func init() {
	stream.Register(scheme, stream.Connector{
		Check: func(e stream.Endpoint, sink bool) error {
			_, err := parse(e, sink)
			return err
		},
		Feeds: func(to, from stream.Endpoint) bool {
			t, terr := parse(to, true)
			f, ferr := parse(from, false)
			if terr != nil || ferr != nil || t.standard() || f.standard() {
				return false
			}
			if t.folder() {
				t.path = filepath.Join(t.path, partName(0))
			}
			fits, err := filepath.Match(filepath.Clean(f.path), filepath.Clean(t.path))
			return fits && err == nil || filepath.Clean(f.path) == filepath.Clean(t.path)
		},
		Source: func(ctx context.Context, e stream.Endpoint, id stream.ReaderID) (stream.Source, error) {
			t, err := parse(e, false)
			if err != nil {
				return nil, err
			}
			return newSource(t, id)
		},
		Sink: func(_ context.Context, e stream.Endpoint, id stream.ReaderID, _ string) (stream.Sink, error) {
			t, err := parse(e, true)
			if err != nil {
				return nil, err
			}
			return newSink(t, id)
		},
		Options: []string{"sync"},
		Files:   true,
	})
}

const scheme = "jsonl"

// target is an endpoint, taken apart.
type target struct {
	path string // "-": standard input or output
	sync bool
}

func (t target) standard() bool { return t.path == "-" }

// folder says that files are made in it.
func (t target) folder() bool { return strings.HasSuffix(t.path, "/") }

// parse takes an endpoint apart. A path may hold whatever it likes, so that options are not a part of it.
func parse(e stream.Endpoint, sink bool) (target, error) {
	t := target{path: strings.TrimPrefix(e.URL, scheme+":")}
	if t.path == "" {
		return t, fault.New(fault.Usage, e.URL, "no path").WithHint("such as jsonl:- or jsonl:scored/")
	}
	for k, v := range e.Options {
		var err error
		if k != "sync" || !sink {
			return t, fault.New(fault.Usage, e.URL, "there is no option %q", k).WithHint("a sink of JSON lines has sync=true")
		}
		if t.sync, err = strconv.ParseBool(v); err != nil {
			return t, fault.New(fault.Usage, e.URL, "sync is true or false, not %q", v)
		}
	}
	if !sink && t.folder() {
		return t, fault.New(fault.Usage, e.URL, "a folder is not read").WithHint("name the files in it: 'jsonl:%s*.jsonl'", t.path)
	}
	return t, nil
}

// partName names a reader's file in a folder.
func partName(reader int) string { return fmt.Sprintf("part-%05d.jsonl", reader) }
