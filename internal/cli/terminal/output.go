package terminal

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/plain"
)

// Output is the value of --output. As a type of its own it is validated while the
// command line is parsed.
type Output string

// Values of Output.
const (
	Text Output = "text"
	JSON Output = "json"
)

// String returns the value of the flag.
func (o *Output) String() string { return string(*o) }

// Type returns the type that help texts show.
func (o *Output) Type() string { return "text|json" }

// Set parses the flag.
func (o *Output) Set(value string) error {
	if Output(value) != Text && Output(value) != JSON {
		return fmt.Errorf("%q is neither text nor json", value)
	}
	*o = Output(value)
	return nil
}

// AddFlag adds --output to a command.
func (o *Output) AddFlag(c *cobra.Command) {
	*o = Text
	c.Flags().VarP(o, "output", "o", "output format: text, or json for JSON Lines on stdout")
}

// OutputOf returns the value of a command's --output.
func OutputOf(c *cobra.Command) Output {
	if flag := c.Flags().Lookup("output"); flag != nil {
		return Output(flag.Value.String())
	}
	return Text
}

// ShellQuote returns text as one word of a shell. Characters that do not show are escaped as in $'\n',
// which bash, zsh, ksh and POSIX.1-2024 know.
func ShellQuote(text string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_@%+=:,./-", r)
	}
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !safe(r) }) {
		return text
	}
	if plain.Text(text) == text {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '\'' || c == '\\' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}
