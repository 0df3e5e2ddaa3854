package stacktest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

func function(t *testing.T, handler string, change func(*stacktest.FunctionOptions)) *stacktest.Function {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := stacktest.FunctionOptions{
		Name: handler, Command: []string{self}, Handler: handler, Env: []string{"VARIABLE=set"}, Timeout: time.Minute, Log: io.Discard,
	}
	if change != nil {
		change(&o)
	}
	return stacktest.NewFunction(t, o)
}

func invoke(t *testing.T, f *stacktest.Function, event string) told {
	t.Helper()
	body, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	var answer told
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return answer
}

func TestProcessServesOneInvocationAfterTheOther(t *testing.T) {
	t.Parallel()
	f := function(t, "echo", nil)
	begin := time.Now()
	first, second := invoke(t, f, `{"a":1}`), invoke(t, f, `[2]`)
	if first.Process != second.Process {
		t.Error("the second invocation started a process")
	}
	if string(first.Event) != `{"a":1}` || string(second.Event) != `[2]` || first.ARN != f.ARN() {
		t.Errorf("%+v, %+v", first, second)
	}
	if deadline := time.UnixMilli(first.Millis); deadline.Before(begin.Add(59*time.Second)) || deadline.After(time.Now().Add(time.Minute)) {
		t.Errorf("deadline %v after the start", deadline.Sub(begin))
	}
	if first.Inherited || first.Variable != "set" {
		t.Errorf("the environment is not the function's: %+v", first)
	}
	if s := f.Stats(); s.Invocations != 2 || s.Succeeded != 2 || s.Starts != 1 || s.Billed < 2*time.Millisecond {
		t.Errorf("%+v", s)
	}
}

func TestInvocationsAtTheSameTimeHaveProcessesOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := function(t, "hang", func(o *stacktest.FunctionOptions) { o.Timeout = time.Hour })
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if _, err := f.Invoke(t.Context(), []byte("{}")); !errors.Is(err, stacktest.ErrExited) {
				t.Errorf("error %v", err)
			}
		})
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for f.Stats().Starts < 3 { // for ever if they wait for each other
		<-again.C
	}
	f.Stop()
	wait.Wait()
	if s := f.Stats(); s.Peak != 3 || s.Failed != 3 || s.Starts != 3 {
		t.Errorf("%+v", s)
	}
}

func TestMissingAnswerIsReported(t *testing.T) {
	t.Parallel()
	var told *stacktest.FunctionError
	_, err := function(t, "fail", nil).Invoke(t.Context(), []byte("{}"))
	if !errors.As(err, &told) {
		t.Errorf("an error is reported as %v", err)
	}
	for _, handler := range []string{"exit", "none"} {
		f := function(t, handler, nil)
		for range 2 {
			if _, err := f.Invoke(t.Context(), []byte("{}")); !errors.Is(err, stacktest.ErrExited) {
				t.Errorf("%s: an exit is reported as %v", handler, err)
			}
		}
		if s := f.Stats(); s.Failed != 2 || s.Starts != 2 {
			t.Errorf("%s: %+v", handler, s)
		}
	}
}

func TestKilledFunctionIsStartedAgain(t *testing.T) {
	t.Parallel()
	kill := true
	f := function(t, "hang", func(o *stacktest.FunctionOptions) {
		o.Timeout = 100 * time.Millisecond
		o.Kill = func([]byte) (time.Duration, bool) {
			defer func() { kill = !kill }()
			return time.Millisecond, kill
		}
	})
	for i, want := range []error{stacktest.ErrKilled, stacktest.ErrTimedOut, stacktest.ErrKilled} {
		if _, err := f.Invoke(t.Context(), []byte("{}")); !errors.Is(err, want) {
			t.Errorf("invocation %d: %v, want %v", i, err, want)
		}
	}
	if s := f.Stats(); s.Starts != 3 || s.Killed != 2 || s.TimedOut != 1 {
		t.Errorf("%+v", s)
	}
}
