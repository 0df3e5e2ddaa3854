package stacktest

import (
	"bytes"
	"testing"
)

func TestALogHasNoLineOfTwoProcesses(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	a, b := &lines{out: &log}, &lines{out: &log}
	for _, step := range []struct {
		of   *lines
		text string
	}{{a, "a1"}, {b, "b1\n"}, {a, "a2\na3\na"}, {b, "b2\n"}, {b, "b"}, {a, "4"}} {
		if n, err := step.of.Write([]byte(step.text)); n != len(step.text) || err != nil {
			t.Fatalf("write %q: %d, %v", step.text, n, err)
		}
	}
	a.end()
	b.end()
	b.end()
	if want := "b1\na1a2\na3\nb2\na4\nb\n"; log.String() != want {
		t.Errorf("got %q, want %q", log.String(), want)
	}
}
