package flink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glulam/glulam/fault"
)

// cluster is a REST interface that answers as a table says: "METHOD /path?query" -> body. "!404 body" is a status.
func cluster(t *testing.T, answers map[string]string) (c *Client, asked *[]string) {
	t.Helper()
	asked = new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Method + " " + r.URL.RequestURI()
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, strings.TrimSpace(key+" "+string(body)))
		answer, ok := answers[key]
		if !ok {
			answer = `!404 {"errors":["Not found: ` + key + `"]}`
		}
		if text, ok := strings.CutPrefix(answer, "!"); ok {
			code, rest, _ := strings.Cut(text, " ")
			answer = rest
			w.WriteHeader(map[string]int{"404": 404, "500": 500, "202": 202}[code])
		}
		io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	c, err := NewClient(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return c, asked
}

func TestClient(t *testing.T) {
	ctx := t.Context()
	c, asked := cluster(t, map[string]string{
		"GET /overview":      `{"flink-version":"1.19.3","taskmanagers":1,"slots-total":2,"slots-available":1}`,
		"GET /jobs/overview": `{"jobs":[{"jid":"a","name":"flights0one-root-1","state":"FINISHED","start-time":1,"end-time":5},{"jid":"b","name":"flights0one-root-2","state":"RUNNING","start-time":9,"end-time":-1},{"jid":"c","name":"other","state":"RUNNING","start-time":3,"end-time":-1}]}`,
		"GET /jobs/b":        `{"jid":"b","name":"x","state":"RUNNING","vertices":[{"id":"v1"},{"id":"v2"}]}`,
		"GET /jobs/b/vertices/v1/subtasks/metrics":                                                                         `[{"id":"[3]{0, 1}.glulam_rows_read"},{"id":"numRecordsIn"}]`,
		"GET /jobs/b/vertices/v1/subtasks/metrics?agg=sum&get=%5B3%5D%7B0%2C+1%7D.glulam_rows_read":                        `[{"id":"[3]{0, 1}.glulam_rows_read","sum":7.0}]`,
		"GET /jobs/b/vertices/v2/subtasks/metrics":                                                                         `[{"id":"[3]{a}.glulam_rows_read"},{"id":"[3]{a}.glulam_lag"}]`,
		"GET /jobs/b/vertices/v2/subtasks/metrics?agg=sum&get=%5B3%5D%7Ba%7D.glulam_rows_read%2C%5B3%5D%7Ba%7D.glulam_lag": `[{"id":"[3]{a}.glulam_rows_read","sum":5},{"id":"[3]{a}.glulam_lag","sum":2}]`,
		"GET /jobs/b/checkpoints":                 `{"counts":{"completed":3,"failed":1},"latest":{"completed":{"id":4,"trigger_timestamp":11,"end_to_end_duration":22,"external_path":"file:/c/4"}}}`,
		"GET /jobs/b/metrics?get=numRestarts":     `[{"id":"numRestarts","value":"2"}]`,
		"GET /jobs/b/exceptions?maxExceptions=10": `{"root-exception":"java.lang.X: no\n\tat y","exceptionHistory":{"entries":[{"exceptionName":"a"},{"exceptionName":"b"}],"truncated":false}}`,
		"PATCH /jobs/b?mode=cancel":               `!202 {}`,
		"POST /jobs/b/stop":                       `!202 {"request-id":"r"}`,
		"GET /jobs/b/savepoints/r":                `{"status":{"id":"COMPLETED"},"operation":{"location":"file:/s/1"}}`,
	})
	over, err := c.Overview(ctx)
	if diff := cmp.Diff(Overview{"1.19.3", 1, 2, 1}, over); err != nil || diff != "" {
		t.Error(err, diff)
	}
	jobs, err := c.Find(ctx, "Flights-One")
	if err != nil || len(jobs) != 2 || jobs[0].ID != "b" || jobs[0].State.Over() || !jobs[1].State.Over() {
		t.Error(err, jobs)
	}
	counters, err := c.Counters(ctx, "b", "glulam")
	if diff := cmp.Diff(map[string]int64{"rows_read": 12, "lag": 2}, counters); err != nil || diff != "" {
		t.Error(err, diff)
	}
	k, err := c.Checkpoints(ctx, "b")
	if diff := cmp.Diff(Checkpoints{3, 1, &Checkpoint{4, 11, 22, "file:/c/4"}}, k); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if n, err := c.Restarts(ctx, "b"); n != 2 || err != nil {
		t.Error(n, err)
	}
	if s, n, err := c.Exception(ctx, "b"); !strings.HasPrefix(s, "java.lang.X: no") || n != 2 || err != nil {
		t.Error(s, n, err)
	}
	if err := c.Cancel(ctx, "b"); err != nil {
		t.Error(err)
	}
	if path, err := c.Stop(ctx, "b", "file:/s"); path != "file:/s/1" || err != nil {
		t.Error(path, err)
	}
	if want := `POST /jobs/b/stop {"drain":false,"targetDirectory":"file:/s"}`; !strings.Contains(strings.Join(*asked, "\n"), want) {
		t.Errorf("nobody asked %s: %s", want, *asked)
	}
}

// TestClientErrors: what is wrong is told with the address, a code, and once.
func TestClientErrors(t *testing.T) {
	c, _ := cluster(t, map[string]string{
		"GET /overview":                       `<html>hello</html>`,
		"GET /jobs/b":                         `{"jid":1`,
		"POST /jobs/b/stop":                   `!500 {"errors":["x","org.apache.flink.Y: Config key [state.savepoints.dir] is not set.\n\tat z"]}`,
		"POST /jobs/d/stop":                   `!202 {"request-id":"r"}`,
		"GET /jobs/d/savepoints/r":            `{"status":{"id":"COMPLETED"},"operation":{"failure-cause":{"class":"C","stack-trace":"C: no room\n\tat z"}}}`,
		"POST /jobs/e/stop":                   `!202 {"request-id":"r"}`,
		"GET /jobs/e/savepoints/r":            `{"status":{"id":"IN_PROGRESS"}}`,
		"GET /jobs/b/metrics?get=numRestarts": `[{"value":"many"}]`,
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, overview := c.Overview(t.Context())
	_, job := c.Job(t.Context(), "b")
	_, unknown := c.Job(t.Context(), "zz")
	_, noDir := c.Stop(t.Context(), "b", "")
	_, noRoom := c.Stop(t.Context(), "d", "")
	_, slow := c.Stop(ctx, "e", "")
	_, restarts := c.Restarts(t.Context(), "b")
	nobody, err := NewClient("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	_, refused := nobody.Overview(t.Context())
	for _, x := range []struct {
		err  error
		code fault.Code
		says string
	}{
		{overview, fault.Unreadable, "is not Flink's"}, {job, fault.Unreadable, "is not Flink's"}, {unknown, fault.NotFound, "Not found: GET /jobs/zz"},
		{noDir, fault.Unreadable, "Config key [state.savepoints.dir] is not set."}, {noRoom, fault.Unwritable, "C: no room"}, {slow, fault.Unreadable, "deadline exceeded"},
		{restarts, fault.Unreadable, "numRestarts"}, {refused, fault.Unreadable, "nobody answers"},
	} {
		fe := (*fault.Error)(nil)
		if !errors.As(x.err, &fe) || fe.Code != x.code || !strings.Contains(x.err.Error(), x.says) || fe.Source == "" || strings.Contains(x.err.Error(), "\n") {
			t.Errorf("%v: want %s with %q", x.err, x.code, x.says)
		}
	}
	for _, bad := range []string{"", "localhost", ":8081", "ftp://x:1", "http://", "http://u:p@h:1", "http://h:1?x=y"} {
		if _, err := NewClient(bad); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestShort: names come in pieces, each of them once, and a long one in a piece of its own.
func TestShort(t *testing.T) {
	names := []string{strings.Repeat("x", 3000)}
	for i := range 100 {
		names = append(names, fmt.Sprintf("[%d]{a}.glulam_rows_read", i))
	}
	var got []string
	pieces := 0
	for piece := range short(names) {
		if n := len(url.QueryEscape(strings.Join(piece, ","))); n > maxQuery && len(piece) > 1 {
			t.Errorf("a piece of %d bytes", n)
		}
		got = append(got, piece...)
		pieces++
	}
	if diff := cmp.Diff(names, got); diff != "" || pieces < 3 {
		t.Errorf("%d pieces: %s", pieces, diff)
	}
	for range short(nil) {
		t.Error("a piece of nothing")
	}
}

func TestMangled(t *testing.T) {
	if got, want := Mangled("glulam-Flights_1"), "glulam0flights01"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
