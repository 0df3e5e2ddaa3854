package stacks

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// runningMost is the maximum number of running imports that a refused deletion lists.
const runningMost = 5

// refuseRunning returns an error if imports of the stack are running, or if that is unknown.
func refuseRunning(ctx context.Context, stack *operate.Stack) error {
	if !stack.HasLedger() {
		return nil // it was never created completely
	}
	var running []string
	for i, err := range stack.OpenImports(ctx) {
		if err != nil && ctx.Err() == nil {
			return exit.WithHint(fmt.Errorf("nothing was deleted: imports may be running, but the ledger cannot be read: %w", awsiot.Explain(err)),
				"delete the stack anyway with --force")
		}
		if err != nil {
			return exit.IfInterrupted(ctx, err, "interrupted before anything was deleted")
		}
		running = append(running, plain.Sprintf("%s (%s)", i.Job.Import, path.Base(i.Job.Upload.Key)))
	}
	if len(running) == 0 {
		return nil
	}
	n := len(running)
	if n > runningMost {
		running = append(running[:runningMost], fmt.Sprintf("and %d more", n-runningMost))
	}
	return exit.WithHint(
		fmt.Errorf("nothing was deleted: %s not ended: %s", progress.Plural(n, "import has", "imports have"), strings.Join(running, ", ")),
		"wait for the end, cancel with thingpress cancel IMPORT --stack "+stack.Name+", or delete the stack anyway with --force")
}

// kinds are the resources of a stack that a deletion only counts, in the order in which they are shown.
var kinds = []struct{ resource, one, many string }{
	{"AWS::Lambda::Function", "function", "functions"},
	{"AWS::SQS::Queue", "queue with its messages", "queues with their messages"},
	{"AWS::CloudWatch::Alarm", "alarm", "alarms"},
	{"AWS::CloudWatch::Dashboard", "dashboard", "dashboards"},
	{"AWS::IAM::Role", "role", "roles"},
}

// announce returns what a deletion deletes and keeps.
func (o *deleteOptions) announce(stack *operate.Stack, kept, deleted []operate.Kept) string {
	var b strings.Builder
	p := func(format string, args ...any) { b.WriteString(plain.Sprintf(format, args...)) }
	p("stack %s in account %s, %s\n", stack.Name, stack.ID, stack.Region)
	verb := "is kept"
	if o.purge {
		verb = "is deleted with everything in it"
	}
	for _, k := range kept {
		p("  %s %s (%s) %s\n", k.LogicalID, k.Name, k.Type, verb)
	}
	if bucket := stack.ArtifactsBucket(); bucket != "" {
		p("  artifacts bucket %s is kept, because other stacks may use it\n", bucket)
	}
	for _, k := range deleted {
		switch k.Type {
		case "AWS::Logs::LogGroup":
			p("  %s %s is deleted with all its logs\n", k.LogicalID, k.Name)
		case "AWS::SNS::Topic":
			p("  %s %s is deleted with its subscriptions\n", k.LogicalID, k.Name)
		}
	}
	var counts []string
	for _, kind := range kinds {
		n := len(slices.DeleteFunc(slices.Clone(deleted), func(k operate.Kept) bool { return k.Type != kind.resource }))
		if n > 0 {
			counts = append(counts, progress.Plural(n, kind.one, kind.many))
		}
	}
	if len(counts) > 0 {
		p("  also deleted: %s\n", strings.Join(counts, ", "))
	}
	return b.String()
}
