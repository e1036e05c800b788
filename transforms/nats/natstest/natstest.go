// Package natstest runs a NATS server with JetStream in this process, for tests and for the demo. It listens on the loopback
// interface only.
//
//	s, err := natstest.Start(dir, natstest.Options{})
//	if err != nil { ... }
//	defer s.Stop()
//	nats.Connect(s.URL())
package natstest

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/glulam/glulam/fault"
)

// Options of a server. The zero value has a free port, no login and no TLS.
type Options struct {
	Port        int   // 0: a free one
	MaxStore    int64 // bytes of streams on disk; 0: 1 GiB
	MaxMemory   int64 // bytes of streams in memory; 0: 64 MiB
	MaxPayload  int32 // bytes of a message with its headers; 0: 1 MiB
	User        string
	Password    string
	Token       string
	Nkey        string      // public key of the one user
	TLS         *tls.Config // nil: none
	NoJetStream bool
}

// Server is a running server.
type Server struct {
	s *server.Server
	o Options
}

// Start starts a server that keeps its streams in dir, which a later one may go on with. It is ready when Start returns.
func Start(dir string, o Options) (*Server, error) {
	opts := &server.Options{
		Host: "127.0.0.1", Port: o.Port, DontListen: false, NoSigs: true, NoLog: true, JetStream: !o.NoJetStream, StoreDir: dir,
		JetStreamMaxStore: o.MaxStore, JetStreamMaxMemory: o.MaxMemory, MaxPayload: o.MaxPayload,
		Username: o.User, Password: o.Password, Authorization: o.Token, LameDuckDuration: time.Second, LameDuckGracePeriod: time.Millisecond,
	}
	if o.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	if o.MaxStore == 0 {
		opts.JetStreamMaxStore = 1 << 30
	}
	if o.MaxMemory == 0 {
		opts.JetStreamMaxMemory = 64 << 20
	}
	if o.MaxPayload == 0 {
		opts.MaxPayload = 1 << 20
	}
	if o.Nkey != "" {
		opts.Nkeys = []*server.NkeyUser{{Nkey: o.Nkey}}
	}
	if o.TLS != nil {
		opts.TLSConfig, opts.TLSTimeout, opts.TLSVerify = o.TLS, 5, o.TLS.ClientAuth == tls.RequireAndVerifyClientCert
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fault.New(fault.Usage, "", "the embedded NATS server: %w", err)
	}
	go s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fault.New(fault.Unreadable, dir, "the embedded NATS server does not get ready").WithHint("is the port free, and may files be written to the folder?")
	}
	if !o.NoJetStream && !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fault.New(fault.Unwritable, dir, "the embedded NATS server cannot keep streams there")
	}
	return &Server{s, o}, nil
}

// Addr is host and port.
func (s *Server) Addr() string { return s.s.Addr().String() }

// URL is what clients connect to.
func (s *Server) URL() string { return fmt.Sprintf("nats://%s", s.Addr()) }

// Stop stops the server and returns when it has stopped. It may be called again.
func (s *Server) Stop() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
}
