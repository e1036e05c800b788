package nats

import (
	"errors"

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
	return isAny(err, nats.ErrSecureConnRequired, nats.ErrSecureConnWanted) || stream.IsTLS(err)
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
