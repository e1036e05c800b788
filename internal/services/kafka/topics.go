package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// CreateTopics makes topics on the broker at an address.
func CreateTopics(ctx context.Context, addr string, partitions int32, names ...string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	made, err := kadm.NewClient(client).CreateTopics(ctx, partitions, 1, nil, names...)
	if err != nil {
		return err
	}
	return made.Error()
}
