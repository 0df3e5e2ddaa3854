package config

import (
	"strconv"

	"github.com/spf13/pflag"
)

// A Source is what set a flag.
type Source struct {
	From From
	// Name is the variable of FromEnvironment, or the target of FromTarget.
	Name string
	// Line is the line in the config file, if the value is from there.
	Line int
}

// From is a place that values of flags come from.
type From string

// Places, in the order of precedence.
const (
	FromFlag        From = "flag"
	FromEnvironment From = "environment"
	FromTarget      From = "target"
	FromFile        From = "file"
	FromDefault     From = "default" // built in
)

// String returns the source for people: flag, the name of the variable, target NAME, config file
// or default.
func (s Source) String() string {
	switch s.From {
	case FromEnvironment:
		return s.Name
	case FromTarget:
		return "target " + s.Name
	case FromFile:
		return "config file"
	case FromFlag, FromDefault:
	}
	return string(s.From)
}

const annotation = "source"

// Mark remembers that something other than the command line set the flag.
func Mark(flag *pflag.Flag, s Source) {
	if flag.Annotations == nil {
		flag.Annotations = map[string][]string{}
	}
	flag.Annotations[annotation] = []string{string(s.From), s.Name, strconv.Itoa(s.Line)}
}

// SourceOf returns what set the flag.
func SourceOf(flag *pflag.Flag) Source {
	if marked := flag.Annotations[annotation]; len(marked) == 3 {
		line, _ := strconv.Atoi(marked[2]) // Mark wrote it
		return Source{From: From(marked[0]), Name: marked[1], Line: line}
	}
	if flag.Changed {
		return Source{From: FromFlag}
	}
	return Source{From: FromDefault}
}

// IsPreset reports whether the environment or the config file set the flag, and not the command
// line.
func IsPreset(flag *pflag.Flag) bool {
	from := SourceOf(flag).From
	return from != FromFlag && from != FromDefault
}

// InFile reports whether the value is from the config file.
func (s Source) InFile() bool { return s.From == FromTarget || s.From == FromFile }
