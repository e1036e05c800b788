package flink

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/glulam/glulam/internal/services"
)

//go:embed config.yaml
var config string

//go:embed log4j.properties
var logging []byte

func (c *Cluster) configure() error {
	for _, dir := range []string{c.Checkpoints, c.Savepoints, c.path("conf"), c.path("tmp")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	err := template.Must(template.New("").Parse(config)).Execute(&text, map[string]any{
		"RPC": c.ports.RPC, "REST": c.o.Port, "Blob": c.ports.Blob, "Slots": c.o.Slots, "Memory": c.o.TaskMemory,
		"Temp": c.path("tmp"), "Checkpoints": fileURL(c.Checkpoints), "Savepoints": fileURL(c.Savepoints),
	})
	return errors.Join(err, os.WriteFile(c.path("conf/config.yaml"), text.Bytes(), 0o644), os.WriteFile(c.path("conf/log4j.properties"), logging, 0o644))
}

func fileURL(dir string) string { return (&url.URL{Scheme: "file", Path: dir}).String() }

// memory is what Flink makes of the memory that its configuration gives a process.
type memory struct{ jvm, args []string }

// sizes asks Flink for the memory of a kind of process, once.
func (c *Cluster) sizes(ctx context.Context, kind string) (memory, error) {
	if m, ok := c.memory[kind]; ok {
		return m, nil
	}
	cmd := exec.CommandContext(ctx, "java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
		"-cp", filepath.Join(c.dist, "bin", "*")+string(os.PathListSeparator)+filepath.Join(c.dist, "lib", "*"),
		"org.apache.flink.runtime.util.bash.BashJavaUtils", kind, "--configDir", c.path("conf"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return memory{}, fmt.Errorf("asking Flink for its memory: %w: %s%s", err, text, &stderr)
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		if params, ok := strings.CutPrefix(line, "BASH_JAVA_UTILS_EXEC_RESULT:"); ok {
			found = append(found, params)
		}
	}
	if len(found) != 2 {
		return memory{}, fmt.Errorf("no two lines about memory in Flink's answer: %s%s", text, &stderr)
	}
	m := memory{strings.Fields(found[0]), strings.Fields(found[1])}
	c.memory[kind] = m
	return m, nil
}

// java starts one of Flink's main classes. Beside Flink's lib there is the job server's jar, which has Beam's runner in it.
func (c *Cluster) java(ctx context.Context, p *services.Process, kind, class string, args ...string) error {
	m, err := c.sizes(ctx, kind)
	if err != nil {
		return err
	}
	main := []string{c.temp(), "-Dlog.file=" + p.Log, "-Dlog4j.configurationFile=" + fileURL(c.path("conf/log4j.properties")),
		"-cp", filepath.Join(c.dist, "lib", "*") + string(os.PathListSeparator) + c.Jar, class, "--configDir", c.path("conf")}
	return p.Start(nil, "java", slices.Concat(m.jvm, opens(), main, args, m.args)...)
}

// temp keeps Java's temporary files where the others are.
func (c *Cluster) temp() string { return "-Djava.io.tmpdir=" + c.path("tmp") }

// opens are what Flink does to Java's own packages, as its scripts have it.
func opens() (flags []string) {
	for _, p := range []string{"java.base/sun.net.util", "java.management/sun.management"} {
		flags = append(flags, "--add-exports="+p+"=ALL-UNNAMED")
	}
	for _, p := range []string{"lang", "net", "io", "nio", "lang.reflect", "text", "time", "util", "util.concurrent", "util.concurrent.atomic", "util.concurrent.locks"} {
		flags = append(flags, "--add-opens=java.base/java."+p+"=ALL-UNNAMED")
	}
	return append(flags, "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED")
}
