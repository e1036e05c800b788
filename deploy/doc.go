// Package deploy is a test and nothing else: it holds what is in this folder, which nothing here can run, against the programs that
// it starts.
//
//	go test ./deploy
//
// Versions of images are those of go.mod, of internal/services/flink and of glulam itself; flags are flags that glulam, or Beam's
// job server as package runners starts it, has; addresses and ports lead to somebody who listens there; nothing runs as root. It
// does not build images and asks no registry whether their bases are there.
package deploy
