package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// contender is a program that scores from one topic to another until it is stopped.
type contender struct {
	name     string
	isolated bool // its outputs are read as committed
	cluster  bool // it runs on Flink
	slow     int64
	waiting  bool // measured only with messages that wait: it keeps up with no rate
	command  func(in, out string) *exec.Cmd
	// during runs beside it; nil: nothing does.
	during func(ctx context.Context)
}

// slower is by how much fewer messages it gets where the number is free.
func (c *contender) slower() int64 { return max(1, c.slow) }

// contenders lists them, the one first that the others are compared with.
func (b *bench) contenders() []contender {
	all := []contender{
		{name: "glulam, at-least-once", command: func(in, out string) *exec.Cmd { return b.stream(b.model, in, out) }},
		{name: "glulam, exactly-once", isolated: true, command: func(in, out string) *exec.Cmd {
			return b.stream(b.model, in, out, "--delivery", "exactly-once")
		}},
	}
	if b.cluster != nil {
		all = append(all,
			contender{name: "glulam on Flink, at-least-once", cluster: true, command: func(in, out string) *exec.Cmd { return b.stream(b.model, in, out, b.cluster...) }},
			contender{name: "glulam on Flink, exactly-once", isolated: true, cluster: true, command: func(in, out string) *exec.Cmd {
				return b.stream(b.model, in, out, append([]string{"--delivery", "exactly-once"}, b.cluster...)...)
			}})
	}
	if b.against != "" {
		all = append(all,
			contender{name: "the other, at-least-once", command: func(in, out string) *exec.Cmd { return b.streamOf(b.against, b.model, in, out) }},
			contender{name: "the other, exactly-once", isolated: true, command: func(in, out string) *exec.Cmd {
				return b.streamOf(b.against, b.model, in, out, "--delivery", "exactly-once")
			}})
	}
	if b.swap {
		alias := filepath.Join(b.dir, "alias")
		point(alias, b.model)
		all = append(all, contender{name: "glulam, a new model every 2 s",
			command: func(in, out string) *exec.Cmd { return b.stream(alias, in, out, "--refresh", "500ms") },
			during: func(ctx context.Context) {
				models := []string{b.second, b.model}
				for i := 0; ; i++ {
					select {
					case <-ctx.Done():
						return
					case <-time.After(2 * time.Second):
						point(alias, models[i%2])
					}
				}
			}})
	}
	if b.python != "" {
		script := func(more ...string) func(in, out string) *exec.Cmd {
			return func(in, out string) *exec.Cmd {
				return exec.Command(b.python, append([]string{"bench/peers/with_kafka.py", b.addr, in, out, b.model}, more...)...)
			}
		}
		all = append(all,
			contender{name: "Python, micro-batches", slow: 4, command: script()},
			contender{name: "Python, a message at a time", slow: 40, waiting: true, command: script("--one")})
	}
	out := []contender{{name: "plain loop", command: func(in, out string) *exec.Cmd {
		self, _ := os.Executable()
		return exec.Command(self, "loop", b.addr, in, out, b.model)
	}}}
	for _, c := range all {
		if strings.Contains(c.name, b.only) {
			out = append(out, c)
		}
	}
	return out
}

// point makes an alias name another model, in one step.
func point(alias, model string) {
	abs, _ := filepath.Abs(model)
	if err := os.WriteFile(alias+".new", []byte(abs+"\n"), 0o644); err == nil {
		os.Rename(alias+".new", alias)
	}
}

func (b *bench) stream(model, in, out string, more ...string) *exec.Cmd {
	return b.streamOf(b.glulam, model, in, out, more...)
}

func (b *bench) streamOf(binary, model, in, out string, more ...string) *exec.Cmd {
	url := "kafka://" + b.addr + "/"
	return exec.Command(binary, append([]string{"stream", "--model", model, "--from", url + in, "--to", url + out, "--rejected", url + "rejected", "--columns", "id", "--json"}, more...)...)
}
