package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/glulam/glulam/runners"
)

// cluster is how a job stands that runs on a cluster, for the progress line.
type cluster struct {
	mu     sync.Mutex
	status runners.Status
	past   []clusterReading // of the recent time, oldest first
}

// clusterReading is how many rows there were at a time.
type clusterReading struct {
	at   time.Time
	rows int64
}

// take notes how the job stands.
func (c *cluster) take(s runners.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = s
	now := clusterReading{time.Now(), s.Counters["rows_read"]}
	if n := len(c.past); n > 0 && c.past[n-1].rows > now.rows { // started again
		c.past = nil
	}
	c.past = append(c.past, now)
	for len(c.past) > 2 && now.at.Sub(c.past[1].at) > recent {
		c.past = c.past[1:]
	}
}

// follow draws the progress of a job until done is called, if anybody watches.
func (c *cluster) follow(s *screen) (done func()) {
	return watch(s, func(_ time.Time, width int) string { return c.line(width) })
}

// line says how the job stands, in at most width columns.
func (c *cluster) line(width int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status.State == "" {
		return fit(width, "submitting")
	}
	n := c.status.Counters
	parts := []string{c.status.State, count(n["rows_read"]) + " rows"}
	if from, to := c.past[0], c.past[len(c.past)-1]; to.at.Sub(from.at) >= 2*time.Second {
		parts = append(parts, count(int64(float64(to.rows-from.rows)/to.at.Sub(from.at).Seconds()))+" rows/s")
	}
	if r := n["rows_rejected_by_read"] + n["rows_rejected_by_score"]; r > 0 {
		parts = append(parts, count(r)+" rejected")
	}
	if lag := n["lag"]; lag > 0 {
		parts = append(parts, count(lag)+" behind")
	}
	if k := c.status.Checkpoints; k.Last != nil {
		parts = append(parts, fmt.Sprintf("%s checkpoints, the last in %s", count(k.Completed), ms(float64(k.Last.Duration))))
	}
	if k := c.status.Checkpoints; k.Failed > 0 {
		parts = append(parts, count(k.Failed)+" failed")
	}
	if r := c.status.Restarts; r > 0 {
		parts = append(parts, count(r)+" restarts")
	}
	return fit(width, parts...)
}
