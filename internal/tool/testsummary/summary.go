package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// event is one line of `go test -json`, as `go doc test2json` describes it; ImportPath stands for Package while building.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	FailedBuild string
}

// test identifies a test; the name is empty for what the package itself prints.
type test struct{ pkg, name string }

// cause is a test that failed with what it said of it.
type cause struct {
	test     test
	messages []string
}

// summary turns events into text. It holds the output of tests that have not ended, and the causes of those that failed.
type summary struct {
	out                     *bufio.Writer
	pending                 map[test][]string
	builds                  map[string][]string
	failures                map[string]int // by package
	skips                   map[string][]test
	causes                  []cause
	passed, failed, skipped int
}

func newSummary(out io.Writer) *summary {
	return &summary{
		out:      bufio.NewWriter(out),
		pending:  map[test][]string{},
		builds:   map[string][]string{},
		failures: map[string]int{},
		skips:    map[string][]test{},
	}
}

// read consumes events until the end of r. A line that is none is passed on.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil || e.Action == "" {
				_, _ = s.out.Write(line) // a bufio.Writer keeps its error for Flush
			} else {
				s.see(e)
			}
			if e.Test == "" && lines.Buffered() == 0 {
				if err := s.out.Flush(); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) see(e event) {
	at := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		s.builds[e.ImportPath] = append(s.builds[e.ImportPath], e.Output)
	case "output":
		if e.Test != "" {
			s.pending[at] = append(s.pending[at], e.Output)
		} else if e.Output != "PASS\n" && e.Output != "FAIL\n" {
			s.print(e.Output)
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(e.Action, at)
		}
	}
}

func (s *summary) endTest(action string, at test) {
	output := s.pending[at]
	delete(s.pending, at)
	switch action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		s.failures[at.pkg]++
		s.print(output...)
		s.causes = append(s.causes, cause{at, messages(output)})
	case "skip":
		s.skipped++
		why := reason(output)
		s.skips[why] = append(s.skips[why], at)
	}
}

// endPackage prints what is left when a package failed outside its tests' own verdicts: it did not build, its process ended,
// or time ran out. Such a package counts as one failure, so that a run that failed never says "0 failed".
func (s *summary) endPackage(e event) {
	if e.Action == "fail" {
		s.print(s.builds[e.FailedBuild]...)
		delete(s.builds, e.FailedBuild) // shared by every package that needs it; once is enough
		unfinished := slices.SortedFunc(maps.Keys(s.pending), func(a, b test) int { return strings.Compare(a.name, b.name) })
		for _, at := range unfinished {
			if at.pkg == e.Package {
				s.print(s.pending[at]...)
				delete(s.pending, at)
			}
		}
		if s.failures[e.Package] == 0 {
			s.failures[e.Package]++
			s.failed++
		}
	}
}

// close prints the skips, grouped by reason, what failed, and the count. A failure was printed before, with all its output, but
// who sees only the end of a long run is to know the cause too.
func (s *summary) close() error {
	if len(s.skips) > 0 {
		s.print("\nskipped:\n")
	}
	for _, why := range slices.Sorted(maps.Keys(s.skips)) {
		s.print("  " + why + "\n")
		for _, at := range s.skips[why] {
			s.print("    " + at.pkg + " " + at.name + "\n")
		}
	}
	if len(s.causes) > 0 {
		s.print("\nfailed:\n")
	}
	for _, c := range s.causes {
		s.print("  " + c.test.pkg + " " + c.test.name + "\n")
		for _, message := range c.messages {
			s.print("    " + message + "\n")
		}
	}
	s.print(fmt.Sprintf("\n%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped))
	return s.out.Flush()
}

// code is the exit code that the events call for.
func (s *summary) code() int {
	if s.failed > 0 {
		return 1
	}
	return 0
}

func (s *summary) print(lines ...string) {
	for _, line := range lines {
		_, _ = s.out.WriteString(line) // a bufio.Writer keeps its error for Flush
	}
}

// place is what testing puts before a message: the indentation, the file and the line.
var place = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// Bounds of what is repeated of a failed test.
const (
	mostMessages     = 12
	mostMessageLines = 8
	mostMessageBytes = 400 // of a line
)

// messages extracts what a test said with t.Error, t.Log and the like, each with its place: the first lines of the first of them,
// since what comes last is often the log of a server.
func messages(output []string) (said []string) {
	lines := 0
	for _, line := range output {
		line = strings.TrimRight(line, "\n")
		text := strings.ToValidUTF8(line[:min(len(line), mostMessageBytes)], "")
		switch {
		case place.MatchString(line):
			if len(said) == mostMessages {
				return append(said, "…")
			}
			said, lines = append(said, strings.TrimSpace(text)), 1
		case lines > 0 && lines < mostMessageLines && strings.HasPrefix(line, more):
			said[len(said)-1] += "\n      " + strings.TrimPrefix(text, more)
			lines++
		}
	}
	return said
}

// more is what testing indents the further lines of a message by.
const more = "        "

// reason extracts the message of t.Skip from a test's output.
func reason(output []string) string {
	for i := len(output) - 1; i >= 0; i-- {
		if at := place.FindString(output[i]); at != "" {
			message := []string{strings.TrimSpace(output[i][len(at):])}
			for _, line := range output[i+1:] {
				if !strings.HasPrefix(line, more) {
					break
				}
				message = append(message, strings.TrimSpace(line))
			}
			return strings.Join(message, " ")
		}
	}
	return "no reason given"
}
