package stacktest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Account and Region are part of the ARNs of functions and queues.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// FunctionOptions configure which program a function runs, and how.
type FunctionOptions struct {
	// Name is the function's name, which is part of its ARN.
	Name string
	// Command is the bootstrap with its arguments, Handler the value of _HANDLER,
	// Env the rest of its environment. It inherits nothing.
	Command []string
	Handler string
	Env     []string
	// Timeout is the time from when a process takes an invocation until it is killed. If Grows is
	// set, it doubles with each invocation that reaches it: a slow machine needs more.
	Timeout time.Duration
	Grows   bool
	// Log receives both outputs of the processes.
	Log io.Writer
	// Kill decides for the event of each invocation, one at a time, whether its process is
	// killed, and how long after it took the invocation, 0 for before; nil never kills.
	Kill func(event []byte) (after time.Duration, kill bool)
}

// A Function runs as many processes as it has concurrent invocations. A process
// that has answered is kept for the next invocation, and frozen until then if the
// system supports that. All methods are safe for concurrent use.
type Function struct {
	options FunctionOptions
	dir     string

	mu      sync.Mutex
	timeout time.Duration
	idle    []*instance
	all     map[*instance]bool
	stats   Stats
}

// Stats counts a function's invocations by result.
type Stats struct {
	// Invocations is the sum of those that Succeeded, Failed (answered with an
	// error, or ended by themselves), TimedOut, and were Killed by the test.
	Invocations, Succeeded, Failed, TimedOut, Killed int
	// Starts is the number of started processes, Peak the maximum number that ran concurrently.
	Starts, Peak int
	// Billed is the time of all invocations, each rounded up to whole milliseconds.
	Billed time.Duration
	// Memory is the largest resident set of a process in bytes, measured between
	// two of its invocations or before it was killed; 0 if the system does not
	// report it.
	Memory int64
}

// NewFunction returns a function whose processes end with the test.
func NewFunction(t testing.TB, o FunctionOptions) *Function {
	t.Helper()
	if o.Kill == nil {
		o.Kill = func([]byte) (time.Duration, bool) { return 0, false }
	}
	f := &Function{options: o, dir: t.TempDir(), timeout: o.Timeout, all: map[*instance]bool{}}
	t.Cleanup(f.Stop)
	return f
}

// ARN returns the ARN of the function.
func (f *Function) ARN() string {
	return "arn:aws:lambda:" + Region + ":" + Account + ":function:" + f.options.Name
}

// Errors of an invocation without an answer, apart from [*FunctionError].
var (
	ErrTimedOut = errors.New("task timed out")
	ErrKilled   = errors.New("killed by the test")
	ErrExited   = errors.New("runtime exited without providing a reason")
)

// A FunctionError is an error that a function returned.
type FunctionError struct{ Body string }

// Error returns the answer.
func (e *FunctionError) Error() string { return "function error: " + e.Body }

// Invoke invokes the function once and waits for its answer. Without an answer the
// error wraps one of those above. As with Lambda, cancelling ctx does not end an
// invocation that has begun.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	call := invocation{id: uuid.NewString(), payload: payload, taken: make(chan time.Time, 1), arn: f.ARN()}
	i, err := f.take(&call)
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", f.options.Name, err)
	}
	begin := time.Now()
	body, err := i.invoke(call)
	f.count(time.Since(begin), i.memory(), err)
	if i.gone() {
		f.forget(i)
	} else {
		f.mu.Lock()
		f.idle = append(f.idle, i)
		f.mu.Unlock()
	}
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", f.options.Name, err)
	}
	return body, nil
}

// take returns an idle instance or starts one. It decides when the call ends.
func (f *Function) take(call *invocation) (i *instance, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	call.timeout = f.timeout
	call.after, call.kill = f.options.Kill(call.payload)
	if n := len(f.idle) - 1; n >= 0 {
		i, f.idle = f.idle[n], f.idle[:n]
		return i, nil
	}
	i, err = start(f.options, f.dir)
	if err == nil {
		f.all[i] = true
		f.stats.Starts++
		f.stats.Peak = max(f.stats.Peak, len(f.all))
	}
	return i, err
}

func (f *Function) count(took time.Duration, memory int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.Invocations++
	f.stats.Memory = max(f.stats.Memory, memory)
	f.stats.Billed += took.Truncate(time.Millisecond) + time.Millisecond
	switch {
	case err == nil:
		f.stats.Succeeded++
	case errors.Is(err, ErrTimedOut):
		f.stats.TimedOut++
		if f.options.Grows {
			f.timeout *= 2
		}
	case errors.Is(err, ErrKilled):
		f.stats.Killed++
	default:
		f.stats.Failed++
	}
}

func (f *Function) forget(i *instance) {
	i.end()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, i)
}

// Stats returns the statistics so far.
func (f *Function) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

// Stop ends all processes, even during an invocation. The next invocation starts a new one.
func (f *Function) Stop() {
	f.mu.Lock()
	f.idle = nil
	all := f.all
	f.all = map[*instance]bool{}
	f.mu.Unlock()
	for i := range all {
		f.forget(i)
	}
}
