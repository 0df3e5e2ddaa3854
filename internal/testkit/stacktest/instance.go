package stacktest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"
)

// An instance is one process of a function, with its own Runtime API. It handles
// one invocation at a time.
type instance struct {
	cmd    *exec.Cmd
	server *http.Server
	api    *runtimeAPI
	exited chan struct{} // closed when the process has ended
	ending sync.Once

	mu   sync.Mutex
	peak int64
}

// start starts a process. It returns before the process asks for an invocation.
func start(o FunctionOptions, dir string) (*instance, error) {
	tmp, err := os.MkdirTemp(dir, "tmp") // its own /tmp, as each instance of Lambda has
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // as long as the process lives
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(o.Command[0], o.Command[1:]...) //nolint:noctx // it lives from invocation to invocation; the test names it
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "_HANDLER=" + o.Handler, "AWS_LAMBDA_FUNCTION_NAME=" + o.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_REGION=" + Region, "AWS_DEFAULT_REGION=" + Region, "TMPDIR=" + tmp,
		"LAMBDA_TASK_ROOT=" + dir, "PATH=/usr/local/bin:/usr/bin:/bin", "TZ=:UTC",
	}, o.Env...)
	log := &lines{out: o.Log}
	cmd.Stdout, cmd.Stderr = log, log // the same writer, so one goroutine copies
	cmd.Dir = dir
	diesWithParent(cmd)
	i := &instance{cmd: cmd, exited: make(chan struct{})}
	i.api = newRuntimeAPI(func(idle bool) {
		freeze(cmd.Process, idle)
		if idle {
			i.measure()
		}
	})
	i.server = &http.Server{Handler: i.api} //nolint:gosec // its only client is the process, which may be slow or frozen
	if err := cmd.Start(); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("start %s: %w", o.Command[0], err)
	}
	go func() { _ = i.server.Serve(listener) }() // ends with the instance
	go func() {
		_ = cmd.Wait() // its answers show how it ended
		log.end()
		close(i.exited)
	}()
	return i, nil
}

// invoke passes one invocation to the process. It returns when the process has
// answered and asks for the next one, or when there will be no answer.
func (i *instance) invoke(call invocation) ([]byte, error) {
	if call.kill && call.after == 0 {
		i.end()
		return nil, ErrKilled
	}
	select {
	case i.api.calls <- call:
	case failure := <-i.api.initFailed:
		i.end()
		return nil, &FunctionError{failure}
	case <-i.exited:
		return nil, ErrExited
	}
	limit, cause := time.Until(<-call.taken), ErrTimedOut
	if call.kill && call.after < call.timeout {
		limit, cause = call.after, ErrKilled
	}
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	var result answer
	answers, idle := i.api.answers, (chan struct{})(nil)
	for {
		select {
		case result = <-answers:
			answers, idle = nil, i.api.idle // the invocation continues until the process asks for another one
		case <-idle:
			return result.body, result.err
		case <-i.exited:
			return i.last(result, answers, ErrExited)
		case <-deadline.C:
			i.end()
			return i.last(result, answers, cause)
		}
	}
}

// last returns the answer of a process that has ended: the result if answers is nil, one that was not
// taken yet, or none.
func (i *instance) last(result answer, answers <-chan answer, none error) ([]byte, error) {
	if answers != nil {
		select {
		case result = <-answers:
		default:
			return nil, none
		}
	}
	return result.body, result.err
}

// end kills the process and waits for its end.
func (i *instance) end() {
	i.ending.Do(func() {
		i.measure()
		_ = i.cmd.Process.Kill() // it may have ended by itself
		_ = i.server.Close()
	})
	<-i.exited
}

func (i *instance) gone() bool {
	select {
	case <-i.exited:
		return true
	default:
		return false
	}
}

func (i *instance) measure() {
	memory := peakMemory(i.cmd.Process)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.peak = max(i.peak, memory)
}

// memory returns the peak resident set in bytes, as far as it was measured.
func (i *instance) memory() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.peak
}

var errTooLarge = errors.New("response payload size exceeded maximum allowed payload size (6291556 bytes)")
