package requiretest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// motoLimit bounds the start of moto, which is an import of a thousand Python modules.
const motoLimit = 2 * time.Minute

// motoScript starts moto with certificate IDs as AWS makes them, the SHA-256 of the DER; by default moto hashes the PEM text.
// It serves until its standard input closes, so that it ends with the test process, however that ends. Port 0 lets
// the system choose, and the log tells which.
//
//go:embed motoserver.py
var motoScript string

// MotoServer is a running moto: AWS APIs, IoT and STS among them, in the memory of a child process.
type MotoServer struct {
	// URL is the base address, such as http://127.0.0.1:41873, without a slash at its end. Any region and any static credentials
	// will do; the account is 123456789012.
	URL string
}

// Moto starts a moto of its own for the test and ends it with the test. Whatever moto logged is shown when the test
// fails. Without a Python that has moto 5.2.1 the test ends as Missing "moto".
func Moto(t testing.TB) *MotoServer {
	t.Helper()
	var tried []string
	for _, candidate := range pythons(t) {
		python, err := exec.LookPath(candidate)
		if err != nil {
			tried = append(tried, err.Error())
			continue
		}
		server, err := startMoto(t, python)
		if err == nil {
			return server
		}
		tried = append(tried, fmt.Sprintf("%s: %v", python, err))
	}
	Missing(t, "moto", strings.Join(tried, "; ")+"; `make venv` installs it")
	return nil
}

// startMoto runs moto and returns when it has answered once.
func startMoto(t testing.TB, python string) (*MotoServer, error) {
	log := &motoLog{address: make(chan string, 1)}
	life, kill := context.WithCancel(context.Background()) // longer than the test's own: cleanups of the test may still call moto
	cmd := exec.CommandContext(life, python, "-c", motoScript)
	cmd.Env = clean()
	cmd.Dir = t.TempDir() // Python imports from its working directory first
	cmd.Stdout, cmd.Stderr = log, log
	_, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		kill()
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // killed in the end: its exit status says nothing
		close(ended)
	}()
	end := func() {
		kill()
		<-ended
	}

	ctx, cancel := context.WithTimeout(context.Background(), motoLimit)
	defer cancel()
	select {
	case url := <-log.address:
		if err := answers(ctx, url); err != nil {
			end()
			return nil, err
		}
		t.Cleanup(func() {
			end()
			if t.Failed() {
				t.Logf("the end of moto's log:\n%s", log)
			}
		})
		return &MotoServer{URL: url}, nil
	case <-ended:
		kill()
		return nil, errors.New(lastLine([]byte(log.String())))
	case <-ctx.Done():
		end()
		return nil, fmt.Errorf("moto did not start within %v: %s", motoLimit, lastLine([]byte(log.String())))
	}
}

// answers asks once; moto listens before it logs its address, so the connection waits instead of being refused.
func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/moto-api/data.json", nil)
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
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("moto answers %s", resp.Status)
	}
	return nil
}

var motoAddress = regexp.MustCompile(`Running on (http://127\.0\.0\.1:\d+)\D`)

// motoLog keeps the end of what moto logs and announces its address once.
type motoLog struct {
	address chan string

	mu        sync.Mutex
	text      []byte
	announced bool
}

// motoLogLimit is enough for a few tracebacks.
const motoLogLimit = 32 << 10

func (l *motoLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if !l.announced {
		if m := motoAddress.FindSubmatch(l.text); m != nil {
			l.announced = true
			l.address <- string(m[1])
		}
	}
	if over := len(l.text) - motoLogLimit; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
	return len(p), nil
}

func (l *motoLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
