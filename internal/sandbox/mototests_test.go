package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// moto's own tests run against the sandbox. A test counts if it calls the sandbox, and only operations that the sandbox has. Each of
// those passes, or is one of the named differences.
func TestMotosOwnTestsPass(t *testing.T) {
	t.Parallel()
	account := &motoAccount{asked: map[string][]Call{}}
	server := httptest.NewServer(account)
	t.Cleanup(server.Close)
	passed, named, skipped, unclaimed := 0, 0, 0, 0
	refused := map[string]bool{}
	for _, result := range require.MotoTests(t, server.URL) {
		name := strings.TrimPrefix(result.Test, "tests/test_iot/")
		difference := motoTestDifference(name, result.Reason)
		switch {
		case !claimed(account.asked[result.Test]):
			unclaimed++
		case result.Outcome == "skipped":
			skipped++
		case result.Outcome == "passed":
			passed++
		case difference == "":
			t.Errorf("%s: %s", name, result.Reason)
		default:
			named++
			refused[difference] = true
		}
	}
	for _, d := range motoTestDifferences {
		if !refused[d.name] {
			t.Errorf("no test of moto failed because of %q", d.name)
		}
	}
	if passed < 95 {
		t.Errorf("only %d tests passed", passed)
	}
	t.Logf("%d tests of claimed operations pass, %d differ for %d reasons, %d skip in moto's server mode; %d call something else",
		passed, named, len(motoTestDifferences), skipped, unclaimed)
}

// claimed reports whether a test called the sandbox, and only operations that it has.
func claimed(calls []Call) bool {
	return len(calls) > 0 && !slices.ContainsFunc(calls, func(c Call) bool { return c.Operation == unknownOperation.name })
}

// A motoAccount serves one sandbox for each region that a test uses, and notes the calls of each test.
type motoAccount struct {
	mu      sync.Mutex
	regions map[string]*Server
	test    string
	asked   map[string][]Call
}

func (a *motoAccount) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	switch request.URL.Path {
	case "/moto-api/test":
		name, _ := io.ReadAll(request.Body) // an unnamed test counts as none
		a.mu.Lock()
		defer a.mu.Unlock()
		a.test = string(name)
	case "/moto-api/reset":
		a.mu.Lock()
		defer a.mu.Unlock()
		a.regions = map[string]*Server{}
	default:
		a.region(request).ServeHTTP(w, request)
	}
}

// region returns the sandbox of the region that a request is signed for. Services that the sandbox lacks have none.
func (a *motoAccount) region(request *http.Request) http.Handler {
	a.mu.Lock()
	defer a.mu.Unlock()
	scope := strings.Split(request.Header.Get("Authorization"), "/")
	if len(scope) < 4 || !slices.Contains([]string{"iot", "sts", "servicequotas"}, scope[3]) {
		a.note(Call{Operation: unknownOperation.name})
		return http.NotFoundHandler()
	}
	if a.regions[scope[2]] == nil {
		s, err := New(Options{Region: scope[2], Log: func(c Call) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.note(c)
		}})
		if err != nil {
			panic(err)
		}
		a.regions[scope[2]] = s
	}
	return a.regions[scope[2]]
}

func (a *motoAccount) note(c Call) { a.asked[a.test] = append(a.asked[a.test], c) }
