package pipelines

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// blocks gives the connector of a sink that takes rows as columns with types; nil: the sink takes messages.
func blocks(url string) *stream.Connector {
	c, err := stream.Find(stream.Endpoint{URL: url})
	if err != nil || !c.Blocks {
		return nil
	}
	return &c
}

// checkBlocks refuses what sinks of columns cannot do.
func (s *Stream) checkBlocks(key, url string) error {
	scheme := stream.Endpoint{URL: url}.Scheme()
	switch {
	case blocks(url) == nil:
		return nil
	case key != "to":
		return fault.New(fault.Usage, "", "%s takes predictions only", scheme).OnField(key).WithHint("take JSON lines, such as jsonl:%s/", key)
	case s.Delivery == stream.ExactlyOnce:
		return fault.New(fault.Usage, "", "%s has no transactions with a broker", scheme).OnField("delivery").WithHint("take at-least-once: what is written a second time after a crash is recognized")
	}
	return nil
}

// windows is the length of the run's windows, for sinks that part rows by them: not if rows are in several.
func (s *Stream) windows() time.Duration {
	if s.Period != 0 && s.Period != s.Window {
		return 0
	}
	return s.Window
}

// wholeMessage names the column of messages that are kept whole.
const wholeMessage = "message"

// checkAdds refuses columns of the names that a sink of columns gives its own.
func (j *StreamJob) checkAdds(c *stream.Connector) error {
	taken := c.Adds
	if j.Spec.Columns == nil {
		taken = append(slices.Clone(taken), wholeMessage)
	}
	names := slices.Clone(j.Spec.Columns)
	scoring := j.Spec.scoring(j.Model)
	for _, f := range scoring.Fields(j.Model) {
		names = append(names, f.Name)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(taken, name) })
	if len(names) == 0 {
		return nil
	}
	return fault.New(fault.Usage, j.Links.To.Redacted(), "the files have a column %s of their own", strings.Join(names, ", ")).
		WithHint("give the rule another name, or leave the column out of --columns")
}

// launch gives a name that no other launch of a job has.
func launch() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
