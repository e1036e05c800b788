package monitor

import (
	"math"
	"strconv"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glulam/glulam/fault"
)

// key says what a partial is of. Beam's own windows only say when it is due: what they are for times before 1970 is wrong
// (see docs/upstream.md), and a window that stands in the key needs no sliding windows, which hold back late rows on prism.
type key struct {
	end   int64 // of the step or window, milliseconds since 1970
	model string
}

// String is the key as Beam groups by it. It is UTF-8 if the digest is: runners in other languages take it apart.
func (k key) String() string { return strconv.FormatInt(k.end, 10) + " " + k.model }

func parseKey(text string) (key, error) {
	end, model, ok := strings.Cut(text, " ")
	v, err := strconv.ParseInt(end, 10, 64)
	if !ok || err != nil {
		return key{}, fault.New(fault.Internal, "", "%s is no window of a model", fault.Quote(text))
	}
	return key{v, model}, nil
}

// time is the last moment that belongs to the key: the window of this length that Beam puts it in ends with it.
func (k key) time() beam.EventTime { return beamTime(k.end - 1) }

// beamTime is a time in milliseconds as Beam has it, held to what Beam can tell.
func beamTime(ms int64) beam.EventTime {
	const edge = math.MaxInt64 / 1_000_000 / 2
	return beam.EventTime(min(max(ms, -edge), edge))
}
