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

// summary turns events into text. It holds the output of tests that have not ended, and of nothing else.
type summary struct {
	out                     *bufio.Writer
	pending                 map[test][]string
	builds                  map[string][]string
	failures                map[string]int // by package
	skips                   map[string][]test
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

// close prints the skips, grouped by reason, and the count.
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

// reason extracts the message of t.Skip from a test's output.
func reason(output []string) string {
	for i := len(output) - 1; i >= 0; i-- {
		if at := place.FindString(output[i]); at != "" {
			message := []string{strings.TrimSpace(output[i][len(at):])}
			for _, more := range output[i+1:] {
				if !strings.HasPrefix(more, "        ") { // testing indents what follows a first line by eight
					break
				}
				message = append(message, strings.TrimSpace(more))
			}
			return strings.Join(message, " ")
		}
	}
	return "no reason given"
}
