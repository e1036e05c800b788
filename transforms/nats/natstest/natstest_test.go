package natstest_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/nats/natstest"
)

func connect(t *testing.T, s *natstest.Server) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// TestStart holds that a server goes on with what an earlier one stored, on the loopback interface, and frees its port.
func TestStart(t *testing.T) {
	dir := t.TempDir()
	s, err := natstest.Start(dir, natstest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	host, _, err := net.SplitHostPort(s.Addr())
	if err != nil || host != "127.0.0.1" {
		t.Errorf("the server listens at %s", s.Addr())
	}
	js := connect(t, s)
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "s", []byte("1")); err != nil {
		t.Fatal(err)
	}
	port := s.Port()
	if _, err := natstest.Start(t.TempDir(), natstest.Options{Port: port}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a port that is not free: %v", err)
	}
	s.Stop()
	s.Stop()
	if s, err = natstest.Start(dir, natstest.Options{Port: port}); err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	st, err := connect(t, s).Stream(t.Context(), "S")
	if err != nil {
		t.Fatal(err)
	}
	if n := st.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("%d messages are left of 1", n)
	}
}

// TestLimits holds that streams have the room that was given.
func TestLimits(t *testing.T) {
	s, err := natstest.Start(t.TempDir(), natstest.Options{MaxStore: 1 << 20, MaxMemory: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	js := connect(t, s)
	for _, storage := range []jetstream.StorageType{jetstream.FileStorage, jetstream.MemoryStorage} {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}, Storage: storage, MaxBytes: 2 << 20}); err == nil {
			t.Errorf("a stream of 2 MiB in %v has room in 1 MiB", storage)
		}
	}
}

// TestNoRoom holds that a folder that cannot be used is an error.
func TestNoRoom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := natstest.Start(filepath.Join(file, "dir"), natstest.Options{})
	if err == nil {
		s.Stop()
	}
	if fault.CodeOf(err) != fault.Unwritable {
		t.Errorf("a folder in a file: %v", err)
	}
}
