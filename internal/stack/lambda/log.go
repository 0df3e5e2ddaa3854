package lambda

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// rename gives the fields the names in Lambda's own JSON logs, so that one query of
// CloudWatch Logs finds both.
func rename(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 {
		switch a.Key {
		case slog.TimeKey:
			a.Key = "timestamp"
		case slog.MessageKey:
			a.Key = "message"
		}
	}
	return a
}

// requests adds the ID of the invocation to each line.
type requests struct{ slog.Handler }

// Handle implements [slog.Handler].
func (r *requests) Handle(ctx context.Context, record slog.Record) error {
	if call, ok := lambdacontext.FromContext(ctx); ok {
		record.AddAttrs(slog.String("requestId", call.AwsRequestID))
	}
	return r.Handler.Handle(ctx, record)
}

// WithAttrs implements [slog.Handler].
func (r *requests) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &requests{r.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (r *requests) WithGroup(name string) slog.Handler { return &requests{r.Handler.WithGroup(name)} }

// lines keeps the lines of log and metrics apart. Each line is one call of Write.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}
