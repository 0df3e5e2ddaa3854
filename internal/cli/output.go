package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

const (
	outputText = "text"
	outputJSON = "json"
)

// outputFlag is --output. It is a type of its own so that a wrong value is
// found while the command line is parsed.
type outputFlag string

func (o *outputFlag) String() string { return string(*o) }
func (o *outputFlag) Type() string   { return "text|json" }

func (o *outputFlag) Set(value string) error {
	if value != outputText && value != outputJSON {
		return fmt.Errorf("%q is neither text nor json", value)
	}
	*o = outputFlag(value)
	return nil
}

func addOutputFlag(c *cobra.Command, output *outputFlag) {
	*output = outputText
	c.Flags().VarP(output, "output", "o", "how to print: text for people, json for JSON Lines on stdout")
}

func outputOf(c *cobra.Command) string {
	if flag := c.Flags().Lookup("output"); flag != nil {
		return flag.Value.String()
	}
	return outputText
}
