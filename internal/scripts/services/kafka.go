package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/glulam/glulam/internal/services/kafka"
)

func kafkaFlags(flags *flag.FlagSet) start {
	port := flags.Int("port", 9092, "where it takes connections")
	topics := flags.String("topics", "", "topics to make, with commas between them")
	partitions := flags.Int("partitions", 1, "of each topic")
	return func(ctx context.Context, dir string) (func() error, error) {
		b, err := kafka.Start(ctx, kafka.Options{Dir: dir, Port: *port})
		if err != nil {
			return nil, err
		}
		if *topics != "" {
			if err := kafka.CreateTopics(ctx, b.Addr, int32(*partitions), strings.Split(*topics, ",")...); err != nil {
				return b.Stop, err
			}
		}
		fmt.Printf("Kafka %s takes connections on %s\n", kafka.Version, b.Addr)
		return b.Stop, nil
	}
}
