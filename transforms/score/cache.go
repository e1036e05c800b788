package score

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/model"
)

// models is the cache of the process: DoFn instances come and go with bundles and Teardown is never called, so a model
// that was loaded stays.
var models struct {
	mu    sync.Mutex
	byKey map[string]*cached
	loads atomic.Int64
}

type cached struct {
	ready chan struct{} // closed when model and err are set
	model *model.Model
	stamp model.Stamp // of the files before they were read
	err   error
	// uncounted is 1 until somebody with a metrics context has counted this load.
	uncounted atomic.Int64
}

// Loads is how often a model was loaded in this process.
func Loads() int64 { return models.loads.Load() }

func key(o *Options, digest string) string {
	return fmt.Sprintf("%q %q %q %q %q %t", o.Model, digest, o.Engine, o.Features, o.Trees, o.Raw)
}

// Load reads the model of these options from its file and keeps it in the cache of the process, where a Score with
// Options.Digest set to the model's finds it: whoever has to look at a model before building a pipeline does not make the
// workers of the same process load it again.
func Load(ctx context.Context, o Options) (*model.Model, error) {
	c := &cached{ready: make(chan struct{})}
	var err error
	if c.model, c.stamp, err = open(ctx, &o); err != nil {
		return nil, err
	}
	m := c.model
	c.uncounted.Store(1)
	close(c.ready)
	models.mu.Lock()
	defer models.mu.Unlock()
	if models.byKey == nil {
		models.byKey = map[string]*cached{}
	}
	models.byKey[key(&o, m.Digest())] = c
	return m, nil
}

// load gives the model of these options, loading it if nobody has. Concurrent calls wait for one load; one that fails is
// forgotten, so that a retried bundle tries again.
func load(ctx context.Context, o *Options) (*cached, error) {
	key := key(o, o.Digest)
	models.mu.Lock()
	c, ok := models.byKey[key]
	if !ok {
		c = &cached{ready: make(chan struct{}), err: fault.New(fault.Internal, o.Model, "loading the model did not end")}
		if models.byKey == nil {
			models.byKey = map[string]*cached{}
		}
		models.byKey[key] = c
		models.mu.Unlock()
		func() {
			defer close(c.ready) // whatever happens: others wait for it
			c.model, c.stamp, c.err = open(context.WithoutCancel(ctx), o)
			c.uncounted.Store(1)
		}()
		if c.err != nil || o.Digest != "" && c.model.Digest() != o.Digest { // the latter with Refresh only: its slot keeps the model
			models.mu.Lock()
			delete(models.byKey, key)
			models.mu.Unlock()
		}
	} else {
		models.mu.Unlock()
	}
	select {
	case <-c.ready:
		return c, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func open(ctx context.Context, o *Options) (*model.Model, model.Stamp, error) {
	stamp, _ := model.Look(o.Model) // what is wrong with it, loading says better
	m, err := model.Load(ctx, o.Model, o.loading())
	if err != nil {
		return nil, stamp, err
	}
	if o.Digest != "" && m.Digest() != o.Digest && o.Refresh == 0 {
		return nil, stamp, fault.New(fault.Changed, o.Model, "the model file is %.19s..., the run was started with %.19s...", m.Digest(), o.Digest).
			WithHint("start the run again, or put the file back")
	}
	models.loads.Add(1)
	return m, stamp, nil
}

func (o *Options) loading() model.Options {
	return model.Options{Engine: o.Engine, Features: o.Features, Trees: o.Trees, Raw: o.Raw}
}
