package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// callUnder makes calls under faults and returns the outcome of each.
func callUnder(t *testing.T, f Faults, n int) (outcomes []string, log []Call) {
	t.Helper()
	s := open(t, Options{Faults: f, Log: func(c Call) { log = append(log, c) }})
	transport := Transport(s)
	for i := range n {
		start := time.Now()
		code := bare(t, transport, http.MethodPost, fmt.Sprint("/things/t", i), "{}")
		took := false
		s.backend.store.View(func(st *registry.State) { took = found(fmt.Sprint("t", i), st.DescribeThing) })
		outcomes = append(outcomes, fmt.Sprintf("%s after %s, effect %v", code, time.Since(start), took))
	}
	return outcomes, log
}

func TestFaultsComeInTheSharesAskedForAndSeedsRepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := Faults{Throttle: 0.10, Error: 0.20, Drop: 0.10, Stall: 0.10, Seed: 7}
		const n = 4000
		outcomes, log := callUnder(t, f, n)
		counts := map[string]int{}
		for _, o := range outcomes {
			counts[o]++
		}
		// Calls that are throttled or answered with 503 never take effect. Those with 500,
		// drops and stalls do in half of the cases. Stalls take three seconds and then end like
		// an error or a drop.
		want := map[string]float64{
			" after 0s, effect true":                             0.5,
			"ThrottlingException after 0s, effect false":         0.10,
			"ServiceUnavailableException after 0s, effect false": 0.10,
			"InternalFailureException after 0s, effect false":    0.05,
			"InternalFailureException after 0s, effect true":     0.05,
			"dropped after 0s, effect false":                     0.05,
			"dropped after 0s, effect true":                      0.05,
			"dropped after 3s, effect false":                     0.025,
			"dropped after 3s, effect true":                      0.025,
			"ServiceUnavailableException after 3s, effect false": 0.025,
			"ServiceUnavailableException after 3s, effect true":  0.025,
		}
		for outcome, share := range want {
			if got := float64(counts[outcome]) / n; got < share*0.7 || got > share*1.3 {
				t.Errorf("%q: share %.4f, want %.4f", outcome, got, share)
			}
			delete(counts, outcome)
		}
		if len(counts) > 0 {
			t.Errorf("unexpected outcomes: %v", counts)
		}
		for i, entry := range log {
			dropped := strings.HasPrefix(outcomes[i], "dropped")
			if entry.Operation != "CreateThing" || entry.Key == "" && entry.Done || entry.Done != strings.HasSuffix(outcomes[i], "true") ||
				dropped != (entry.Status == 0) {
				t.Fatalf("log %+v of %q", entry, outcomes[i])
			}
		}
		again, _ := callUnder(t, f, n)
		if !slices.Equal(outcomes, again) {
			t.Error("the same seed gave different faults")
		}
		f.Seed = 8
		if other, _ := callUnder(t, f, n); slices.Equal(outcomes, other) {
			t.Error("another seed gave the same faults")
		}
	})
}

func TestFaultsOfOneOperationDoNotDependOnAnother(t *testing.T) {
	t.Parallel()
	f := faults{}
	f.set(Faults{Error: 0.5})
	var alone, among []fault
	for range 100 {
		alone = append(alone, f.next("A"))
	}
	f.set(Faults{Error: 0.5})
	for range 100 {
		f.next("B")
		among = append(among, f.next("A"))
	}
	if !slices.Equal(alone, among) {
		t.Error("calls of another operation changed the faults")
	}
}

// Over a socket the connection of a dropped call is closed without an answer.
func TestDropClosesTheConnection(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Faults: Faults{Drop: 1}})
	_, err := dial(t, s).DescribeEndpoint(t.Context(), &iot.DescribeEndpointInput{})
	if err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("%v, want the end of the connection", err)
	}
	s.SetFaults(Faults{})
	if _, err := dial(t, s).DescribeEndpoint(t.Context(), &iot.DescribeEndpointInput{}); err != nil {
		t.Error(err)
	}
}

func TestPanicOfAHandlerIsNotTakenForADrop(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := recover(); p != "boom" {
			t.Errorf("recovered %v, want boom", p)
		}
	}()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x.invalid/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := Transport(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })).RoundTrip(request)
	if err == nil {
		response.Body.Close()
	}
	t.Error("the panic was swallowed")
}
