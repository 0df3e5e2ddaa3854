package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// Ways in which an HTTP answer tells where its body ends.
const (
	byLength = iota
	byChunks
	byClosing
	framings
)

// A fault is what happens to an answer on its way.
type fault struct {
	status int    // of an answer that replaces the sandbox's; 0 if none does
	code   string // of that answer, in its header
	after  bool   // the call takes effect all the same

	framing int
	at      int           // how many bytes of the body come in the first part
	pause   time.Duration // before the second part
	cut     bool          // the connection closes instead of the second part
}

const replacement = `{"message":"m"}`

// replacements are answers of every status, with and without a code, that end at every byte.
func replacements() (faults []fault) {
	for _, answer := range []struct {
		status int
		code   string
	}{
		{400, "InvalidRequestException"},
		{403, "AccessDeniedException"},
		{403, "InvalidSignatureException"},
		{404, "ResourceNotFoundException"},
		{409, "ResourceAlreadyExistsException"},
		{409, "VersionConflictException"},
		{410, "LimitExceededException"},
		{429, "ThrottlingException"},
		{500, "InternalFailureException"},
		{503, "ServiceUnavailableException"},
	} {
		for _, code := range []string{"", answer.code} {
			for framing := range framings {
				for at := range len(replacement) {
					for _, after := range []bool{false, true} {
						faults = append(faults, fault{status: answer.status, code: code, after: after, framing: framing, at: at, cut: true})
					}
				}
			}
		}
	}
	return faults
}

// everyByte applies f to the n-th answer of an operation at its n-th byte.
func everyByte(f fault) func(n, length int) fault {
	return func(n, length int) fault {
		f.framing, f.at = n%framings, n%max(length, 1)
		return f
	}
}

// A brokenLine is a connection to the sandbox on which every first attempt of a call gets a fault.
type brokenLine struct {
	sandbox http.RoundTripper

	replace []fault                   // instead of the first answers
	own     func(n, length int) fault // of the n-th answer of an operation, unless there is one to replace it

	mu       sync.Mutex
	answers  map[string]int // by operation
	attempts map[string]int // by call
	faults   int
}

// transport returns the client's end of the line.
func (l *brokenLine) transport(handler http.Handler) http.RoundTripper {
	l.sandbox, l.answers, l.attempts = sandbox.Transport(handler), map[string]int{}, map[string]int{}
	return &http.Transport{
		MaxIdleConnsPerHost: 1000,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go l.serve(server)
			return client, nil
		},
	}
}

func (l *brokenLine) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		if open := l.answer(conn, request, request.Method+request.RequestURI+string(body)); !open {
			return
		}
	}
}

// replacement returns nil if the answer is not replaced.
func (l *brokenLine) replacement(call string) *fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts[call]++
	if l.attempts[call]%2 == 0 || l.faults >= len(l.replace) {
		return nil
	}
	l.faults++
	return &l.replace[l.faults-1]
}

// faultOf returns what happens to an answer of the sandbox.
func (l *brokenLine) faultOf(call string, length int) fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.attempts[call]%2 == 0 || l.own == nil || length == 0 {
		return fault{at: length}
	}
	operation, _, _ := strings.Cut(call[1:], "/")
	l.answers[operation]++
	l.faults++
	return l.own(l.answers[operation], length)
}

// answer reports whether the connection stays open.
func (l *brokenLine) answer(conn net.Conn, request *http.Request, call string) (open bool) {
	var head bytes.Buffer
	header, body := http.Header{}, []byte(replacement)
	replaced := l.replacement(call)
	if replaced == nil || replaced.after {
		response, err := l.sandbox.RoundTrip(request)
		if err != nil {
			return false
		}
		if replaced == nil {
			fmt.Fprintf(&head, "HTTP/1.1 %d ?\r\n", response.StatusCode)
			header = response.Header
			if body, err = io.ReadAll(response.Body); err != nil {
				return false
			}
		}
	}
	var f fault
	if replaced != nil {
		f = *replaced
		fmt.Fprintf(&head, "HTTP/1.1 %d ?\r\n", f.status)
		if f.code != "" {
			header.Set("X-Amzn-ErrorType", f.code)
		}
	} else {
		f = l.faultOf(call, len(body))
	}
	chunk, end := func(p []byte) []byte { return p }, ""
	switch f.framing {
	case byLength:
		header.Set("Content-Length", strconv.Itoa(len(body)))
	case byChunks:
		header.Set("Transfer-Encoding", "chunked")
		chunk, end = func(p []byte) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n", len(p), p) }, "0\r\n\r\n"
	case byClosing:
		header.Set("Connection", "close")
	}
	_ = header.Write(&head) // a bytes.Buffer takes everything
	head.WriteString("\r\n")
	if !writeAll(conn, head.Bytes()) || f.at > 0 && !writeAll(conn, chunk(body[:f.at])) || f.cut {
		return false
	}
	time.Sleep(f.pause) // simulated
	if f.at < len(body) && !writeAll(conn, chunk(body[f.at:])) {
		return false
	}
	return writeAll(conn, []byte(end)) && f.framing != byClosing
}

func writeAll(conn net.Conn, part []byte) bool {
	_, err := conn.Write(part)
	return err == nil
}

// Proxies cut answers off, deliver them in pieces and stall. What an answer does not say must not
// stop the import, fail a device, or lose one.
func TestBrokenAnswersCostOnlyRetries(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		devices int
		line    *brokenLine
	}{
		"replaced": {len(replacements())/callsOfDevice + 1, &brokenLine{replace: replacements()}},
		"cut":      {300, &brokenLine{own: everyByte(fault{cut: true})}},
		"split":    {100, &brokenLine{own: everyByte(fault{pause: time.Second})}},
		"stalled":  {100, &brokenLine{own: everyByte(fault{pause: time.Minute})}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, line := test.devices, test.line
			content := espressifManifest(t, n, "broken")
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(time.Hour) // simulated; the last pauses end
				w := newWorld(t, sandbox.Options{}, line.transport)
				w.ledger = &memoryLedger{}
				sources := w.sources(content)
				first, id, err := w.run(sources, attempt{})
				if want := (ledger.Counts{Entries: n, Imported: n}); err != nil || first.Counts != want {
					t.Fatalf("%v: %+v, want %+v; %+v", err, first.Counts, want, first.Failures)
				}
				want := map[string]int{
					"RegisterCertificateWithoutCA": n, "CreateThing": n, "AttachThingPrincipal": n, "AttachPolicy": 2 * n, "UpdateThingGroupsForThing": n,
				}
				if diff := cmp.Diff(want, w.server.Created()); diff != "" {
					t.Errorf("calls that changed something: %s", diff)
				}
				if line.faults < len(line.replace) || line.faults < n {
					t.Errorf("only %d faults happened", line.faults)
				}
				// A lost answer to a registration is made good by looking at the certificate.
				for _, r := range w.records(id) {
					if line.own != nil && (len(r.Steps) == 0 || !r.Steps[0].Created) {
						t.Fatalf("entry %d does not own its certificate: %+v", r.Entry, r.Steps)
					}
				}
				if calls := first.Retries; name == "split" && calls > 0 {
					t.Errorf("%d retries of answers that arrived", calls)
				}
				second, _, err := w.run(sources, attempt{})
				if want := (ledger.Counts{Entries: n, Unchanged: n}); err != nil || second.Counts != want {
					t.Errorf("again: %v: %+v, want %+v; %+v", err, second.Counts, want, second.Failures)
				}
				t.Logf("%d faults, %d and %d retries", line.faults, first.Retries, second.Retries)
			})
		})
	}
}

// callsOfDevice is how many calls a new device takes.
const callsOfDevice = 6
