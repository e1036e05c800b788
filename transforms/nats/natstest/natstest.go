package natstest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
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

// Server is a running server. Safe for concurrent use.
type Server struct {
	s    *server.Server
	addr string
	port int
}

// Start starts a server that keeps its streams in dir, which a later one may go on with. It is ready when Start returns.
func Start(dir string, o Options) (*Server, error) {
	opts := &server.Options{
		Host: "127.0.0.1", Port: o.Port, NoSigs: true, JetStream: !o.NoJetStream, StoreDir: dir,
		JetStreamMaxStore: o.MaxStore, JetStreamMaxMemory: o.MaxMemory, MaxPayload: o.MaxPayload,
		Username: o.User, Password: o.Password, Authorization: o.Token,
	}
	if o.Port == 0 {
		opts.Port = server.RANDOM_PORT
	} else if err := portIsFree(o.Port); err != nil {
		return nil, err
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
	log := &lastWords{}
	s.SetLoggerV2(log, false, false, false)
	s.Start()
	ready := log.said() == nil && s.ReadyForConnections(30*time.Second)
	if err := log.said(); err != nil || !ready {
		s.Shutdown()
		s.WaitForShutdown()
		if err == nil {
			err = errors.New("it does not get ready")
		}
		return nil, fault.New(fault.Unwritable, dir, "the embedded NATS server: %w", err).WithHint("may files be written to the folder?")
	}
	addr := s.Addr().(*net.TCPAddr)
	return &Server{s, addr.String(), addr.Port}, nil
}

// lastWords keeps what a server says when it cannot start, and nothing else.
type lastWords struct {
	mu  sync.Mutex
	err error
}

func (l *lastWords) said() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Fatalf implements server.Logger.
func (l *lastWords) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = fmt.Errorf(format, v...)
	}
}

func (*lastWords) Noticef(string, ...any) {}
func (*lastWords) Warnf(string, ...any)   {}
func (*lastWords) Errorf(string, ...any)  {}
func (*lastWords) Debugf(string, ...any)  {}
func (*lastWords) Tracef(string, ...any)  {}

// portIsFree says so before the server waits for a port that it will not get.
func portIsFree(port int) error {
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fault.New(fault.Conflict, addr, "the embedded NATS server: %w", err).WithHint("is another server running there? Take another port, or 0 for a free one")
	}
	return l.Close()
}

// Addr is host and port.
func (s *Server) Addr() string { return s.addr }

// Port is where it listens.
func (s *Server) Port() int { return s.port }

// URL is what clients connect to.
func (s *Server) URL() string { return "nats://" + s.addr }

// Stop stops the server and returns when it has stopped. It may be called again.
func (s *Server) Stop() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
}
