package kafka

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"text/template"
	"time"
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
	cmd        *exec.Cmd
	exited     chan error
}

// Start installs, formats and starts a broker, and returns when it takes connections. It must be stopped.
func Start(ctx context.Context, o Options) (*Broker, error) {
	libs, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	b := &Broker{o: o, libs: libs}
	ports := []*int{&b.o.Port, &b.controller}
	if o.SASL {
		ports = append(ports, &b.sasl)
	}
	if err := freePorts(ports); err != nil {
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
	if err := run(ctx, nil, "java", format...); err != nil {
		return nil, fmt.Errorf("formatting the broker's storage: %w", err)
	}
	return b, b.Restart(ctx)
}

// freePorts fills in ports that are 0.
func freePorts(ports []*int) error {
	for _, p := range ports {
		if *p != 0 {
			continue
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close() // when all are found, so that none is found twice
		*p = l.Addr().(*net.TCPAddr).Port
	}
	return nil
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
	log, err := os.OpenFile(b.path("broker.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("java", args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for us
	if err := cmd.Start(); err != nil {
		return err
	}
	b.cmd, b.exited = cmd, make(chan error, 1)
	go func(exited chan<- error) { exited <- cmd.Wait() }(b.exited)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		c, err := net.DialTimeout("tcp", b.Addr, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case err := <-b.exited:
			b.cmd = nil
			return fmt.Errorf("the broker ended at once: %w\n%s", err, b.tail())
		case <-ctx.Done():
			b.Kill()
			return fmt.Errorf("the broker takes no connections: %w\n%s", ctx.Err(), b.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (b *Broker) tail() string {
	text, _ := os.ReadFile(b.path("broker.log"))
	return string(text[max(0, len(text)-2000):])
}

// Stop ends the broker in good order, or after half a minute by force.
func (b *Broker) Stop() error { return b.end(syscall.SIGTERM) }

// Kill ends it as kill -9 does.
func (b *Broker) Kill() error { return b.end(syscall.SIGKILL) }

func (b *Broker) end(signal os.Signal) error {
	if b.cmd == nil {
		return nil
	}
	defer func() { b.cmd = nil }()
	if err := b.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-b.exited:
		return nil
	case <-time.After(30 * time.Second):
		b.cmd.Process.Kill()
		<-b.exited
		return errors.New("the broker had to be killed")
	}
}
