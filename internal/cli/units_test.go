package cli

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/transforms/files"
)

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(1000), "1,000"}, {count(-1234567), "-1,234,567"}, {count(math.MinInt64 + 1), "-9,223,372,036,854,775,807"},
		{plural(1, "row"), "1 row"}, {plural(0, "row"), "0 rows"}, {plural(1200, "row"), "1,200 rows"},
		{size(0), "0 B"}, {size(999), "999 B"}, {size(1000), "1.00 kB"}, {size(9994), "9.99 kB"}, {size(9996), "10.0 kB"},
		{size(99_940), "99.9 kB"}, {size(99_960), "100 kB"}, {size(999_600), "1.00 MB"}, {size(1_234_000_000), "1.23 GB"},
		{size(math.MaxInt64), "9223 PB"},
		{sizeOf(0, 3_400_000_000), "0.00 of 3.40 GB"}, {sizeOf(420_000_000, 3_400_000_000), "0.42 of 3.40 GB"}, {sizeOf(5, 10), "5 of 10 B"},
		{span(0), "0.00 s"}, {span(410 * time.Millisecond), "0.41 s"}, {span(12340 * time.Millisecond), "12.3 s"},
		{span(59960 * time.Millisecond), "1 min 00 s"}, {span(125 * time.Second), "2 min 05 s"}, {span(3720 * time.Second), "1 h 02 min"},
		{span(50 * time.Hour), "2 days 2 h"},
		{percent(0, 0), "0%"}, {percent(1, 1_000_000), "<0.01%"}, {percent(1, 3), "33.3%"}, {percent(1, 200), "0.50%"},
		{percent(999_999, 1_000_000), ">99.99%"}, {percent(199, 200), "99.50%"}, {percent(7, 7), "100%"},
		{wholePercent(999, 1000), "99%"}, {wholePercent(0, 0), "100%"}, {wholePercent(1, 3), "33%"},
		{pad("größe_出発", 12) + "|", "größe_出発  |"}, {pad("e\u0301", 2) + "|", "e\u0301 |"},
	} {
		if c.got != c.want {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
}

// What the finding of a run says would let it pass, does, and is no more than a bit above what is needed.
func TestLimitsLetPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.Int64Range(1, 1e12).Draw(t, "in")
		rows := files.RowCounts{In: in, Rejected: rapid.Int64Range(1, in).Draw(t, "rejected")}
		limit, err := pipelines.ParseLimit(leastShare(&rows))
		if err != nil {
			t.Fatal(err)
		}
		if limit.Exceeded(rows) {
			t.Fatalf("%s is not enough", leastShare(&rows))
		}
		if needed := 100 * float64(rows.Rejected) / float64(in); limit.Percent > needed*1.11 {
			t.Fatalf("%s is far more than %g%%", leastShare(&rows), needed)
		}
	})
}
