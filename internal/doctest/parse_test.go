package doctest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// block is a fenced block of a Markdown file.
type block struct {
	line   int // of the first line within the fence, 1-based
	kind   string
	text   []string
	skip   string // why it is not run
	output *block // the text block that follows an sh block
}

// end is the line of the closing fence.
func (b *block) end() int { return b.line + len(b.text) }

var notRun = regexp.MustCompile(`^<!-- not run: (.*) -->$`)

// parse finds the fenced blocks of a Markdown file.
func parse(text string) ([]*block, error) {
	var blocks []*block
	var open *block
	skip := ""
	last := 0 // line of the last one that is neither blank nor part of a block, or the last fence
	for i, line := range strings.Split(text, "\n") {
		n := i + 1
		switch {
		case open != nil && strings.TrimRight(line, " ") == "```":
			if len(blocks) > 0 && open.kind == "text" {
				if prev := blocks[len(blocks)-1]; prev.kind == "sh" && last == prev.end() {
					prev.output = open
				}
			}
			blocks = append(blocks, open)
			open, last = nil, n
		case open != nil:
			open.text = append(open.text, line)
		case strings.HasPrefix(line, "```"):
			open = &block{line: n + 1, kind: strings.TrimSpace(line[3:]), skip: skip}
			skip = ""
		case strings.TrimSpace(line) == "":
		default:
			last, skip = n, ""
			if m := notRun.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				skip = m[1]
			}
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block is never closed", open.line-1)
	}
	return blocks, nil
}

var exitComment = regexp.MustCompile(`(?m)#\s*exit (\d+)\s*$`)

// wantCode is the exit code that a block must end with.
func (b *block) wantCode() int {
	if m := exitComment.FindStringSubmatch(strings.Join(b.text, "\n")); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits, by the pattern
		return n
	}
	return 0
}

// measured are numbers that are another one each time: with a unit, or the value of such a key.
var measured = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\d[\d,.]* ?(rows/s|ns|µs|ms|s|min|kB|MB|GB)\b`), "# $1"},
	{regexp.MustCompile(`("(?:seconds|rows_per_second|peak_memory_bytes)": ?)[\d.]+`), "${1}#"},
}

// anyNumber makes lines with different measurements equal, and does not see the blanks that align columns.
func anyNumber(line string) string {
	for _, m := range measured {
		line = m.pattern.ReplaceAllString(line, m.instead)
	}
	return strings.Join(strings.Fields(line), " ")
}

// matches compares output with what the documentation says it is.
func matches(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if strings.TrimSpace(want[0]) == "..." {
		for i := range len(got) + 1 {
			if matches(want[1:], got[i:]) {
				return true
			}
		}
		return false
	}
	return len(got) > 0 && anyNumber(want[0]) == anyNumber(got[0]) && matches(want[1:], got[1:])
}

func TestParse(t *testing.T) {
	blocks, err := parse("a\n```sh\ntrue\n```\n\n```text\nout\n```\n<!-- not run: no time -->\n```sh\nsleep 1000 # exit 7\n```\nso\n```text\nx\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) != 4 || blocks[0].output != blocks[1] || blocks[2].output != nil || blocks[2].skip != "no time" || blocks[2].wantCode() != 7 {
		t.Errorf("parsed %+v", blocks)
	}
	if _, err := parse("```sh\n"); err == nil {
		t.Error("a block without an end was parsed")
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a\nb", "a\nb", true},
		{"a\nb", "a", false},
		{"a", "a\nb", false},
		{"...\nb", "a\na\nb", true},
		{"a\n...", "a\nx", true},
		{"a\n...\nb", "a\nx", false},
		{"time 0.5 s, 1,000 rows/s", "time  12.5 s, 3 rows/s", true},
		{"rows 5,000", "rows 5,001", false},
		{`"seconds": 0.1,`, `"seconds": 12,`, true},
		{"took 1 min 05 s", "took 3 min 1 s", true},
	} {
		if ok := matches(strings.Split(c.want, "\n"), strings.Split(c.got, "\n")); ok != c.ok {
			t.Errorf("matches(%q, %q) = %v", c.want, c.got, ok)
		}
	}
}
