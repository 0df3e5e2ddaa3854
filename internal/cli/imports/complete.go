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
	return importCompletions(c, func(i *ledger.Import) bool { return i.Resumable() })
}

// CompleteIDs returns a function that offers shells the imports of this machine, newest first, for the first
// arguments of a command, up to that many. After them, and for text that no ID begins with, then does.
func CompleteIDs(most int, then cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, text string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, then
		}
		list, directive := importCompletions(c, func(*ledger.Import) bool { return true })
		list = slices.DeleteFunc(list, func(id cobra.Completion) bool {
			id, _, _ = strings.Cut(id, "\t")
			return !strings.HasPrefix(id, text) || slices.Contains(args, id)
		})
		if len(list) == 0 {
			return nil, then
		}
		return list, directive
	}
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
