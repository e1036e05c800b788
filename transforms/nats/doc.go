// Package nats reads streams of NATS JetStream and writes to their subjects, for unbounded pipelines: it is the
// [stream.Connector] of URLs with the scheme nats. It needs servers of 2.10 or later.
//
//	nats://host1:4222,host2:4222/STREAM?subjects=a.*,b.>    a source
//	nats://host:4222/flights.scored                         a sink
//
// Options may stand in the URL or beside it ([stream.Endpoint].Options); what is not listed here is refused. Importing the
// package registers it.
//
// # Sources
//
// The path is a stream; the option subjects chooses some of its messages. Each pattern of subjects is a partition, without
// patterns there is one, 0. A partition has a durable pull consumer with explicit acknowledgements, "glulam-" and the run's
// name (then "-" and a hash of the pattern), which is made when there is none. Readers take whole partitions, so messages
// that match one pattern stay in the stream's order, and the number of readers may change; more readers than patterns are
// refused. Patterns must not overlap.
//
// Offsets are the stream's sequence numbers. A commit acknowledges the messages before a position, and has settled when the
// server has confirmed the last of them. So the consumer's acknowledgement floor is the position: it lives on the server and
// is what a process that comes after starts at, unless the runner's restriction is further.
//
// The server sends messages that are not acknowledged again, but only after ack-wait, and then behind later ones. Order
// matters more here: a process that finds messages on their way when it starts, or misses one when the connection breaks,
// deletes the consumer and makes it anew behind the floor. Meanwhile a second consumer (its name ends in -position) keeps the
// position, for the case that the process ends in between. A work queue needs none: what is in it is not acknowledged.
// A consumer of somebody else's making can be used (option consumer) if it is a durable pull consumer with explicit
// acknowledgements and unlimited deliveries; it, too, is made anew.
//
// A reader holds about 64 MiB of messages that nobody polled, and with each partition what one pull request may bring, 32 MiB.
//
// With one consumer there is one reader: of two processes of the same run, the one that started first fails.
//
//	subjects           all: patterns with commas between them
//	consumer           glulam-RUN
//	start              all: where a consumer that is not there yet starts; or new, last, seq:NUMBER, a time (RFC 3339 or
//	                   milliseconds since 1970, of the server)
//	key                header:glulam-key: what the key of a message is; or another header, or subject
//	ack-wait           1m: matters to work queues and for what gets lost without the connection being lost
//	max-ack-pending    10000: messages of a partition that are sent and not acknowledged
//
// # Sinks
//
// The path is a subject, which a stream must take; a stream without acknowledgements (no_ack) is refused. Messages go out
// one behind the other, at most max-pending of them not acknowledged. When the connection breaks, or the stream has no leader,
// those that are not acknowledged go out again in order; Nats-Msg-Id is the message's ID, so what the stream has already it
// drops within its duplicate window (2 minutes if nobody changed it). That holds for a run that starts again, too, within the
// window. Where a stream refuses a message for the moment and takes later ones, that message comes behind them.
//
//	max-pending         4000
//	delivery-timeout    5m: without an acknowledgement for that long, the run fails
//
// # Messages
//
// Headers of NATS are texts by name, without an order between names. A source gives them sorted by name; those that begin with
// Nats- tell servers something and are neither read nor written. What NATS has no place for is in further headers:
//
//	glulam-key          the key; bytes that are no text, or have control characters or spaces at an end, as base64:BASE64
//	glulam-time         the timestamp in milliseconds since 1970; without it, a message's time is the server's
//	glulam-tombstone    there is no value, not even an empty one; a deletion in a key-value bucket counts as one as well
//	glulam-headers      all names and values in order, as a JSON array of texts as in glulam-key; only if one of them
//	                    cannot be a header of NATS
//
// A message is too large that has more bytes of headers and value than the server's max_payload or the stream's max_msg_size,
// or more than 65,535 bytes of headers (see [stream.Limited]).
//
// # Both
//
//	name                        glulam: of the connection
//	timeout                     30s: how long opening tries
//	domain                      of JetStream
//	inbox-prefix                _INBOX
//	user and password, token, nkey (a seed), creds (what nsc generate creds writes)
//	tls                         false; on its own if one of the following is given, or if the server asks for it
//	tls-first                   false
//	tls-ca, tls-cert, tls-key   PEM
//
// Secrets (password, token, nkey, creds) are given as env:NAME or file:PATH, and read anew for each connection.
//
// # Exactly once
//
// There are no transactions, so exactly-once is refused. At-least-once to a sink of NATS has every output once if a repeat
// comes within the duplicate window: IDs are made of the run's name and of where the input came from.
//
// # Replays
//
// Dead letters of a stream are read, and sent back to the subjects of a stream or to one subject (package replay). What was sent is
// kept in the stream glulam-replay, which docs/replay.md describes.
//
// # Failures
//
//	server gone or restarting        tried again for ever by sources, for delivery-timeout by sinks; counted (Stats.Retries),
//	                                 logged every 10 s at most
//	no such stream, no stream for
//	the subject                      fails at the start
//	stream deleted                   fails
//	consumer deleted                 fails: the position is gone
//	stream created anew              starts as for the first time, or fails if the runner has a position behind its end
//	messages deleted before read     passed over; counted (Stats.Lost) while the source is open and where sequence numbers tell:
//	                                 without patterns, limits per subject, work queues and interest
//	stream full                      fails, unless it discards old messages
//	wrong login, missing permission  fails
//	message too large                stream.Write makes a dead letter of it
//	another process of the run       the earlier one fails
package nats
