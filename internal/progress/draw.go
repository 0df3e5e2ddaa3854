package progress

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/thingpress/thingpress/internal/plain"
)

const (
	barLeast, barMost = 8, 40 // columns of a bar
	full, empty       = "█", "░"
)

// Sequences for colours of a terminal (ECMA-48, SGR), and the one that ends a colour.
const (
	Green    = "\x1b[32m"
	Red      = "\x1b[31m"
	Yellow   = "\x1b[33m"
	NoColour = "\x1b[0m"
)

// A piece is a part of a line. Colour is empty for none.
type piece struct{ text, colour string }

// lines returns what a terminal of this width shows: the bar with times, the counts, and what
// limits the command. Without a total it is one line.
func (s Status) lines(width int, now time.Time) [][]piece {
	if s.Total == 0 {
		return [][]piece{{{text: s.String()}}}
	}
	lines := [][]piece{s.bar(width, now), s.counts()}
	if limit := s.limit(); s.Note != "" {
		lines = append(lines, []piece{{s.Note, Yellow}})
	} else if limit != "" {
		lines = append(lines, []piece{{text: limit}})
	}
	return lines
}

// bar returns the first line. What does not fit is left out, the bar first.
func (s Status) bar(width int, now time.Time) []piece {
	total := Count(s.Total)
	parts := []string{s.Phase, fmt.Sprintf("%*s of %s", len(total), Count(s.Done), total), fmt.Sprintf("%2d%%", s.Done*100/s.Total)}
	if s.Rate > 0 {
		parts = append(parts, Rate(s.Rate)+"/s")
	}
	if left := s.Left(); left > 0 {
		parts = append(parts, Duration(left)+" left", "ends "+Clock(now.Add(left), now))
	}
	text := strings.Join(parts[1:], "  ")
	room := width - utf8.RuneCountInString(parts[0]) - utf8.RuneCountInString(text) - 4
	if room < barLeast {
		for len(parts) > 2 && utf8.RuneCountInString(strings.Join(parts, "  ")) > width {
			parts = parts[:len(parts)-1]
		}
		return []piece{{text: strings.Join(parts, "  ")}}
	}
	room = min(room, barMost)
	done := int(int64(room) * s.Done / s.Total)
	return []piece{
		{text: parts[0] + "  "},
		{strings.Repeat(full, done), Green},
		{text: strings.Repeat(empty, room-done) + "  " + text},
	}
}

func (s Status) counts() []piece {
	list := []piece{{Count(s.Imported) + " imported", ""}}
	switch {
	case s.Proof, s.Reads:
		list = []piece{{Count(s.Done) + " done", ""}}
	case s.Later:
		list = []piece{{Count(s.Changed) + " changed", ""}}
	}
	for _, n := range []struct {
		count        int64
		what, colour string
	}{
		{s.Unchanged, "unchanged", ""},
		{s.Kept, "kept", Yellow},
		{s.Failed, "failed", Red},
		{s.Rejected, "rejected", Red},
		{s.Skipped, "skipped", ""},
	} {
		if n.count > 0 {
			list = append(list, piece{text: ", "}, piece{Count(n.count) + " " + s.word(n.what), n.colour})
		}
	}
	return list
}

func (s Status) limit() string {
	var parts []string
	if s.Binding != "" && s.Ceiling > 0 {
		parts = append(parts, fmt.Sprintf("%s allows %s/s", s.Binding, Rate(s.Ceiling)))
	}
	if s.Throttled > 0 {
		parts = append(parts, "AWS throttled "+Plural(int(s.Throttled), "call", "calls"))
	}
	return strings.Join(parts, ", ")
}

// Clock returns the time of day for people, with the day if it is not today.
func Clock(t, now time.Time) string {
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	return t.Format("Mon 15:04")
}

// draw returns a line for a terminal, cut to the width, and its number of columns. A line that
// wraps could not be erased.
func draw(line []piece, width int, colours bool) (string, int) {
	var b strings.Builder
	columns := 0
	for _, p := range line {
		text := plain.Text(p.text)
		if n := utf8.RuneCountInString(text); columns+n > width {
			text = string([]rune(text)[:max(0, width-columns-1)]) + "…"
		}
		if colours && p.colour != "" {
			text = p.colour + text + NoColour
		}
		b.WriteString(text)
		if columns += utf8.RuneCountInString(p.text); columns > width {
			return b.String(), width
		}
	}
	return b.String(), columns
}
