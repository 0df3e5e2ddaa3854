//go:build unix

package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// childState is an environment variable with the path of a state, and childRoom one with the size
// that the file may reach.
const (
	childState = "THINGPRESS_TEST_SANDBOX"
	childRoom  = "THINGPRESS_TEST_SANDBOX_ROOM"
)

// serveChild serves a sandbox until the process is killed, and prints the address.
func serveChild(t *testing.T) {
	t.Helper()
	var room uint64
	if _, err := fmt.Sscan(os.Getenv(childRoom), &room); err == nil {
		limit := syscall.Rlimit{Cur: room, Max: room}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	address := listenAt(t, open(t, Options{StatePath: os.Getenv(childState)}), "127.0.0.1:0")
	fmt.Println("serving", address)
	<-make(chan struct{})
}

// startChild starts a process that serves the sandbox with a state, and returns its address. Kill
// ends it like kill -9.
func startChild(t *testing.T, path string, environment ...string) (address string, kill func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	child := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestAcknowledgedCallsOutliveAKill$")
	child.Env = append(append(os.Environ(), childState+"="+path), environment...)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		cancel()
		if child.Wait() == nil {
			t.Error("the child ended before it was killed")
		}
	})
	t.Cleanup(kill)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if after, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
			return after, kill
		}
	}
	t.Fatal("the child does not serve")
	return "", nil
}

// createThingAt creates a thing with an attribute of a length, and returns the status of the
// answer. It is 0 if there was none.
func createThingAt(t *testing.T, address, name string, length int) int {
	t.Helper()
	body := fmt.Sprintf(`{"attributePayload":{"attributes":{"a":%q}}}`, strings.Repeat("x", length))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/things/"+name, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, response.Body) // the status counts
	_ = response.Body.Close()
	return response.StatusCode
}

// thingsIn returns the status with which the creation of each thing in a state was answered.
func thingsIn(t *testing.T, path string) map[string]int {
	t.Helper()
	things := map[string]int{}
	for name := range open(t, Options{StatePath: path}).State().Things {
		things[name] = http.StatusOK
	}
	return things
}

// A process that is killed cannot clean up. What it answered must be in the file.
func TestAcknowledgedCallsOutliveAKill(t *testing.T) {
	if os.Getenv(childState) != "" {
		serveChild(t)
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	address, kill := startChild(t, path)
	const callers, calls = 4, 400
	answered := make(chan string, callers)
	for i := range callers {
		go func() {
			defer func() { answered <- "" }()
			for n := 0; ; n++ {
				name := fmt.Sprint("caller", i, "-", n)
				if status := createThingAt(t, address, name, n%50); status != http.StatusOK {
					if status != 0 {
						t.Errorf("%s: status %d", name, status)
					}
					return // it was killed
				}
				answered <- name
			}
		}()
	}
	want := map[string]int{}
	for ended := 0; ended < callers; {
		if name := <-answered; name != "" {
			want[name] = http.StatusOK
		} else {
			ended++
		}
		if len(want) == calls {
			kill() // in the middle of other calls
		}
	}
	if len(want) < calls {
		t.Fatalf("%d calls were answered", len(want))
	}
	got := thingsIn(t, path)
	for name, status := range want {
		if status != http.StatusOK || got[name] != status {
			t.Errorf("%s was answered with %d and is lost", name, status)
		}
	}
	if unanswered := len(got) - len(want); unanswered > callers {
		t.Errorf("%d things of calls that were not answered", unanswered)
	}
}

// On a full disk the system writes part of a record. Later records must not follow it, and calls
// that were refused must not come back.
func TestFullDiskLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	address, kill := startChild(t, path, childRoom+"=20500")
	want, failed := map[string]int{}, 0
	before := 0 // calls that succeeded before the first one failed
	for i := 0; failed < 10; i++ {
		name, length := fmt.Sprint("t", i), 800
		if failed > 0 && i%2 == 0 {
			length = 1 // a short record still fits where a long one did not
		}
		switch status := createThingAt(t, address, name, length); status {
		case http.StatusOK:
			want[name] = status
		case http.StatusInternalServerError:
			if failed++; failed == 1 {
				before = len(want)
			}
		default:
			t.Fatalf("%s: status %d, want 200 or 500", name, status)
		}
	}
	kill()
	if before < 10 || len(want) == before {
		t.Fatalf("%d calls succeeded before the disk was full, and %d in all", before, len(want))
	}
	if diff := cmp.Diff(want, thingsIn(t, path)); diff != "" {
		t.Errorf("(-answered +kept):\n%s", diff)
	}
}
