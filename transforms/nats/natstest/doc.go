// Package natstest runs a NATS server with JetStream in this process, for tests and for the demo. It listens on the loopback
// interface only.
//
//	s, err := natstest.Start(dir, natstest.Options{})
//	if err != nil { ... }
//	defer s.Stop()
//	nats.Connect(s.URL())
package natstest
