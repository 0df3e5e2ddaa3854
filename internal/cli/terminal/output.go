package terminal

import (
	"fmt"

	"github.com/spf13/cobra"
)

// Output is --output. It is a type of its own so that a wrong value is found
// while the command line is parsed.
type Output string

// Values of Output.
const (
	Text Output = "text"
	JSON Output = "json"
)

// String is the flag's value.
func (o *Output) String() string { return string(*o) }

// Type is the flag's type in help texts.
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
	c.Flags().VarP(o, "output", "o", "how to print: text for people, json for JSON Lines on stdout")
}

// OutputOf returns the value of a command's --output.
func OutputOf(c *cobra.Command) Output {
	if flag := c.Flags().Lookup("output"); flag != nil {
		return Output(flag.Value.String())
	}
	return Text
}
