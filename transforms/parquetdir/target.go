package parquetdir

import (
	"context"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

func init() {
	stream.Register(scheme, stream.Connector{
		Check: func(e stream.Endpoint, sink bool) error {
			if !sink {
				return fault.New(fault.Usage, e.URL, "Parquet files are no source of a stream").WithHint("glulam batch reads them")
			}
			_, err := parse(e)
			return err
		},
		Sink: func(ctx context.Context, e stream.Endpoint, id stream.ReaderID, name string) (stream.Sink, error) {
			t, err := parse(e)
			if err != nil {
				return nil, err
			}
			if name != "to" {
				return nil, errLetters(e.URL)
			}
			return newSink(ctx, t, id)
		},
		Options: optionNames,
		Files:   true,
		Blocks:  true,
		Adds:    []string{TimeColumn},
	})
}

const scheme = "parquet"

// TimeColumn is the column of event times that every file has, behind all others.
const TimeColumn = "event_time"

func errLetters(source string) error {
	return fault.New(fault.Usage, source, "Parquet files take predictions only, no other messages").WithHint("such as jsonl:rejected/")
}

// target is an endpoint, taken apart.
type target struct {
	dir       string
	window    int64 // milliseconds
	partSize  int64 // bytes of rows, as the spool has them, after which a part is made early
	lateEvery time.Duration
	sync      bool
	launch    string
}

const (
	defaultPartSize  = 256 << 20
	leastPartSize    = 1 << 20
	defaultLateEvery = time.Minute
	leastWindow      = time.Second
	mostWindow       = 366 * 24 * time.Hour
)

func parse(e stream.Endpoint) (target, error) {
	t := target{partSize: defaultPartSize, lateEvery: defaultLateEvery, sync: true, launch: e.Launch}
	path, query, _ := strings.Cut(strings.TrimPrefix(e.URL, scheme+":"), "?")
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Usage, e.URL, format, args...).OnField(field)
	}
	if path == "" {
		return t, bad("", "no folder").WithHint("such as parquet:scored/")
	}
	if strings.Contains(path, "://") {
		return t, fault.New(fault.Unsupported, e.URL, "only folders of this machine are written to").WithHint("mount it as a folder")
	}
	t.dir = filepath.Clean(path)
	given, err := options(e, query)
	if err != nil {
		return t, err
	}
	window := e.Window
	for k, v := range given {
		switch k {
		case "window":
			if window, err = time.ParseDuration(v); err != nil {
				return t, bad(k, "%q is no time", v).WithHint("such as 1h or 15m")
			}
		case "part-size":
			if t.partSize, err = parseBytes(v); err != nil || t.partSize < leastPartSize {
				return t, bad(k, "%q is no size of 1 MiB or more", v).WithHint("such as 256MiB")
			}
		case "late-every":
			if t.lateEvery, err = time.ParseDuration(v); err != nil || t.lateEvery < 0 {
				return t, bad(k, "%q is no time", v).WithHint("such as 1m")
			}
		case "sync":
			if t.sync, err = strconv.ParseBool(v); err != nil {
				return t, bad(k, "sync is true or false, not %q", v)
			}
		}
	}
	if window == 0 {
		return t, bad("window", "files by window need windows of one length that do not overlap").
			WithHint("give --window 1h, or --option window=1h beside a --period")
	}
	if window < leastWindow || window > mostWindow || window%time.Millisecond != 0 {
		return t, bad("window", "a window of %s", window).WithHint("files have windows of 1s to %gh, in whole milliseconds", mostWindow.Hours())
	}
	t.window = window.Milliseconds()
	return t, nil
}

var optionNames = []string{"window", "part-size", "late-every", "sync"}

// options are those of the endpoint and those behind the path's question mark.
func options(e stream.Endpoint, query string) (map[string]string, error) {
	given, err := url.ParseQuery(query)
	if err != nil {
		return nil, fault.New(fault.Usage, e.URL, "what stands behind the question mark are no options: %w", err).WithHint("such as ?window=1h")
	}
	out := map[string]string{}
	for k, v := range given {
		if _, twice := e.Options[k]; twice || len(v) > 1 {
			return nil, fault.New(fault.Usage, e.URL, "the option %s is given twice", k)
		}
		out[k] = v[0]
	}
	for k, v := range e.Options {
		out[k] = v
	}
	for k := range out {
		if !slices.Contains(optionNames, k) {
			return nil, fault.New(fault.Usage, e.URL, "there is no option %q", k).WithHint("there are %s", strings.Join(optionNames, ", "))
		}
	}
	return out, nil
}

// parseBytes reads a size such as 1048576, 512KiB, 64MiB or 1GiB.
func parseBytes(s string) (int64, error) {
	unit := int64(1)
	for name, n := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if rest, ok := strings.CutSuffix(s, name); ok {
			s, unit = rest, n
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > (1<<50)/unit {
		return 0, strconv.ErrRange
	}
	return n * unit, nil
}

// times that windows are told apart for: those of the years 1 to 9999. A row of any other time is in the first or last of them.
const firstTime, lastTime = -62135596800000, 253402300799999

// windowOf gives the start of the window that a time is in, aligned to 1970.
func (t *target) windowOf(ms int64) int64 {
	ms = min(max(ms, firstTime), lastTime)
	start := ms - ms%t.window
	if start > ms {
		start -= t.window
	}
	return start
}

// folderOf names the folder of a window.
func folderOf(start int64) string {
	return "window=" + time.UnixMilli(start).UTC().Format("2006-01-02T15:04:05.999Z07:00")
}
