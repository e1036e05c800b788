package parquetdir

import (
	"context"
	"sync"
)

// worker does things one after another beside the reader, which goes on scoring: parts of large windows take seconds.
type worker struct {
	ctx  context.Context
	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	cond  *sync.Cond
	queue []task
	busy  bool
	bytes int64 // of spools in the queue
	err   error // the first one; nothing is done after it
	ended bool
}

type task struct {
	do    func(context.Context) error
	bytes int64
}

func newWorker() *worker {
	w := &worker{done: make(chan struct{})}
	w.cond = sync.NewCond(&w.mu)
	w.ctx, w.stop = context.WithCancel(context.Background())
	go w.run()
	return w
}

func (w *worker) run() {
	defer close(w.done)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.queue) == 0 && !w.ended {
			w.cond.Wait()
		}
		if w.ended {
			return
		}
		t := w.queue[0]
		w.queue = w.queue[1:]
		w.busy = true
		w.mu.Unlock()
		err := t.do(w.ctx)
		w.mu.Lock()
		w.busy = false
		w.bytes -= t.bytes
		if err != nil && !w.ended {
			w.err, w.queue, w.bytes = err, nil, 0
		}
		w.cond.Broadcast()
	}
}

// add gives the worker something to do, about so many bytes of spools. It waits while the worker has much more than most bytes
// to do.
func (w *worker) add(bytes, most int64, do func(context.Context) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && w.bytes > most {
		w.cond.Wait()
	}
	if w.err != nil {
		return w.err
	}
	w.queue = append(w.queue, task{do, bytes})
	w.bytes += bytes
	w.cond.Broadcast()
	return nil
}

// failed gives the error that the worker stopped with.
func (w *worker) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// wait waits until everything is done.
func (w *worker) wait() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.err == nil && (len(w.queue) > 0 || w.busy) {
		w.cond.Wait()
	}
	return w.err
}

// close ends the worker where it is. What was not done is found by the next process.
func (w *worker) close() {
	w.mu.Lock()
	w.ended = true // first, so that nothing follows what is cut off
	w.cond.Broadcast()
	w.mu.Unlock()
	w.stop()
	<-w.done
}
