package kafka

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/transforms/stream"
)

// news is what a look-up found.
type news struct {
	came map[stream.Partition]beginning // with where they start
	ids  map[string]kadm.TopicID        // of their topics
	gone string                         // a topic that was deleted
	ends map[stream.Partition]int64
	err  error // the reader is to fail
}

// beginning is where a partition starts; fresh: at its first message, because nothing is committed.
type beginning struct {
	next  int64
	fresh bool
}

// watcher looks topics and partitions up from time to time, beside the reader.
type watcher struct {
	r     *reader
	group group
	found chan news
	soon  chan struct{}
	end   context.CancelFunc
	ended chan struct{}

	known   map[stream.Partition]bool
	ids     map[string]kadm.TopicID // of every topic that was ever read
	missing map[string]time.Time    // since when
}

// watch starts a watcher that knows some partitions.
func watch(r *reader, parts []stream.Partition) *watcher {
	w := &watcher{r: r, group: r.group, found: make(chan news, 16), soon: make(chan struct{}, 1), ended: make(chan struct{}),
		known: map[stream.Partition]bool{}, ids: maps.Clone(r.group.ids), missing: map[string]time.Time{}}
	for _, p := range parts {
		w.known[p] = true
	}
	w.group.ids = w.ids
	ctx, cancel := context.WithCancel(r.ctx)
	w.end = cancel
	go w.run(ctx)
	return w
}

// nudge has the watcher look soon.
func (w *watcher) nudge() {
	select {
	case w.soon <- struct{}{}:
	default:
	}
}

func (w *watcher) stop() {
	w.end()
	<-w.ended
}

func (w *watcher) run(ctx context.Context) {
	defer close(w.ended)
	w.nudge()
	for {
		every := w.r.c.metadataAge
		if len(w.missing) > 0 {
			every = min(every, w.r.c.deletedAfter/4)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		case <-w.soon:
			pause(ctx, min(every, w.r.c.deletedAfter/4)) // many errors are one reason
		}
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			if passes(err) {
				w.r.t.Saw("looking for topics", err)
				continue
			}
			w.tell(ctx, news{err: w.r.c.explain(fault.Unreadable, "looking for topics", err)})
		}
	}
}

func (w *watcher) tell(ctx context.Context, n news) {
	select {
	case w.found <- n:
	case <-ctx.Done():
	}
}

// look looks once.
func (w *watcher) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.r.c.patience)
	defer cancel()
	topics, err := w.r.c.find(ctx, w.r.adm)
	if err != nil {
		return err
	}
	if err := w.deleted(ctx, topics); err != nil {
		return err
	}
	if err := w.came(ctx, topics); err != nil {
		return err
	}
	return w.ends(ctx)
}

// deleted finds topics that are not there any more, or not the same.
func (w *watcher) deleted(ctx context.Context, topics kadm.TopicDetails) error {
	for _, name := range slices.Sorted(maps.Keys(w.ids)) {
		d, ok := topics[name]
		if ok && d.Err == nil {
			if d.ID != w.ids[name] {
				return fault.New(fault.Changed, w.r.c.name, "the topic %s was deleted and created anew while it was read", name).
					WithHint("start again: its positions are those of the old one")
			}
			delete(w.missing, name)
			continue
		}
		if w.r.c.pattern && len(w.partsOf(name)) == 0 { // dealt with
			delete(w.missing, name)
			continue
		}
		since, missed := w.missing[name]
		if !missed {
			since = time.Now()
			w.missing[name] = since
		}
		if time.Since(since) < w.r.c.deletedAfter {
			continue
		}
		if !w.r.c.pattern {
			return fault.New(fault.NotFound, w.r.c.name, "the topic %s was deleted while it was read", name)
		}
		for _, p := range w.partsOf(name) {
			delete(w.known, p)
		}
		delete(w.missing, name)
		w.tell(ctx, news{gone: name})
	}
	return nil
}

func (w *watcher) partsOf(topic string) (parts []stream.Partition) {
	for p := range w.known {
		if p.Topic == topic {
			parts = append(parts, p)
		}
	}
	return parts
}

// came finds partitions that are new. They start at what is committed, else at their first message.
func (w *watcher) came(ctx context.Context, topics kadm.TopicDetails) error {
	mine, _ := w.r.c.share(topics, w.r.id)
	mine = slices.DeleteFunc(mine, func(p stream.Partition) bool { return w.known[p] })
	if len(mine) == 0 {
		return nil
	}
	n := news{came: map[stream.Partition]beginning{}, ids: map[string]kadm.TopicID{}}
	for _, name := range topicsOf(mine) {
		w.ids[name] = topics[name].ID
		n.ids[name] = topics[name].ID
	}
	at, err := w.group.committed(ctx, mine, true)
	if err != nil {
		return err
	}
	c := *w.r.c
	c.start = start{}
	first, err := c.starts(ctx, w.r.adm, w.r.t, topicsOf(mine))
	if err != nil {
		return err
	}
	for _, p := range mine {
		m, committed := at[p]
		next, ok := first[p]
		if committed {
			next = m.next
		} else if !ok {
			continue // next time
		}
		n.came[p] = beginning{next, !committed}
		w.known[p] = true
	}
	w.tell(ctx, n)
	return nil
}

// ends finds out how far the partitions are: of one that gives no messages, nothing else tells.
func (w *watcher) ends(ctx context.Context) error {
	parts := slices.Collect(maps.Keys(w.known))
	if len(parts) == 0 {
		return nil
	}
	all, err := w.r.adm.ListEndOffsets(ctx, topicsOf(parts)...)
	if err != nil {
		return err
	}
	n := news{ends: map[stream.Partition]int64{}}
	for _, p := range parts {
		if o, ok := all.Lookup(p.Topic, p.ID); ok && o.Err == nil && o.Offset >= 0 {
			n.ends[p] = o.Offset
		}
	}
	w.tell(ctx, n)
	return nil
}
