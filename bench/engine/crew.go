package main

// crew are threads that share the rows of a batch evenly. It belongs to one goroutine.
type crew struct {
	threads int
	work    func(worker, from, to, at int)
	spans   []chan [3]int // of the workers but the first, which is the caller
	done    chan struct{}
}

// newCrew starts a crew. work scores the rows from..to-1, which are those from at on of the batch.
func newCrew(threads int, work func(worker, from, to, at int)) *crew {
	c := &crew{threads: threads, work: work, done: make(chan struct{}, threads)}
	for w := 1; w < threads; w++ {
		spans := make(chan [3]int)
		c.spans = append(c.spans, spans)
		go func() {
			for s := range spans {
				work(w, s[0], s[1], s[2])
				c.done <- struct{}{}
			}
		}()
	}
	return c
}

// score has a batch scored, and returns when it is.
func (c *crew) score(first, batch int) {
	// The caller works, too, after it has given the others theirs.
	for w := c.threads - 1; w >= 0; w-- {
		from, to, at := c.share(w, first, batch)
		if w == 0 {
			c.work(0, from, to, at)
		} else {
			c.spans[w-1] <- [3]int{from, to, at}
		}
	}
	for range c.threads - 1 {
		<-c.done
	}
}

// share is what a worker gets of a batch: the rows from..to-1, which are those from at on of the batch.
func (c *crew) share(worker, first, batch int) (from, to, at int) {
	each := (batch + c.threads - 1) / c.threads
	at = min(batch, worker*each)
	return first + at, first + min(batch, (worker+1)*each), at
}

// end ends the threads.
func (c *crew) end() {
	for _, s := range c.spans {
		close(s)
	}
}
