package kafka

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// explain makes the error of what a broker or the client said. code is for what has no better one. An *Error comes back as it
// is, and so does nil.
func (c *config) explain(code fault.Code, doing string, err error) error {
	if e := (*fault.Error)(nil); err == nil || errors.As(err, &e) {
		return err
	}
	say := func(code fault.Code, hint string, args ...any) error {
		return fault.New(code, c.name, "%s: %w", doing, err).WithHint(hint, args...)
	}
	switch {
	case isRefused(err):
		return say(code, "the broker refuses the login: look at sasl.mechanism, sasl.username and the password")
	case isAny(err, kerr.TopicAuthorizationFailed):
		return say(code, "the user needs the ACLs Describe and Read of topics it reads, Describe and Write of those it writes")
	case isAny(err, kerr.GroupAuthorizationFailed):
		return say(code, "the user needs the ACL Read of the consumer group, which the option group names")
	case isAny(err, kerr.TransactionalIDAuthorizationFailed):
		return say(code, "the user needs the ACLs Describe and Write of transactional ids that begin with the group's name")
	case isAny(err, kerr.ClusterAuthorizationFailed):
		return say(code, "the user needs the ACL IdempotentWrite of the cluster, or Write of a topic")
	case isFenced(err):
		return say(fault.Conflict, "another process of the same run has taken over, or no broker could be reached for longer than transaction.timeout.ms; let one process run, or give each job its own name")
	case isAny(err, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress, kerr.FencedInstanceID, kerr.StaleMemberEpoch, kerr.FencedMemberEpoch):
		return say(fault.Conflict, "the consumer group has members: something else uses it; give another with the option group")
	case isAny(err, kerr.InvalidTransactionTimeout):
		return say(fault.Usage, "give a smaller transaction.timeout.ms, or raise transaction.max.timeout.ms of the brokers")
	case isAny(err, kerr.InvalidTimestamp):
		return say(code, "the topic refuses timestamps as far from now as this one: see message.timestamp.before.max.ms and message.timestamp.after.max.ms")
	case isAny(err, kerr.InvalidRecord):
		return say(code, "a compacted topic takes no messages without a key")
	case errors.Is(err, errUndelivered):
		return say(code, "are the brokers up? the log says what went wrong; start again, nothing is lost")
	}
	if misled(err) {
		return say(code, "look at security.protocol, at ssl.ca.location if the brokers' certificates are of a private authority, and at the login")
	}
	if net := (*net.OpError)(nil); errors.As(err, &net) {
		return say(code, "is a broker running there, and does it advertise an address that can be reached from here?")
	}
	return fault.New(code, c.name, "%s: %w", doing, err)
}

func isAny(err error, of ...error) bool {
	for _, e := range of {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// isFenced says that somebody else has the transactional id, or has ended our transaction: InvalidTxnState is what the commit of a
// transaction gets that the process which took over has aborted, until that one begins its own.
func isFenced(err error) bool {
	return isAny(err, kerr.InvalidProducerEpoch, kerr.ProducerFenced, kerr.TransactionCoordinatorFenced, kerr.InvalidProducerIDMapping, kerr.InvalidTxnState)
}

// isUnknown says that the brokers do not know a topic, or not any more.
func isUnknown(err error) bool {
	return isAny(err, kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.InconsistentTopicID)
}

// misled says that an error is about TLS or plain text where the other is meant.
func misled(err error) bool {
	return isEOF(err) || stream.IsTLS(err)
}

// passes says that an error may be over when it is tried again: the brokers are restarting, or cannot be reached.
func passes(err error) bool {
	if isEOF(err) {
		return true
	}
	if e := (*fault.Error)(nil); errors.As(err, &e) || misled(err) || errors.Is(err, kgo.ErrClientClosed) {
		return false
	}
	if e := (*kerr.Error)(nil); errors.As(err, &e) {
		return e.Retriable || isAny(err, kerr.UnstableOffsetCommit, kerr.ConcurrentTransactions)
	}
	var network net.Error
	return kgo.IsRetryableBrokerErr(err) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded)
}

// isEOF says that a broker ended a connection at once: it is ending itself, or means TLS or SASL where we do not, or we where
// it does not.
func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// isRefused says that a broker refuses the login.
func isRefused(err error) bool {
	return isAny(err, kerr.SaslAuthenticationFailed, kerr.UnsupportedSaslMechanism, kerr.IllegalSaslState)
}

// troubles are failures that are tried again after, and whether that helps. Safe for concurrent use.
type troubles struct {
	*stream.Retries
	// refused ends when a broker refuses the login; its cause says why. That does not pass: what waits for brokers ends, too.
	refused context.Context
	refuse  context.CancelCauseFunc
	// reached: a broker has answered, so the options are those that it wants.
	reached atomic.Bool
}

func newTroubles(id stream.ReaderID, name string) *troubles {
	t := &troubles{Retries: stream.NewRetries(id, Scheme, name)}
	t.refused, t.refuse = context.WithCancelCause(context.Background())
	return t
}

// OnBrokerConnect implements kgo.HookBrokerConnect: the client itself tries again without saying so.
func (t *troubles) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	switch {
	case isRefused(err):
		t.refuse(err)
	case err != nil && !errors.Is(err, context.Canceled):
		t.Saw("connecting", err)
	}
}

// patient calls f until it succeeds, what it says does not pass, or default.api.timeout.ms is over. The error is the last that
// says something.
func (c *config) patient(ctx context.Context, t *troubles, doing string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	var last error
	begin := time.Now()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := f(ctx)
		if err == nil {
			t.reached.Store(true)
			return nil
		}
		if last == nil || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			last = err
		}
		if !passes(err) || isEOF(err) && !t.reached.Load() && time.Since(begin) > c.eofPatience {
			return last
		}
		t.Saw(doing, err)
		pause(ctx, wait)
		if ctx.Err() != nil {
			return last
		}
	}
}
