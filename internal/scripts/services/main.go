// Command services runs the services that glulam's tests use, for trying things out:
//
//	go run ./internal/scripts/services kafka -port 9092 -topics flights,flights-scored,flights-rejected
//
// It runs until Ctrl-C; the data is gone afterwards.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/glulam/glulam/internal/services/kafka"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "kafka" {
		fmt.Fprintln(os.Stderr, "usage: services kafka [-port N] [-topics A,B] [-partitions N]")
		os.Exit(2)
	}
	flags := flag.NewFlagSet("kafka", flag.ExitOnError)
	port := flags.Int("port", 9092, "where it takes connections")
	topics := flags.String("topics", "", "topics to make, with commas between them")
	partitions := flags.Int("partitions", 1, "of each topic")
	flags.Parse(os.Args[2:])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := runKafka(ctx, *port, *topics, int32(*partitions)); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(1)
	}
}

func runKafka(ctx context.Context, port int, topics string, partitions int32) (err error) {
	dir, err := os.MkdirTemp("", "glulam-kafka-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := kafka.Start(ctx, kafka.Options{Dir: dir, Port: port})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	if topics != "" {
		if err := kafka.CreateTopics(ctx, b.Addr, partitions, strings.Split(topics, ",")...); err != nil {
			return err
		}
	}
	fmt.Printf("Kafka %s takes connections on %s\n", kafka.Version, b.Addr)
	<-ctx.Done()
	return nil
}
