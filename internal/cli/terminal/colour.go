package terminal

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/progress"
)

// Colour is the value of --color.
type Colour string

// Values of --color.
const (
	ColourAuto   Colour = "auto" // on a terminal, unless NO_COLOR is set or TERM is dumb
	ColourAlways Colour = "always"
	ColourNever  Colour = "never"
)

func (c *Colour) String() string { return string(*c) }

// Type returns the values, as the help shows them.
func (c *Colour) Type() string { return "never|auto|always" }

// Set parses a value.
func (c *Colour) Set(value string) error {
	switch Colour(value) {
	case ColourAuto, ColourAlways, ColourNever:
		*c = Colour(value)
		return nil
	}
	return fmt.Errorf("%q is neither never, auto nor always", value)
}

// Colours reports whether text for a stream may have colours. The environment variable NO_COLOR
// forbids them by default (no-color.org).
func (s Streams) Colours(terminal bool) bool {
	if s.Colour != nil && *s.Colour != ColourAuto {
		return *s.Colour == ColourAlways
	}
	return terminal && !s.dumb() && s.environment("NO_COLOR") == ""
}

// dumb reports whether the terminal cannot move its cursor.
func (s Streams) dumb() bool { return s.environment("TERM") == "dumb" }

func (s Streams) environment(name string) string {
	if s.LookupEnv == nil {
		return ""
	}
	value, _ := s.LookupEnv(name)
	return value
}

// Ink is a colour of text on a terminal.
type Ink string

// Colours of text.
const (
	Green  Ink = progress.Green
	Red    Ink = progress.Red
	Yellow Ink = progress.Yellow
)

// Ink returns text in a colour for stdout, or as it is if stdout must not have colours.
func (s Streams) Ink(ink Ink, text string) string {
	if !s.Colours(s.OutTerminal) {
		return text
	}
	return string(ink) + text + progress.NoColour
}
