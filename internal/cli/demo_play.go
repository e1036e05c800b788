package cli

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/internal/demo"
	"github.com/glulam/glulam/pipelines"
	"github.com/glulam/glulam/transforms/score"
)

// phase is how far a demo is.
type phase int

const (
	starting  phase = iota // the pipeline is not reading yet
	playing                // events are sent
	emptying               // no more are sent; some are on their way
	finishing              // the pipeline commits and ends
)

// How long the demo waits at its end for something to come out, and for an offered model to be decided on.
const (
	patience    = 15 * time.Second
	deciding    = 10 * time.Second
	demoTick    = 50 * time.Millisecond
	demoRedraw  = 4  // ticks
	demoPlainly = 20 // ticks
)

// play is a demo that is played: one goroutine, which draws, reads keys and leads from one phase to the next.
type play struct {
	c     *demoCmd
	e     *env
	d     *demo.Demo
	job   *pipelines.StreamJob
	stage *stage // nil: plain lines
	ended chan error

	signals chan os.Signal
	stops   int // how often somebody asked for the end

	phase    phase
	began    time.Time     // of the sending
	over     time.Time     // the end of the pipeline
	swapped  bool          // --swap-after is done
	stopped  chan struct{} // closed when nothing more will be sent
	progress time.Time     // when something came out last, while emptying
	open     int64         // events that were on their way then
	failure  error
	lastWord string
	recent   recentPast
	said     score.Refreshing // of plain lines
}

// demoSignals are those that end a demo, from now on until stop is called. What comes while nobody reads is kept.
func demoSignals() (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}

func newPlay(c *demoCmd, e *env, d *demo.Demo, job *pipelines.StreamJob, signals chan os.Signal) *play {
	p := &play{c: c, e: e, d: d, job: job, ended: make(chan error, 1), stopped: make(chan struct{}), signals: signals}
	if p.stage = newStage(e, c.JSON); p.stage != nil {
		c.logTo(p.stage)
	}
	return p
}

// close gives the terminal back. It may be called again.
func (p *play) close() {
	if p.stage != nil {
		p.stage.close()
		p.c.logTo(p.e.screen)
	}
}

// took is the time from the first event to the pipeline's end, or to now.
func (p *play) took() time.Duration {
	switch {
	case p.began.IsZero():
		return 0
	case p.over.IsZero():
		return time.Since(p.began)
	}
	return p.over.Sub(p.began)
}

// run plays until the pipeline has ended. The error is that of the pipeline or of the demo's own parts.
func (p *play) run() error {
	tick := time.NewTicker(demoTick)
	defer tick.Stop()
	var keys <-chan byte
	if p.stage != nil {
		keys = p.stage.keys
	}
	for n := 0; ; n++ {
		select {
		case err := <-p.ended:
			p.over = time.Now()
			p.d.Stop()
			if err == nil && p.phase != finishing {
				err = fault.New(fault.Internal, "", "the pipeline ended by itself")
			}
			p.show(n, true)
			return errors.Join(p.failure, err)
		case <-p.signals:
			p.stop()
			n--
			continue
		case key := <-keys:
			p.key(key)
			n--
			continue
		case now := <-tick.C:
			p.lead(now)
		}
		p.show(n, false)
	}
}

// key does what a key is for.
func (p *play) key(key byte) {
	switch {
	case key == 'q' || key == 'Q' || key == 3: // Ctrl-C
		p.stop()
	case p.phase != playing: // there is nobody to swap models, or not for long
	case key == 's' || key == 'S':
		p.swap()
	case key == 'b' || key == 'B':
		p.spoil()
	}
}

// stop ends the demo at the first call, and the process at the second.
func (p *play) stop() {
	if p.stops++; p.stops == 1 {
		return
	}
	if p.stage != nil {
		p.stage.close()
	}
	p.e.screen.clear()
	_ = p.d.Remove() // what stays is in the temporary folder, and the process ends in any case
	os.Exit(exitFailed)
}

func (p *play) swap() {
	file, err := p.d.Swap()
	p.offered("offered "+file, err)
}

func (p *play) spoil() {
	p.offered("offered a corrupt model", p.d.Spoil())
}

func (p *play) offered(word string, err error) {
	if err != nil {
		word = err.Error()
	}
	p.lastWord = word
}

// lead goes from phase to phase.
func (p *play) lead(now time.Time) {
	if err := p.d.Failed(); err != nil && p.failure == nil {
		p.failure = err
		p.stops = max(p.stops, 1)
	}
	switch p.phase {
	case starting:
		if p.stops > 0 {
			p.drain()
		} else if p.reading() {
			p.phase, p.began = playing, now
			p.recent.add(pastMoment{at: now})
			p.d.Start()
		}
	case playing:
		since := now.Sub(p.began)
		if after := time.Duration(p.c.SwapAfter); after > 0 && since >= after && !p.swapped {
			p.swapped = true
			p.swap()
		}
		if p.stops > 0 || p.enough(since) {
			p.phase, p.progress, p.open = emptying, now, 0
			go func() {
				p.d.Stop()
				close(p.stopped)
			}()
		}
	case emptying:
		open := p.d.Counts().Open
		if open != p.open {
			p.open, p.progress = open, now
		}
		if open == 0 && p.allSent() || now.Sub(p.progress) > patience || p.failure != nil {
			p.drain()
		}
	}
}

// enough says whether --for has passed. A model that was offered before is waited for, so that what came of it is known.
func (p *play) enough(since time.Duration) bool {
	end := time.Duration(p.c.For)
	return end > 0 && since >= end && (p.d.Decided() || since >= end+deciding)
}

// drain ends the pipeline in good order.
func (p *play) drain() {
	p.phase = finishing
	p.job.Drain()
}

// allSent says whether nothing more will be sent.
func (p *play) allSent() bool {
	select {
	case <-p.stopped:
		return true
	default:
		return false
	}
}

// reading says whether the pipeline has its source and sinks open.
func (p *play) reading() bool {
	for _, r := range p.job.Stats().Readers() {
		if r.Open {
			return true
		}
	}
	return false
}
