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

// startLimit bounds the start of a server: moto is an import of a thousand Python modules, the others are Java.
const startLimit = 2 * time.Minute

// startServer starts cmd, waits until its log matches address, whose first group is the port on 127.0.0.1, and until it has
// answered an HTTP request for path with any status below 500. It ends with the test; whatever it logged last is shown when the
// test fails.
func startServer(t testing.TB, cmd *exec.Cmd, address *regexp.Regexp, path string) (url string, err error) {
	t.Helper()
	log := &serverLog{pattern: address, address: make(chan string, 1)}
	cmd.Dir = t.TempDir() // Python imports from its working directory first, and DynamoDB Local writes there
	cmd.Stdout, cmd.Stderr = log, log
	// Open as long as this process lives: a server that ends when its standard input does never outlives the test.
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed in the end: its exit status says nothing
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

// endLimit is how long a server may take to end after its standard input has ended.
const endLimit = 5 * time.Second

// answers asks until it is answered; some listen before they log their address, others after.
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

// serverLog keeps the end of what a server logs and announces its address once.
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
