package runners

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
)

// QuietBeam wraps a handler so that what Beam's packages log counts as debugging, whatever level they gave it: a failed
// bundle's error, with the whole graph in it, is the error of [Run] already.
func QuietBeam(h slog.Handler) slog.Handler { return quiet{h} }

type quiet struct{ slog.Handler }

// Enabled lets everything through: only the record says who logged it.
func (q quiet) Enabled(context.Context, slog.Level) bool { return true }

// Handle passes on what the wrapped handler is enabled for.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	if fromBeam(r.PC) {
		r.Level = slog.LevelDebug
	}
	if !q.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func fromBeam(pc uintptr) bool {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return strings.HasPrefix(f.Function, "github.com/apache/beam/")
}

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
