package imports

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
)

// CompleteResume offers shells the imports on this machine that can be resumed, newest first, for
// --resume.
func CompleteResume(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	paths := []string{c.Flag("ledger").Value.String()}
	if paths[0] == "" {
		paths, _ = ledgersOfMachine() // a shell shows no errors
	}
	var found []importLine
	for _, path := range paths {
		lines, _ := readImports(c.Context(), path) // other ledgers may have imports
		found = append(found, lines...)
	}
	slices.SortStableFunc(found, func(a, b importLine) int { return b.Begun.Compare(a.Begun) })
	var list []cobra.Completion
	for _, line := range found {
		if i := (ledger.Import{State: line.State, Counts: line.Counts}); i.Resumable() {
			about := []string{string(line.State), leftText(&i), TargetName(line.Target)}
			for _, m := range line.Manifests {
				about = append(about, filepath.Base(m.Name))
			}
			list = append(list, cobra.CompletionWithDesc(line.Import, plain.Text(strings.Join(about, ", "))))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
