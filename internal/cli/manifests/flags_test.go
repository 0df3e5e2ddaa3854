package manifests

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/manifest/vendors"
)

func TestEveryOptionOfEveryFormatHasAFlagThatNamesTheFormat(t *testing.T) {
	t.Parallel()
	var flags Flags
	command := &cobra.Command{}
	flags.Add(command)
	for _, format := range vendors.Formats() {
		for _, option := range format.Options {
			name := string(option.Name)
			flag := command.Flag(name)
			if flag == nil { // --signer is given once for each
				flag = command.Flag(strings.TrimSuffix(name, "s"))
			}
			if flag == nil || !strings.Contains(flag.Usage, format.Title) {
				t.Errorf("flags.go: no flag --%s that names %s", name, format.Title)
			}
		}
	}
}
