package flink

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/glulam/glulam/internal/services"
)

// client leaves no connection behind: a JobManager that was killed and started is another one.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// get asks the REST interface and decodes its answer.
func (c *Cluster) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.REST+path, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// slots are the slots of the TaskManagers that the JobManager knows, by their ids.
func (c *Cluster) slots(ctx context.Context) (map[string]int, error) {
	var all struct {
		TaskManagers []struct {
			ID    string
			Slots int `json:"slotsNumber"`
		}
	}
	if err := c.get(ctx, "/taskmanagers", &all); err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, t := range all.TaskManagers {
		out[t.ID] = t.Slots
	}
	return out, nil
}

// Ready waits, for a minute at the most, until the JobManager knows of the TaskManagers that run, with all their slots, and of no
// others: one that was killed it misses some seconds later.
func (c *Cluster) Ready(ctx context.Context) error {
	all, want := []*services.Process{c.job}, map[string]int{}
	for _, t := range c.tasks {
		if t.Running() {
			all = append(all, &t.Process)
			want[t.id] = c.o.Slots
		}
	}
	return services.Await(ctx, time.Minute, func() bool {
		got, err := c.slots(ctx)
		return err == nil && maps.Equal(got, want)
	}, all...)
}

// Metaspace is how much of it the TaskManagers use, in bytes, as of ten seconds ago or later. It is an error if one has not told yet.
func (c *Cluster) Metaspace(ctx context.Context) (sum int64, err error) {
	tasks, err := c.slots(ctx)
	if err != nil {
		return 0, err
	}
	for id := range tasks {
		var values []struct{ Value string }
		if err := c.get(ctx, "/taskmanagers/"+id+"/metrics?get=Status.JVM.Memory.Metaspace.Used", &values); err != nil {
			return 0, err
		}
		if len(values) != 1 {
			return 0, fmt.Errorf("%s has not told its metaspace", id)
		}
		n, err := strconv.ParseInt(values[0].Value, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
