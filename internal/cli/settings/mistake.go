package settings

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
)

// neverEmpty lists flags that narrow a command, guard it or name what it writes. An empty value
// comes from an unset variable of a script, and without the flag the command would do something
// else, such as import every device.
var neverEmpty = []string{
	"account", "as-manifest", "group", "json-pointer", "keys", "log", "manifest", "metrics", "notify", "notify-secret-file",
	"only", "out", "plan", "query", "report", "resume", "signer", "signer-out", "skip", "stack",
}

// refuseEmpty returns an error if the command line gives such a flag without a value. Other flags are
// emptied to override the environment and the config file.
func refuseEmpty(flags *pflag.FlagSet) error {
	var empty error
	flags.Visit(func(flag *pflag.Flag) {
		texts := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			texts = list.GetSlice()
		}
		if empty == nil && slices.Contains(neverEmpty, flag.Name) && slices.Contains(texts, "") {
			empty = exit.UsageError(fmt.Errorf("--%s is empty", flag.Name), "give it a value, or leave it out")
		}
	})
	return empty
}

// Mistake returns the error about a flag whose value cannot be parsed in words instead of Go's.
func Mistake(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	flag, value := invalid.GetFlag(), invalid.GetValue()
	var number *strconv.NumError
	switch {
	case flag.Value.Type() == "duration":
		return fmt.Errorf("--%s: %q is not a duration, such as 90s, 15m or 720h", flag.Name, value)
	case !errors.As(invalid.Unwrap(), &number): // of a type of ours, whose error quotes the value
		return fmt.Errorf("--%s: %w", flag.Name, invalid.Unwrap())
	case errors.Is(number, strconv.ErrRange):
		return fmt.Errorf("--%s: %s is out of range", flag.Name, value)
	case flag.Value.Type() == "bool":
		return fmt.Errorf("--%s: %q is neither true nor false", flag.Name, value)
	case flag.Value.Type() == "float64":
		return fmt.Errorf("--%s: %q is not a number", flag.Name, value)
	}
	return fmt.Errorf("--%s: %q is not a whole number", flag.Name, value)
}
