package kafka

import (
	"hash/fnv"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/glulam/glulam/transforms/stream"
)

// mine says whether a partition is in a reader's share. Partitions go round the readers, from a reader on that the topic
// decides: its place in the list of topics, or its name where a pattern finds topics. So a partition has the same reader
// whenever it is looked up, whatever topics and partitions there are besides.
func (c *config) mine(topic string, partition int32, id stream.ReaderID) bool {
	first := slices.Index(c.topics, topic)
	if c.pattern {
		h := fnv.New32a()
		h.Write([]byte(topic))
		first = int(h.Sum32() % uint32(id.Of))
	}
	return (first+int(partition))%id.Of == id.Index
}

// share gives the partitions of a reader, and how many there are for all.
func (c *config) share(topics kadm.TopicDetails, id stream.ReaderID) (mine []stream.Partition, all int) {
	for _, d := range topics.Sorted() {
		for _, n := range d.Partitions.Numbers() {
			all++
			if c.mine(d.Topic, n, id) {
				mine = append(mine, stream.Partition{Topic: d.Topic, ID: n})
			}
		}
	}
	return mine, all
}

// topicsOf lists the topics of some partitions.
func topicsOf(parts []stream.Partition) []string {
	var topics []string
	for _, p := range parts {
		topics = append(topics, p.Topic)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}
