package stacks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// candidateMost is the maximum number of imports that an error lists.
const candidateMost = 10

// An unknownImportError is returned if no import of a stack has an ID.
type unknownImportError struct {
	text, stack string
	latest      string // a list; empty if the stack has no imports
}

// Error lists the latest imports.
func (e *unknownImportError) Error() string {
	if e.latest == "" {
		return fmt.Sprintf("no import %s: stack %s has no imports yet", e.text, e.stack)
	}
	return fmt.Sprintf("no import of stack %s has an ID that begins with %s; the latest are%s", e.stack, e.text, e.latest)
}

// chooseImport returns the import whose ID begins with text. If there is none, or more than one, the
// error lists candidates and ends the command with [exit.Usage].
func (f *stackFlags) chooseImport(ctx context.Context, stack *operate.Stack, text string) (operate.Import, error) {
	text = strings.ToLower(text)
	if _, err := uuid.Parse(text); err == nil {
		found, err := stack.Import(ctx, text)
		if !errors.Is(err, ledger.ErrNotFound) {
			return found, err
		}
	}
	var latest, found []string
	more := 0
	for id, err := range stack.ImportIDs(ctx) {
		if err != nil {
			return operate.Import{}, err
		}
		if len(latest) < candidateMost {
			latest = append(latest, id)
		}
		switch {
		case text == "" || !strings.HasPrefix(id, text):
		case len(found) < candidateMost:
			found = append(found, id)
		default:
			more++
		}
	}
	switch {
	case len(latest) == 0:
		return operate.Import{}, exit.UsageError(&unknownImportError{text: text, stack: stack.Name}, "")
	case len(found) == 0:
		return operate.Import{}, exit.UsageError(&unknownImportError{text, stack.Name, candidates(ctx, stack, latest, 0)},
			"see all of them with thingpress stack imports"+f.naming())
	case len(found) > 1:
		return operate.Import{}, exit.UsageError(fmt.Errorf("the IDs of %d imports begin with %s%s",
			len(found)+more, text, candidates(ctx, stack, found, more)), "use more characters of the ID")
	}
	return stack.Import(ctx, found[0])
}

// naming returns the flag that names the stack in a hint, or nothing for the default.
func (f *stackFlags) naming() string { return namingOf(f.stack) }

func namingOf(stack string) string {
	if stack == defaultStack {
		return ""
	}
	return " --stack " + terminal.ShellQuote(stack)
}

// candidates lists imports, one per line.
func candidates(ctx context.Context, stack *operate.Stack, ids []string, more int) string {
	text := ":"
	for _, id := range ids {
		text += "\n  " + id
		if i, err := stack.Import(ctx, id); err == nil {
			text += plain.Sprintf("  %s  %s  %s", i.State(), i.Job.Created.Local().Format(imports.Minute), path.Base(i.Job.Upload.Key))
		}
	}
	if more > 0 {
		text += fmt.Sprintf("\n  and %s more", progress.Count(int64(more)))
	}
	return text
}

// completeImports offers shells the imports of a stack.
func (f *stackFlags) completeImports(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	stack, err := f.open(c.Context(), terminal.Streams{Err: io.Discard})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp // a shell shows no errors
	}
	var list []cobra.Completion
	for i, err := range stack.Imports(c.Context()) {
		if err != nil || len(list) == candidateMost {
			break
		}
		list = append(list, cobra.CompletionWithDesc(i.Job.Import, plain.Text(i.State()+", "+path.Base(i.Job.Upload.Key))))
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}
