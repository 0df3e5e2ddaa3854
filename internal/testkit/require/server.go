package require

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"
)

// startLimit bounds the start of a server: moto imports a thousand Python modules,
// the others are Java.
const startLimit = 2 * time.Minute

// startServer starts cmd. It waits until the log matches address, whose first
// group is the port on 127.0.0.1, and until a request for path is answered with a
// status below 500. The server ends with the test. If the test fails, startServer
// shows the end of the log.
func startServer(t testing.TB, cmd *exec.Cmd, address *regexp.Regexp, path string) (url string, err error) {
	t.Helper()
	log := &serverLog{pattern: address, address: make(chan string, 1)}
	cmd.Dir = t.TempDir() // Python imports from its working directory first, and DynamoDB Local writes there
	cmd.Stdout, cmd.Stderr = log, log
	// It stays open as long as this process lives. A server that ends with its
	// standard input cannot outlive the test.
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed at the end, so its exit status means nothing
		close(ended)
	}()
	end := func() {
		_ = stdin.Close() // a shell in between kills what it started
		select {
		case <-ended:
		case <-time.After(endLimit):
			_ = cmd.Process.Kill()
			<-ended
		}
	}

	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	select {
	case port := <-log.address:
		url = "http://127.0.0.1:" + port
		if err := answers(ctx, url+path, ended); err != nil {
			end()
			return "", fmt.Errorf("%w: %s", err, lastLine([]byte(log.String())))
		}
	case <-ended:
		return "", errors.New(lastLine([]byte(log.String())))
	case <-ctx.Done():
		end()
		return "", fmt.Errorf("did not start within %v: %s", startLimit, lastLine([]byte(log.String())))
	}
	t.Cleanup(func() {
		end()
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", cmd.Path, log)
		}
	})
	return url, nil
}

// endLimit is how long a server may take to end after its standard input was closed.
const endLimit = 5 * time.Second

// answers retries a request until it is answered. Some servers listen before they
// log their address, others after.
func answers(ctx context.Context, url string, ended <-chan struct{}) error {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ended:
			return fmt.Errorf("ended before it answered: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("does not answer within %v: %w", startLimit, err)
		}
	}
}

func ask(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("answers %s", resp.Status)
	}
	return nil
}

// serverLog keeps the end of a server's log and reports its address once.
type serverLog struct {
	pattern *regexp.Regexp
	address chan string

	mu        sync.Mutex
	text      []byte
	announced bool
}

// serverLogLimit is enough for a few tracebacks.
const serverLogLimit = 32 << 10

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if !l.announced {
		if m := l.pattern.FindSubmatch(l.text); m != nil {
			l.announced = true
			l.address <- string(m[1])
		}
	}
	if over := len(l.text) - serverLogLimit; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
	return len(p), nil
}

func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
