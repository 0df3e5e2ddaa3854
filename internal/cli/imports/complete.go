package imports

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
)

// CompleteResume offers shells the imports on this machine that can be resumed, newest first, for
// --resume.
func CompleteResume(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return importCompletions(c, func(i *ledger.Import) bool { return i.Resumable() })
}

func importCompletions(c *cobra.Command, offered func(*ledger.Import) bool) ([]cobra.Completion, cobra.ShellCompDirective) {
	found, _, _ := readLedgers(c.Context(), c.Flag("ledger").Value.String(), func(string, error) {}) // a shell shows no errors
	var list []cobra.Completion
	for _, line := range found {
		if i := (ledger.Import{State: line.State, Counts: line.Counts}); offered(&i) {
			about := []string{string(line.State), leftText(&i), TargetName(line.Target)}
			for _, m := range line.Manifests {
				about = append(about, filepath.Base(m.Name))
			}
			list = append(list, cobra.CompletionWithDesc(line.Import, plain.Text(strings.Join(about, ", "))))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
