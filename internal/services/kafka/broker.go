package kafka

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"github.com/glulam/glulam/internal/services"
)

//go:embed server.properties
var properties string

//go:embed log4j2.properties
var logging []byte

// Options say how a broker runs.
type Options struct {
	Dir  string // for its data and its log; it is made
	Port int    // 0: one that is free
	SASL bool   // a second port asks for SASL PLAIN, with user app and password secret
	Heap string // "" is 384m
}

// Broker is a broker, running or not. Not safe for concurrent use.
type Broker struct {
	Addr string // host:port
	SASL string // host:port of the one that asks for a password; "" without

	o          Options
	libs       string
	controller int
	sasl       int
	process    services.Process
}

// Start installs, formats and starts a broker, and returns when it takes connections. It must be stopped.
func Start(ctx context.Context, o Options) (*Broker, error) {
	libs, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	b := &Broker{o: o, libs: libs}
	b.process = services.Process{Name: "the broker", Log: b.path("broker.log")}
	ports := []*int{&b.o.Port, &b.controller}
	if o.SASL {
		ports = append(ports, &b.sasl)
	}
	if err := services.FreePorts(ports...); err != nil {
		return nil, err
	}
	b.Addr = fmt.Sprintf("127.0.0.1:%d", b.o.Port)
	if o.SASL {
		b.SASL = fmt.Sprintf("127.0.0.1:%d", b.sasl)
	}
	if err := b.configure(); err != nil {
		return nil, err
	}
	format := append(b.java("128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool", "format",
		"-t", "Z2x1bGFtLXRlc3RzLWthZg", "-c", b.path("server.properties"), "--ignore-formatted")
	if err := services.Run(ctx, nil, "java", format...); err != nil {
		return nil, fmt.Errorf("formatting the broker's storage: %w", err)
	}
	return b, b.Restart(ctx)
}

func (b *Broker) path(name string) string { return filepath.Join(b.o.Dir, name) }

func (b *Broker) configure() error {
	if err := os.MkdirAll(b.o.Dir, 0o755); err != nil {
		return err
	}
	var text bytes.Buffer
	err := template.Must(template.New("").Parse(properties)).Execute(&text, map[string]any{
		"Port": b.o.Port, "Controller": b.controller, "SASL": b.sasl, "Data": b.path("data"),
	})
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(b.path("server.properties"), text.Bytes(), 0o644), os.WriteFile(b.path("log4j2.properties"), logging, 0o644))
}

// java gives the arguments that all of the broker's programs share.
func (b *Broker) java(heap string, flags ...string) []string {
	return append([]string{"-Xmx" + heap, "-Dlog4j2.configurationFile=" + b.path("log4j2.properties"), "-cp", filepath.Join(b.libs, "*")}, flags...)
}

// Restart starts a broker that was stopped or killed, on its ports and with its data, and returns when it takes
// connections.
func (b *Broker) Restart(ctx context.Context) error {
	heap := b.o.Heap
	if heap == "" {
		heap = "384m"
	}
	args := append(b.java(heap, "-XX:MaxDirectMemorySize=128m", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=10"), "kafka.Kafka", b.path("server.properties"))
	if err := b.process.Start(nil, "java", args...); err != nil {
		return err
	}
	return b.process.Until(ctx, 2*time.Minute, func() bool { return services.Listens(b.Addr) })
}

// Stop ends the broker in good order, or after half a minute by force.
func (b *Broker) Stop() error { return b.process.Stop() }

// Kill ends it as kill -9 does.
func (b *Broker) Kill() error { return b.process.Kill() }
