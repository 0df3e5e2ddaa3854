package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/policyvectors"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/policy"
)

// An answerLine is AWS's answer on a vector as JSON.
type answerLine struct {
	Type     string                 `json:"type"`
	Name     string                 `json:"name"`
	Clause   string                 `json:"clause"`
	Source   string                 `json:"source"`
	Open     []policy.Question      `json:"open,omitempty"`
	Decision policy.Outcome         `json:"decision"`
	AWS      policy.Outcome         `json:"aws,omitempty"`
	Refused  string                 `json:"refused,omitempty"`
	Missing  []string               `json:"missing,omitempty"`
	Obstacle policyvectors.Obstacle `json:"obstacle,omitempty"`
}

// differs reports whether AWS decides otherwise.
func (l *answerLine) differs() bool { return l.Obstacle == "" && l.AWS != l.Decision }

// A probeLine sums up what AWS was asked.
type probeLine struct {
	Type    string `json:"type"`
	Account string `json:"account"`
	Region  string `json:"region"`
	Vectors int    `json:"vectors"`
	Asked   int    `json:"asked"`
	Open    int    `json:"open"`
	Settled int    `json:"settled"`
	Differ  int    `json:"differ"`
	Calls   int    `json:"calls"`
}

// lines returns a line for each vector.
func (p *probing) lines() []answerLine {
	lines := make([]answerLine, len(p.decisions.Vectors))
	for i := range p.decisions.Vectors {
		v, a := &p.decisions.Vectors[i], p.answers[i]
		lines[i] = answerLine{
			"answer", v.Name, v.Clause, v.Source, v.Open, v.Outcome, a.Outcome, a.Refused, a.Missing, p.plan.Obstacles[i],
		}
	}
	return lines
}

func (p *probing) summary(lines []answerLine) probeLine {
	to := p.temporary.creating.target
	s := probeLine{Type: "vectors", Account: to.Account, Region: to.Region, Vectors: len(lines), Calls: p.temporary.made}
	for i := range lines {
		l := &lines[i]
		if l.Obstacle == "" {
			s.Asked++
		}
		if len(l.Open) > 0 {
			s.Open++
			if l.Obstacle == "" {
				s.Settled++
			}
		}
		if l.differs() {
			s.Differ++
		}
	}
	return s
}

// print prints what only AWS can settle, and where it decides otherwise than the library.
func (p *probing) print(lines []answerLine, streams terminal.Streams) error {
	shown := slices.DeleteFunc(slices.Clone(lines), func(l answerLine) bool { return len(l.Open) == 0 && !l.differs() })
	slices.SortStableFunc(shown, func(a, b answerLine) int {
		return cmp.Or(cmp.Compare(firstOf(a.Open), firstOf(b.Open)), cmp.Compare(a.Name, b.Name))
	})
	var b strings.Builder
	heading := ""
	for i := range shown {
		l := &shown[i]
		about := "AWS decides otherwise than it documents"
		if q := firstOf(l.Open); q != "" {
			about = "AWS does not document " + advice.ForQuestion(q).Meaning
		}
		if about != heading {
			heading = about
			plain.Fprintf(&b, "%s\n", about)
		}
		b.WriteString("  ")
		l.write(&b, streams)
	}
	s := p.summary(lines)
	plain.Fprintf(&b, "\nAWS answered %d of %s, and decides %s otherwise than the library\n", s.Settled,
		progress.Plural(s.Open, "open vector", "open vectors"), progress.Plural(s.Differ, "vector", "vectors"))
	// All text of others is cleaned above, and the stream would clean colours as well.
	if _, err := fmt.Fprint(terminal.Raw(streams.Out), streams.WrapOut(b.String())); err != nil {
		return err
	}
	_, err := fmt.Fprintf(streams.Err, "asked about %d of %d vectors with %s; everything that was created is removed\n", s.Asked, s.Vectors,
		progress.Plural(s.Calls, "call", "calls"))
	return err
}

// write writes a line for people.
func (l *answerLine) write(b *strings.Builder, streams terminal.Streams) {
	switch {
	case l.Obstacle != "":
		plain.Fprintf(b, "not asked: %s: %s\n", l.Name, obstacles[l.Obstacle])
		return
	case l.differs():
		b.WriteString(streams.Ink(terminal.Red, "differs"))
	default:
		b.WriteString("the same")
	}
	plain.Fprintf(b, ": %s: %s", l.Name, l.Decision)
	switch {
	case l.Refused != "":
		plain.Fprintf(b, "; AWS refuses it: %s", l.Refused)
	case l.differs():
		plain.Fprintf(b, "; AWS: %s", l.AWS)
	}
	b.WriteByte('\n')
}

func firstOf(open []policy.Question) policy.Question {
	if len(open) == 0 {
		return ""
	}
	return open[0]
}

var obstacles = map[policyvectors.Obstacle]string{
	policyvectors.ObstacleAction:   "TestAuthorization does not know the action",
	policyvectors.ObstacleContext:  "TestAuthorization cannot be told of the connection",
	policyvectors.ObstacleRegistry: "it needs another certificate or thing",
	policyvectors.ObstacleCalls:    "no calls are left",
}
