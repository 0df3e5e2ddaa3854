package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func summarize(t *testing.T, events ...string) (string, *summary) {
	t.Helper()
	var out bytes.Buffer
	s := newSummary(&out)
	if err := s.read(strings.NewReader(strings.Join(events, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), s
}

func TestSkipIsShownWithItsReason(t *testing.T) {
	t.Parallel()
	got, s := summarize(t,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: a note\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:5: moto is missing: not\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"        installed\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestA"}`,
		`{"Action":"pass","Package":"p","Test":"TestB"}`,
		`{"Action":"output","Package":"p","Output":"PASS\n"}`,
		`{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`,
		`{"Action":"pass","Package":"p"}`)
	want := "ok  \tp\t0.1s\n\nskipped:\n  moto is missing: not installed\n    p TestA\n\n1 passed, 0 failed, 1 skipped\n"
	if got != want || s.code() != 0 {
		t.Errorf("code %d, got:\n%s\nwant:\n%s", s.code(), got, want)
	}
}

func TestFailureIsShownWholeAndPassingOutputIsNot(t *testing.T) {
	t.Parallel()
	got, s := summarize(t,
		`{"Action":"output","Package":"p","Test":"TestGood","Output":"quiet\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"the cause\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestGood"}`,
		`{"Action":"fail","Package":"p","Test":"TestBad"}`,
		`{"Action":"fail","Package":"p"}`)
	if !strings.Contains(got, "the cause") || strings.Contains(got, "quiet") || !strings.HasSuffix(got, "\n1 passed, 1 failed, 0 skipped\n") || s.code() != 1 {
		t.Errorf("code %d, got:\n%s", s.code(), got)
	}
}

func TestFailureIsToldAgainAtTheEnd(t *testing.T) {
	t.Parallel()
	events := []string{
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"=== RUN   TestBad\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"    bad_test.go:7: got:\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"          1\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"        want 2\n"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"    server.go:9: the log:\n"}`,
	}
	for range 100 {
		events = append(events, `{"Action":"output","Package":"p","Test":"TestBad","Output":"        a line\n"}`)
	}
	got, _ := summarize(t, append(events, `{"Action":"fail","Package":"p","Test":"TestBad"}`, `{"Action":"fail","Package":"p"}`)...)
	log := "    server.go:9: the log:\n" + strings.Repeat("      a line\n", mostMessageLines-1)
	want := "\nfailed:\n  p TestBad\n    bad_test.go:7: got:\n        1\n      want 2\n" + log + "\n0 passed, 1 failed, 0 skipped\n"
	if !strings.HasSuffix(got, want) {
		t.Errorf("got:\n%s\nwant at its end:\n%s", got, want)
	}
}

func TestPackageThatDiesCountsAsFailed(t *testing.T) {
	t.Parallel()
	for name, events := range map[string][]string{
		"does not build": {
			`{"ImportPath":"p [p.test]","Action":"build-output","Output":"p.go:1: the cause\n"}`,
			`{"ImportPath":"p [p.test]","Action":"build-fail"}`,
			`{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
		},
		"runs out of time": {
			`{"Action":"run","Package":"p","Test":"TestHangs"}`,
			`{"Action":"output","Package":"p","Test":"TestHangs","Output":"panic: the cause\n"}`,
			`{"Action":"fail","Package":"p"}`,
		},
		"ends in TestMain": {
			`{"Action":"output","Package":"p","Output":"the cause\n"}`,
			`{"Action":"fail","Package":"p"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, s := summarize(t, events...)
			if !strings.Contains(got, "the cause") || !strings.HasSuffix(got, "\n0 passed, 1 failed, 0 skipped\n") || s.code() != 1 {
				t.Errorf("code %d, got:\n%s", s.code(), got)
			}
		})
	}
}

func TestExitCodeIsThatOfGoTest(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module x\n\ngo 1.26\n",
		"x_test.go": "package x\n\nimport \"testing\"\n\nfunc TestGood(t *testing.T) {}\n\nfunc TestBad(t *testing.T) { t.Fatal(\"the cause\") }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, c := range []struct {
		args []string
		code int
		end  string
	}{
		{[]string{"./..."}, 1, "\n1 passed, 1 failed, 0 skipped\n"},
		{[]string{"-run", "Good", "./..."}, 0, "\n1 passed, 0 failed, 0 skipped\n"},
		{[]string{"-count=many", "./..."}, 2, "\n0 passed, 0 failed, 0 skipped\n"},
	} {
		var stdout, stderr bytes.Buffer
		code, err := run(context.Background(), c.args, &stdout, &stderr)
		if err != nil || code != c.code || !strings.HasSuffix(stdout.String(), c.end) {
			t.Errorf("%v: code %d, error %v, stdout:\n%s\nstderr:\n%s", c.args, code, err, &stdout, &stderr)
		}
	}
}
