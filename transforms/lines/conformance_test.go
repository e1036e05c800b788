package lines

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/glulam/glulam/transforms/stream"
	"github.com/glulam/glulam/transforms/stream/streamtest"
)

func TestSource(t *testing.T) {
	streamtest.Source(t, streamtest.SourceSetup{Bounded: true, Named: true, New: func(t *testing.T) streamtest.Topic {
		name := filepath.Join(t.TempDir(), "rows.jsonl")
		add := func(t *testing.T, content []byte) {
			f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.Write(content); err != nil {
				t.Fatal(err)
			}
		}
		add(t, nil)
		return streamtest.Topic{
			Put: func(t *testing.T, _ int32, messages ...stream.Message) {
				var content []byte
				for i := range messages {
					content = append(append(content, messages[i].Value...), '\n')
				}
				add(t, content)
			},
			Open: func(t *testing.T) stream.Source {
				s, err := newSource(target{path: name}, stream.ReaderID{Run: "run", Of: 1})
				if err != nil {
					t.Fatal(err)
				}
				return s
			},
		}
	}})
}

func TestSink(t *testing.T) {
	for what, where := range map[string]func(dir string) (target, string){
		"file": func(dir string) (target, string) { return target{path: dir + "/out.jsonl"}, dir + "/out.jsonl" },
		"synced": func(dir string) (target, string) {
			return target{path: dir + "/out.jsonl", sync: true}, dir + "/out.jsonl"
		},
		"folder": func(dir string) (target, string) { return target{path: dir + "/out/"}, dir + "/out/part-00000.jsonl" },
	} {
		t.Run(what, func(t *testing.T) {
			streamtest.Sink(t, streamtest.SinkSetup{New: func(t *testing.T) streamtest.Output {
				to, name := where(t.TempDir())
				return streamtest.Output{
					Open: func(t *testing.T) stream.Sink {
						s, err := newSink(to, stream.ReaderID{Run: "run", Of: 1})
						if err != nil {
							t.Fatal(err)
						}
						return s
					},
					Read: func(t *testing.T, n int) (out []stream.Message) {
						content, err := os.ReadFile(name)
						if err != nil {
							t.Fatal(err)
						}
						for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
							out = append(out, stream.Message{Value: bytes.Clone(lines.Bytes())})
						}
						return out
					},
				}
			}})
		})
	}
}
