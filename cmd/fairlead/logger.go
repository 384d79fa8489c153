package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
)

// newLogger writes logs as json or text.
func newLogger(w io.Writer, format string) logr.Logger {
	var handler slog.Handler = slog.NewJSONHandler(w, nil)
	if format == "text" {
		handler = slog.NewTextHandler(w, nil)
	}
	return logr.FromSlogHandler(calm{handler})
}

// calm leaves out what controller-runtime logs as an error at every clean stop
// of a leader: that it gave its lease back.
type calm struct{ slog.Handler }

// Handle implements slog.Handler.
func (c calm) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "error received after stop sequence was engaged" && says(r, "leader election lost") {
		return nil
	}
	return c.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (c calm) WithAttrs(attrs []slog.Attr) slog.Handler { return calm{c.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (c calm) WithGroup(name string) slog.Handler { return calm{c.Handler.WithGroup(name)} }

func says(r slog.Record, text string) (found bool) {
	r.Attrs(func(a slog.Attr) bool {
		found = found || a.Value.String() == text
		return !found
	})
	return found
}
