// Package kafka reads and writes topics of Apache Kafka for unbounded pipelines: it is the [stream.Connector] of URLs with
// the scheme kafka.
//
//	kafka://host1:9092,host2:9092/topic?option=value
//
// A source may be several topics (/flights,trains) or, with pattern=true, all topics whose whole name a regular expression
// of package regexp matches (/flights-.*; write %3F for ?). Internal topics never match. Options may stand in the URL or
// beside it ([stream.Endpoint].Options); what is not listed here is refused. Importing the package registers it.
//
// # Sources
//
// A reader is one client that is given its partitions; it is no member of the consumer group, whose name (option group,
// default "glulam-" and the run's name) only says where positions are kept. Partitions go round the readers, from a reader
// on that their topic decides. Topics and partitions are looked up again every metadata.max.age.ms (30000); those that came
// since start at their first message.
//
// A partition goes on at the larger of the runner's restriction and what is committed. Where neither is known, start says
// where it starts: earliest (which is committed, too: the default), latest, or the first message not older than a time
// (RFC 3339 or milliseconds since 1970). That is decided once: the position is committed before anything is read, so
// a process that comes after starts at the same place. A process that is to start elsewhere needs another group, or name of
// the run.
//
//	pattern                     false
//	group                       glulam-RUN
//	start                       earliest
//	on-lost                     fail: when offsets were deleted before they were read; earliest and latest go on, log and count
//	                            what was passed over
//	isolation.level             read_committed
//	fetch.min.bytes             1
//	fetch.max.bytes             16777216
//	max.partition.fetch.bytes   1048576
//	fetch.max.wait.ms           500
//	metadata.max.age.ms         30000
//	client.rack
//
// # Sinks
//
// A sink is one topic, which must exist. Messages keep key, headers and timestamp; so where brokers delete by timestamp
// (retention.ms), outputs of old messages go soon, unless the topic has message.timestamp.type=LogAppendTime. The key decides the partition as it does
// for Java's producer (murmur2), so messages of one key stay in order; those without a key go to any partition. Producing is
// idempotent and waits for all replicas in sync. What brokers do not acknowledge within delivery.timeout.ms fails the run.
// When buffer.memory is full, writing waits. The topic's max.message.bytes is asked for; a larger output is not written
// (see [stream.Limited]).
//
//	acks                        all (or 1, without idempotence)
//	linger.ms                   0
//	compression.type            none
//	max.request.size            the topic's max.message.bytes
//	buffer.memory               67108864
//	delivery.timeout.ms         300000
//	transaction.timeout.ms      60000
//
// # Both
//
//	client.id                             glulam
//	default.api.timeout.ms                30000: how long opening tries to reach a broker
//	request.timeout.ms                    10000, beside what the request itself may take
//	socket.connection.setup.timeout.ms    10000
//	security.protocol                     PLAINTEXT (or SSL, SASL_PLAINTEXT, SASL_SSL)
//	sasl.mechanism                        PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM
//	sasl.username, sasl.password, sasl.jaas.config, sasl.token
//	ssl.ca.location (ssl.truststore.location), ssl.certificate.location (ssl.keystore.location), ssl.key.location: PEM
//	ssl.endpoint.identification.algorithm https; empty: the certificate may have any name
//
// Secrets (sasl.password, sasl.jaas.config, sasl.token) are given as env:NAME or file:PATH, and read anew at each login.
// AWS_MSK_IAM takes AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment.
//
// # Exactly once
//
// Outputs, dead letters and positions are one transaction. Each reader has two producers, with the transactional ids
// GROUP-TOPICS-READER-of-READERS-0 and -1 (TOPICS is the path), which take turns: the brokers still end a transaction of one
// when the next one begins. A process that opens them stops an earlier one of the same reader (its next transaction fails,
// and so does its run), and only then reads what is committed. The number of readers and the topics are written beside the
// positions, and a process with others first opens, and so stops, all producers named there: changing the number of readers
// needs no stop. Two exceptions: a partition of which nothing was ever committed names nobody, and two processes with
// different numbers of readers must not be started in the same moment.
//
// # Failures
//
//	broker gone or restarting        tried again, counted (Stats.Retries), logged every 10 s at most; outputs are given up after
//	                                 delivery.timeout.ms
//	no such topic                    fails at the start
//	topic deleted while it is read   fails; one that a pattern found is left out
//	topic created anew               fails: its offsets are those of another log
//	offsets deleted before read      option on-lost
//	log shorter than the position    fails
//	wrong login, missing ACL         fails at the start; while running, at the next look-up
//	another process of the run       with exactly-once the earlier one fails; without, both write
//	message too large                stream.Write makes a dead letter of it
package kafka
