package ops_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/ops"
	"github.com/glulam/glulam/transforms/stream"
)

// serve serves a run under the test's name.
func serve(t *testing.T) *ops.Server {
	t.Helper()
	s, err := ops.Serve(ops.Options{Addr: "localhost:0", Links: stream.Links{Run: t.Name()}, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		stream.End(t.Name())
	})
	return s
}

func get(t *testing.T, s *ops.Server, path string) (code int, body string) {
	t.Helper()
	r, err := http.Get("http://" + s.Addr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(data)
}

func TestServer(t *testing.T) {
	s := serve(t)
	for _, c := range []struct {
		path string
		code int
		has  string
	}{
		{"/", 200, "/metrics"},
		{"/healthz", 200, "ok"},
		{"/readyz", 503, "1 of 1 readers have no source and sinks open"},
		{"/metrics", 200, "glulam_stream_messages_read_total 0\n"},
		{"/metrics", 200, "\ngo_goroutines "},
		{"/debug/pprof/", 404, ""},
	} {
		if code, body := get(t, s, c.path); code != c.code || !strings.Contains(body, c.has) {
			t.Errorf("%s: %d, want %d\n%.500s", c.path, code, c.code, body)
		}
	}
	r, err := http.Post("http://"+s.Addr().String()+"/metrics", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", r.Status)
	}
	stream.Drain(t.Name())
	if code, body := get(t, s, "/readyz"); code != 503 || !strings.HasPrefix(body, "draining") {
		t.Errorf("draining: %d %s", code, body)
	}
	s.Close()
	if _, err := http.Get("http://" + s.Addr().String() + "/healthz"); err == nil {
		t.Error("it answers after Close")
	}
}

func TestAddresses(t *testing.T) {
	taken := serve(t).Addr().String()
	for _, c := range []struct {
		addr string
		code fault.Code
		says string
	}{
		{"9464", fault.Usage, "no address"},
		{"localhost", fault.Usage, "no address"},
		{":http", fault.Usage, "no port"},
		{":65536", fault.Usage, "no port"},
		{":-1", fault.Usage, "no port"},
		{":", fault.Usage, "no port"},
		{":09464", fault.Usage, "the port is 9464"},
		{"192.0.2.1:0", fault.Usage, "requested address"}, // of documentation; no machine has it
		{taken, fault.Conflict, "address already in use"},
	} {
		s, err := ops.Serve(ops.Options{Addr: c.addr, Links: stream.Links{Run: t.Name()}})
		if err == nil {
			s.Close()
		}
		if fe := (*fault.Error)(nil); !errors.As(err, &fe) || fe.Code != c.code || fe.Hint == "" || !strings.Contains(fe.Err.Error(), c.says) {
			t.Errorf("%s: %v", c.addr, err)
		}
	}
	for _, addr := range []string{":9464", "localhost:0", "[::1]:9464", "0.0.0.0:80"} {
		if err := ops.CheckAddr(addr); err != nil {
			t.Error(err)
		}
	}
}
