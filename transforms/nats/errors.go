package nats

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// explain makes the error of what a server or the client said. code is for what has no better one. An *Error comes back as it
// is, and so does nil.
func (c *config) explain(code fault.Code, doing string, err error) error {
	if e := (*fault.Error)(nil); err == nil || errors.As(err, &e) {
		return err
	}
	e := fault.New(code, c.name, "%s: %w", doing, err)
	switch {
	case isRefused(err):
		return e.WithHint("the server refuses the login: look at user and password, token, nkey or creds")
	case errors.Is(err, nats.ErrPermissionViolation):
		return e.WithHint("the user may not use this subject: it needs the stream's and consumer's subjects of $JS.API, $JS.ACK, its inbox, and the subjects that it writes")
	case misled(err):
		return e.WithHint("look at tls, tls-first, tls-ca, and at tls-cert and tls-key if the server asks for a certificate")
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
		return e.WithHint("is JetStream enabled on the server and for the account, and the option domain right?")
	case errors.Is(err, nats.ErrNoServers):
		return e.WithHint("is a server running there?")
	}
	return e
}

func isAny(err error, of ...error) bool {
	for _, e := range of {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// isRefused says that the server refuses the login. That does not pass.
func isRefused(err error) bool {
	return isAny(err, nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired, nats.ErrNkeysNotSupported)
}

// misled says that an error is about TLS or plain text where the other is meant.
func misled(err error) bool {
	var (
		record tls.RecordHeaderError
		alert  tls.AlertError
		verify *tls.CertificateVerificationError
		author x509.UnknownAuthorityError
		host   x509.HostnameError
		remote *net.OpError
	)
	if errors.As(err, &remote) && remote.Op == "remote error" { // an alert of TLS
		return true
	}
	return isAny(err, nats.ErrSecureConnRequired, nats.ErrSecureConnWanted) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &verify) || errors.As(err, &author) || errors.As(err, &host)
}

// final says that trying again does not help.
func final(err error) bool {
	if e := (*fault.Error)(nil); errors.As(err, &e) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return true
	}
	if api := (*jetstream.APIError)(nil); errors.As(err, &api) {
		return api.Code/100 == 4 && !isAny(err, jetstream.ErrConsumerNotFound, jetstream.ErrConsumerExists, jetstream.ErrConsumerDoesNotExist)
	}
	return isRefused(err) || misled(err) || errors.Is(err, nats.ErrPermissionViolation)
}

// troubles counts and logs failures that are tried again after, and does not log the same again and again. Safe for concurrent
// use.
type troubles struct {
	stats *stream.Stats
	name  string

	mu     sync.Mutex
	last   time.Time
	silent int // since then
}

// logEvery is how often troubles are logged.
const logEvery = 10 * time.Second

func (t *troubles) saw(doing string, err error) {
	t.stats.Retries.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.last) < logEvery {
		t.silent++
		return
	}
	slog.Warn("nats: trying again", "endpoint", t.name, "doing", doing, "error", err, "since_last_line", t.silent)
	t.last, t.silent = time.Now(), 0
}
