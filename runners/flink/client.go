package flink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glulam/glulam/fault"
)

// Client asks a Flink cluster by its REST interface. Safe for concurrent use. Its errors are *fault.Error: Unreadable where nobody
// answers or the answer makes no sense, NotFound for jobs that the cluster does not know.
type Client struct {
	base string
	http *http.Client
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 20

// NewClient makes a client for an address: host:port, or a URL. Nothing is asked yet.
func NewClient(address string) (*Client, error) {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Usage, "", format, args...).OnField("flink").WithHint("give the address of the JobManager's REST interface, such as localhost:8081")
	}
	if !strings.Contains(address, "://") {
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" || port == "" {
			return nil, bad("%q is not host:port", address)
		}
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, bad("%q is no address of a cluster", address)
	}
	return &Client{base: strings.TrimSuffix(u.String(), "/"), http: &http.Client{Timeout: 10 * time.Second}}, nil
}

// String is the address.
func (c *Client) String() string { return c.base }

// Overview is what a cluster says of itself.
type Overview struct {
	Version      string `json:"flink-version"`
	TaskManagers int    `json:"taskmanagers"`
	Slots        int    `json:"slots-total"`
	Free         int    `json:"slots-available"`
}

// Overview asks for it.
func (c *Client) Overview(ctx context.Context) (o Overview, err error) {
	return o, c.do(ctx, http.MethodGet, "/overview", nil, &o)
}

// Job is a job of the cluster.
type Job struct {
	ID    string `json:"jid"`
	Name  string `json:"name"`
	State State  `json:"state"`
	Start int64  `json:"start-time"` // milliseconds since 1970
	End   int64  `json:"end-time"`   // likewise; -1 until then
}

// State is a job's, as Flink names it.
type State string

// States of jobs that have ended.
const (
	Finished State = "FINISHED"
	Canceled State = "CANCELED"
	Failed   State = "FAILED"
	Running  State = "RUNNING"
)

// Over says that a job has ended and will not go on.
func (s State) Over() bool { return slices.Contains([]State{Finished, Canceled, Failed}, s) }

// Jobs lists the jobs that the cluster knows, the newest first.
func (c *Client) Jobs(ctx context.Context) ([]Job, error) {
	var o struct{ Jobs []Job }
	if err := c.do(ctx, http.MethodGet, "/jobs/overview", nil, &o); err != nil {
		return nil, err
	}
	slices.SortStableFunc(o.Jobs, func(a, b Job) int { return int(min(1, max(-1, b.Start-a.Start))) })
	return o.Jobs, nil
}

// Job asks for one.
func (c *Client) Job(ctx context.Context, id string) (j Job, err error) {
	return j, c.do(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id), nil, &j)
}

// Find finds jobs by their name in Beam, which Flink has changed: the job server writes it in small letters, with 0 for what is
// neither a letter nor a digit, and adds who started it and when.
func (c *Client) Find(ctx context.Context, name string) ([]Job, error) {
	all, err := c.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	prefix := Mangled(name) + "-"
	return slices.DeleteFunc(all, func(j Job) bool { return !strings.HasPrefix(j.Name, prefix) }), nil
}

// Mangled is what Beam's job server makes of a job's name.
func Mangled(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '0'
	}, name)
}

// Cancel ends a job, without a savepoint.
func (c *Client) Cancel(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodPatch, "/jobs/"+url.PathEscape(id)+"?mode=cancel", nil, nil)
}

// Stop ends a job with a savepoint, and says where that is. dir "" is the cluster's folder for them. It waits until the savepoint is
// complete, or ctx ends.
func (c *Client) Stop(ctx context.Context, id, dir string) (savepoint string, err error) {
	body := map[string]any{"drain": false}
	if dir != "" {
		body["targetDirectory"] = dir
	}
	var trigger struct {
		ID string `json:"request-id"`
	}
	if err := c.do(ctx, http.MethodPost, "/jobs/"+url.PathEscape(id)+"/stop", body, &trigger); err != nil {
		return "", err
	}
	for {
		var s struct {
			Status    struct{ ID string }
			Operation struct {
				Location string
				Cause    struct {
					Class string
					Trace string `json:"stack-trace"`
				} `json:"failure-cause"`
			}
		}
		if err := c.do(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id)+"/savepoints/"+url.PathEscape(trigger.ID), nil, &s); err != nil {
			return "", err
		}
		if s.Status.ID == "COMPLETED" {
			if s.Operation.Location == "" {
				return "", c.fault(fault.Unwritable, "stopping the job with a savepoint: %s", firstLine(s.Operation.Cause.Trace, s.Operation.Cause.Class))
			}
			return s.Operation.Location, nil
		}
		select {
		case <-ctx.Done():
			return "", c.fault(fault.Unreadable, "waiting for the savepoint: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Checkpoints is what a job's checkpoints came to.
type Checkpoints struct {
	Completed int64
	Failed    int64
	// Last is the newest complete one; nil before.
	Last *Checkpoint
}

// Checkpoint is one that is complete.
type Checkpoint struct {
	ID       int64  `json:"id"`
	At       int64  `json:"trigger_timestamp"` // milliseconds since 1970
	Duration int64  `json:"end_to_end_duration"`
	Path     string `json:"external_path"`
}

// Checkpoints asks for them.
func (c *Client) Checkpoints(ctx context.Context, id string) (out Checkpoints, err error) {
	var o struct {
		Counts struct{ Completed, Failed int64 }
		Latest struct{ Completed *Checkpoint }
	}
	err = c.do(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id)+"/checkpoints", nil, &o)
	if err != nil && strings.Contains(err.Error(), "Checkpointing has not been enabled") {
		err = nil
	}
	return Checkpoints{o.Counts.Completed, o.Counts.Failed, o.Latest.Completed}, err
}

// Exception is the root of what last made a job fail or start anew, "" where there is none, and how many there were of late, at most
// ten.
func (c *Client) Exception(ctx context.Context, id string) (root string, times int, err error) {
	var o struct {
		Root    string `json:"root-exception"`
		History struct {
			Entries []struct{}
		} `json:"exceptionHistory"`
	}
	err = c.do(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id)+"/exceptions?maxExceptions=10", nil, &o)
	return o.Root, len(o.History.Entries), err
}

// Restarts is how often a job was started again since it was submitted.
func (c *Client) Restarts(ctx context.Context, id string) (n int64, err error) {
	var values []struct{ Value string }
	if err := c.do(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id)+"/metrics?get=numRestarts", nil, &values); err != nil {
		return 0, err
	}
	for _, v := range values {
		if n, err = strconv.ParseInt(v.Value, 10, 64); err != nil {
			return 0, c.fault(fault.Unreadable, "the answer to numRestarts is %q", v.Value)
		}
	}
	return n, nil
}

// Counters sums the job's counters of a namespace over its subtasks, while it runs.
func (c *Client) Counters(ctx context.Context, id, namespace string) (map[string]int64, error) {
	sums := map[string]int64{}
	return sums, c.counters(ctx, id, "/subtasks/metrics", "agg=sum&", "."+namespace+"_", func(id string, n int64) {
		_, name, _ := strings.Cut(id, "."+namespace+"_")
		sums[name] += n
	})
}

// Subtasks gives a counter of each subtask that has it, while the job runs.
func (c *Client) Subtasks(ctx context.Context, id, namespace, name string) (map[int]int64, error) {
	of := map[int]int64{}
	return of, c.counters(ctx, id, "/metrics", "", "."+namespace+"_"+name, func(id string, n int64) {
		index, _, _ := strings.Cut(id, ".")
		if i, err := strconv.Atoi(index); err == nil && strings.HasSuffix(id, "."+namespace+"_"+name) {
			of[i] += n
		}
	})
}

// counters asks every step of a job for the metrics whose ids have something in them.
func (c *Client) counters(ctx context.Context, id, path, query, has string, found func(id string, n int64)) error {
	var job struct {
		Vertices []struct{ ID string }
	}
	if err := c.do(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id), nil, &job); err != nil {
		return err
	}
	for _, v := range job.Vertices {
		base := "/jobs/" + url.PathEscape(id) + "/vertices/" + url.PathEscape(v.ID) + path
		var names []struct{ ID string }
		if err := c.do(ctx, http.MethodGet, base, nil, &names); err != nil {
			return err
		}
		var want []string
		for _, n := range names {
			if strings.Contains(n.ID, has) {
				want = append(want, n.ID)
			}
		}
		for chunk := range short(want) {
			var values []struct {
				ID    string
				Sum   float64 // of all subtasks
				Value string  // of one
			}
			if err := c.do(ctx, http.MethodGet, base+"?"+query+"get="+url.QueryEscape(strings.Join(chunk, ",")), nil, &values); err != nil {
				return err
			}
			for _, v := range values {
				if n, err := strconv.ParseInt(v.Value, 10, 64); err == nil {
					v.Sum = float64(n)
				}
				found(v.ID, int64(v.Sum))
			}
		}
	}
	return nil
}

// maxQuery is how many bytes of metrics' names are asked for at once: Flink says "not found" to a line of more than 4096.
const maxQuery = 2000

// short cuts names into pieces that fit into a query.
func short(names []string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		from, size := 0, 0
		for i, name := range names {
			n := len(url.QueryEscape(name)) + len("%2C")
			if i > from && size+n > maxQuery {
				if !yield(names[from:i]) {
					return
				}
				from, size = i, 0
			}
			size += n
		}
		if from < len(names) {
			yield(names[from:])
		}
	}
}

// do asks.
func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return c.fault(fault.Unreadable, "%w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err // the address is said once
		}
		return c.fault(fault.Unreadable, "nobody answers: %w", err).WithHint("is the JobManager's REST interface there? Its address is in rest.address and rest.port of the cluster's configuration")
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return c.fault(fault.Unreadable, "reading the answer: %w", err)
	}
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return c.fault(fault.NotFound, "%s", said(text, resp.Status))
	case resp.StatusCode >= 300:
		return c.fault(fault.Unreadable, "%s", said(text, resp.Status))
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return c.fault(fault.Unreadable, "the answer to %s is not Flink's: %w", strings.SplitN(path, "?", 2)[0], err).WithHint("is that the address of the JobManager's REST interface?")
	}
	return nil
}

func (c *Client) fault(code fault.Code, format string, args ...any) *fault.Error {
	return fault.New(code, c.base, format, args...)
}

// said is what an answer's errors say, in one line.
func said(text []byte, status string) string {
	var o struct{ Errors []string }
	if json.Unmarshal(text, &o) != nil || len(o.Errors) == 0 {
		return status
	}
	return status + ": " + firstLine(o.Errors[len(o.Errors)-1], o.Errors[0])
}

// firstLine is the first line of a text that says something, at most 300 bytes of it; or other, if there is none.
func firstLine(text, other string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(text, "<Exception on server side:")), "\n")
	if line == "" {
		line = other
	}
	return fmt.Sprintf("%.300s", line)
}
