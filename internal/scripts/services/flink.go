package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/glulam/glulam/internal/services/flink"
)

func flinkFlags(flags *flag.FlagSet) start {
	port := flags.Int("port", 8081, "of the cluster's REST interface")
	slots := flags.Int("slots", 2, "of its one TaskManager")
	return func(ctx context.Context, dir string) (func() error, error) {
		c, err := flink.Start(ctx, flink.Options{Dir: dir, Port: *port, Slots: *slots})
		if err != nil {
			return nil, err
		}
		server, err := c.StartJobServer(ctx)
		if err != nil {
			return c.Stop, err
		}
		fmt.Printf("Flink %s has its REST interface on %s\n", flink.Version, c.REST)
		fmt.Printf("Beam's job server for it takes jobs on %s\n", server)
		fmt.Printf("its jar is %s\n", c.Jar)
		return c.Stop, nil
	}
}
