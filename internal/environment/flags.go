package environment

import "github.com/spf13/pflag"

const annotation = "environment"

// Mark remembers that a variable set the flag, and not the command line.
func Mark(flag *pflag.Flag) {
	if flag.Annotations == nil {
		flag.Annotations = map[string][]string{}
	}
	flag.Annotations[annotation] = nil
}

// Sets reports whether a variable set the flag.
func Sets(flag *pflag.Flag) bool {
	_, marked := flag.Annotations[annotation]
	return marked
}
