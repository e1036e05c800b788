package deploy_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/glulam/glulam/internal/services/flink"
	runner "github.com/glulam/glulam/runners/flink"
)

// flinkDoc is the page that says what the files here do.
const flinkDoc = "../docs/flink.md"

// table gives the cells of the table below a heading, without its first two lines.
func table(t *testing.T, text, heading string) (rows [][]string) {
	t.Helper()
	_, text, ok := strings.Cut(text, "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/flink.md has no heading %s", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "| ") {
			rows = append(rows, strings.Split(strings.Trim(line, "| "), " | "))
		}
	}
	if len(rows) < 2 {
		t.Fatalf("there is no table below %s", heading)
	}
	return rows[1:]
}

// TestEveryOptionIsDocumented holds the table of options against the flags that glulam has for Flink, and the defaults.
func TestEveryOptionIsDocumented(t *testing.T) {
	doc := read(t, flinkDoc)
	elsewhere := slices.Concat(glulamFlags(t, "jobs", "stop"), glulamFlags(t, "jobs", "list"), glulamFlags(t, "worker"))
	have := map[string]bool{}
	for _, name := range glulamFlags(t, "stream") {
		have[name] = true
	}
	batch := glulamFlags(t, "batch")
	documented := map[string]string{}
	for _, row := range table(t, doc, "Options") {
		name := strings.Trim(row[0], "`")
		documented[name] = row[1]
		if !have[name] || !slices.Contains(batch, name) {
			t.Errorf("docs/flink.md has the option %s, which batch and stream do not both have", name)
		}
	}
	for _, name := range flinkFlags(t) {
		if _, ok := documented[name]; !ok {
			t.Errorf("docs/flink.md has no option %s", name)
		}
	}
	for name, want := range map[string]string{
		"--checkpoint-interval": runner.DefaultCheckpoint.String(), "--bundle-time": runner.DefaultBundle.String(), "--first-output": strings.TrimSuffix(runner.DefaultFirstOutput.String(), "0s"),
		"--workers": "`" + runner.WorkersProcess + "`",
	} {
		if !strings.HasPrefix(documented[name], want) {
			t.Errorf("docs/flink.md says that %s is %s, and it is %s", name, documented[name], want)
		}
	}
	// Flags of others stand in the commands that start them.
	others := append([]string{"--job-host", "--job-port", "--artifact-port", "--expansion-port", "--flink-master", "--add-opens", "--job_name"}, elsewhere...)
	for _, m := range regexp.MustCompile(`--[a-z][a-z_-]+`).FindAllString(doc, -1) {
		if !have[m] && !slices.Contains(batch, m) && !slices.Contains(others, m) {
			t.Errorf("docs/flink.md has %s, which no command has", m)
		}
	}
}

// flinkFlags are the flags of which glulam's source says that they are for Flink.
func flinkFlags(t *testing.T) (flags []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?m)^\t([A-Z][A-Za-z]+) +[a-zA-Z]+ +`.*group:\"flink\"").FindAllStringSubmatch(read(t, "../internal/cli/flink_flags.go"), -1) {
		name := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(m[1], "$1-$2")
		flags = append(flags, "--"+strings.ToLower(name))
	}
	if len(flags) < 10 {
		t.Fatalf("internal/cli/flink_flags.go has the flags %q: the test looks in the wrong place", flags)
	}
	return flags
}

// TestEveryMessageIsThere holds the table of failures against the messages that the sources have.
func TestEveryMessageIsThere(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"../runners/*.go", "../runners/flink/*.go", "../internal/cli/jobs.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") {
				sources.WriteString(read(t, f))
			}
		}
	}
	n := 0
	for _, row := range table(t, read(t, flinkDoc), "When something goes wrong") {
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			n++
			for _, piece := range strings.Split(m[1], "...") {
				if !strings.Contains(sources.String(), piece) {
					t.Errorf("docs/flink.md has the message %q, and nothing says %q", m[1], piece)
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("docs/flink.md has %d messages", n)
	}
}

// TestVersions holds the versions and the settings that docs/flink.md names.
func TestVersions(t *testing.T) {
	doc := read(t, flinkDoc)
	minor := flink.Version[:strings.LastIndexByte(flink.Version, '.')]
	for _, want := range []string{
		"Flink " + flink.Version, "Beam " + flink.BeamVersion[:strings.LastIndexByte(flink.BeamVersion, '.')], "beam-runners-flink-" + minor + "-job-server",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("docs/flink.md does not say %s", want)
		}
	}
	_, config, _ := strings.Cut(doc, "```yaml\n")
	config, _, ok := strings.Cut(config, "```")
	if !ok {
		t.Fatal("docs/flink.md has no configuration")
	}
	settings := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(config), "\n") {
		line, _, _ = strings.Cut(line, " #")
		key, value, _ := strings.Cut(line, ": ")
		settings[key] = value
	}
	checkConfig(t, "docs/flink.md", settings)
}
