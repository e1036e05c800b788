package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// Options say what to serve, and where.
type Options struct {
	Addr    string       // host:port; without a host: on all interfaces. Port 0 is one that is free
	Links   stream.Links // of the run
	Model   Model        // that the run begins with
	Version string       // of glulam
	// Stale is how long a reader may not come back from its source and sinks and still be ready; 0 is DefaultStale.
	Stale time.Duration
}

// Model is what the metric glulam_model_info says of a model.
type Model struct{ Digest, Name, Format, Engine string }

// DefaultStale is that of Options. Brokers that are started again are back sooner.
const DefaultStale = 30 * time.Second

// Limits of the server.
const (
	maxScrapes    = 4 // at once; more are told to come again
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	gatherTimeout = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	closeTimeout  = 2 * time.Second
)

// CheckAddr says what is wrong with an address by itself: *fault.Error with code Usage.
func CheckAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fault.New(fault.Usage, "", "%q is no address", addr).WithHint("it is HOST:PORT, or :PORT for all interfaces, such as localhost:9464")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fault.New(fault.Usage, "", "%q has no port that can be", addr).WithHint("ports are numbers from 0 to 65535; 0 is one that is free")
	} else if strconv.FormatUint(n, 10) != port {
		return fault.New(fault.Usage, "", "%q: the port is %d", addr, n).WithHint("write it without zeros in front")
	}
	return nil
}

// Server serves a run. It is safe for concurrent use.
type Server struct {
	http  http.Server
	addr  net.Addr
	ended chan struct{}
}

// Serve begins to serve. Errors are *fault.Error: Conflict if somebody else has the address, otherwise Usage.
func Serve(o Options) (*Server, error) {
	if err := CheckAddr(o.Addr); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, listenFault(o.Addr, err)
	}
	s := &Server{addr: l.Addr(), ended: make(chan struct{})}
	s.http = http.Server{
		Handler:           handler(&o),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	go func() {
		defer close(s.ended)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("metrics are not served any more", "address", s.addr.String(), "error", err)
		}
	}()
	slog.Info("serving metrics", "address", s.addr.String())
	return s, nil
}

// listenFault says why an address cannot be had.
func listenFault(addr string, err error) error {
	cause := err
	if oe := (*net.OpError)(nil); errors.As(err, &oe) {
		cause = oe.Err
	}
	var sys syscall.Errno
	if errors.As(err, &sys) {
		cause = sys
	}
	switch sys {
	case syscall.EADDRINUSE:
		return fault.New(fault.Conflict, addr, "%w", cause).WithHint("another process listens there; stop it, or take another port")
	case syscall.EACCES:
		return fault.New(fault.Usage, addr, "%w", cause).WithHint("ports below 1024 are for root; take another one")
	}
	return fault.New(fault.Usage, addr, "%w", cause).WithHint("take an address of this machine")
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.addr }

// Close ends the server. Answers that are under way have a short time to end.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	<-s.ended
}

func handler(o *Options) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(newCollector(o), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	stats, of := stream.StatsOf(o.Links.Run), max(1, o.Links.Readers)
	limit := o.Stale
	if limit == 0 {
		limit = DefaultStale
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorLog: scrapeLog{}, ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes, Timeout: gatherTimeout, EnableOpenMetrics: true,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if why := unready(stats.Draining(), stats.Readers(), of, time.Now(), limit); why != "" {
			answer(w, http.StatusServiceUnavailable, why)
			return
		}
		answer(w, http.StatusOK, "ready")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, fmt.Sprintf("glulam %s, job %s\n\n/metrics\n/healthz\n/readyz", o.Version, o.Links.Run))
	})
	return mux
}

func answer(w http.ResponseWriter, code int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	io.WriteString(w, text+"\n")
}

// scrapeLog has what goes wrong with a scrape in the log.
type scrapeLog struct{}

// Println implements promhttp.Logger.
func (scrapeLog) Println(v ...any) { slog.Warn("metrics", "error", fmt.Sprint(v...)) }
