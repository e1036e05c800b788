package demo

import (
	"context"
	"time"
)

// mostPublishing is how many events are sent and not stored yet at the most.
const mostPublishing = 2000

// Start begins to send events, the first at once. It is called once.
func (d *Demo) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	d.stop, d.began = cancel, time.Now()
	d.work.Go(func() { d.send(ctx) })
}

// Stop sends no more events, and waits until the server has all. It may be called again, and without Start.
func (d *Demo) Stop() {
	d.stop()
	d.work.Wait()
}

// send keeps to the rate as well as it can: what is due is sent, then it sleeps.
func (d *Demo) send(ctx context.Context) {
	defer d.flush()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	// Time in which sending had to wait does not count: it is not made up for by a flood.
	var n int64
	clock, last := time.Duration(0), time.Now()
	for {
		due := int64(clock.Seconds()*float64(d.o.Rate)) + 1
		held := false
		for ; n < due && ctx.Err() == nil; n++ {
			if held = d.ledger.open() >= MaxOpen || d.js.PublishAsyncPending() >= mostPublishing; held {
				break
			}
			if err := d.sendOne(n); err != nil {
				d.ledger.fail(broken(err))
				return
			}
		}
		d.held.Store(held)
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if !held {
				clock += max(0, now.Sub(last))
			}
			last = now
		}
	}
}

func (d *Demo) sendOne(n int64) error {
	e := d.event(n)
	d.ledger.sends(n, &e)
	_, err := d.js.PublishMsgAsync(e.msg)
	return err
}

// flush waits until the server has everything.
func (d *Demo) flush() {
	select {
	case <-d.js.PublishAsyncComplete():
	case <-time.After(10 * time.Second):
	}
}

// Held says whether sending waits because MaxOpen events are on their way, or the server is slow to take them.
func (d *Demo) Held() bool { return d.held.Load() }
