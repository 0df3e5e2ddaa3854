package stacks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/stack/operate"
	"github.com/thingpress/thingpress/manifest/vendors"
	"github.com/thingpress/thingpress/stack"
)

type deployOptions struct {
	stackFlags
	parameters []string
	tags       []string
	// protection is whether the stack is protected from deletion; nil leaves that as it is.
	protection *bool
	code       string
	artifacts  string
	yes        bool
}

func newDeploy(streams terminal.Streams) *cobra.Command {
	var o deployOptions
	c := &cobra.Command{
		Use:   "deploy",
		Short: "Create or update the stack",
		Long: `Create the stack, or update it to this version of Thingpress and to new parameters.
Shows the planned changes and asks before it makes them. Without a terminal, pass
--yes. Parameters and tags that are not given keep their values. Only ImporterBatch
follows the account's quotas each time, unless it is given.

The template is part of this program. The code of the functions is
thingpress-lambda.zip, which archives and packages of a release have next to the
program; --code names another file, which must be of the version of this program.
Both are uploaded to the bucket that --artifact-bucket names.

docs/stack.md describes the parameters. The most important ones are IoTPolicies,
IoTThingGroups, IoTThingType and NotificationEmail.

` + exit.Help,
		Example: `  thingpress stack deploy --parameter IoTPolicies=sensors --parameter IoTThingGroups=line-1,reel-7

  # two stacks, each with half of the quotas
  thingpress stack deploy --parameter QuotaShare=0.5 --yes
  thingpress stack deploy --stack line-2 --parameter QuotaShare=0.5 --parameter IoTPolicies=gateways --yes`,
		Args: cobra.NoArgs,
	}
	o.add(c)
	flags := c.Flags()
	protection := flags.Bool("termination-protection", false, "protect the stack from deletion (default: as it is)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if flags.Changed("termination-protection") {
			o.protection = protection
		}
		return deployStack(c.Context(), o, streams)
	}
	flags.StringArrayVarP(&o.parameters, "parameter", "p", nil, "parameter of the template, as `NAME=VALUE` (repeatable)")
	flags.StringArrayVar(&o.tags, "tag", nil, "tag of the stack and its resources, as `NAME=VALUE` (repeatable)")
	flags.StringVar(&o.code, "code", "", "zip `file` with the code of the functions (default: the one that was installed with this program)")
	flags.StringVar(&o.artifacts, "artifact-bucket", "",
		"`bucket` for code and template (default: thingpress-artifacts-ACCOUNT-REGION, created if missing)")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before making changes")
	return c
}

// named returns the values of --parameter or --tag by name.
func named(flag, example string, texts []string) (map[string]string, error) {
	values := map[string]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, exit.UsageError(fmt.Errorf("--%s %q is not NAME=VALUE", flag, text), "write it as in --"+flag+" "+example)
		}
		values[name] = value
	}
	return values, nil
}

func deployStack(ctx context.Context, o deployOptions, streams terminal.Streams) error {
	if err := exit.Unapproved(o.yes, streams, "nothing was changed"); err != nil {
		return err
	}
	parameters, err := named("parameter", "IoTPolicies=sensors", o.parameters)
	if err != nil {
		return err
	}
	tags, err := named("tag", "cost-center=4711", o.tags)
	if err != nil {
		return err
	}
	if o.code == "" {
		if o.code, err = findCode(); err != nil {
			return err
		}
	}
	if err := checkCode(o.code, version.Build()); err != nil {
		return err
	}
	account, err := o.openAccount(ctx, streams)
	if err != nil {
		return err
	}
	plain.Fprintf(streams.Err, "stack %s in account %s, %s\n", o.stack, account.ID, account.Region)
	if err := o.checkRequirements(ctx, account, parameters, streams); err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	printer.Update(progress.Status{Phase: "planning changes"})
	set, err := account.Prepare(ctx, operate.Deployment{
		Stack: o.stack, Template: stack.Template, Code: o.code, Artifacts: o.artifacts, Parameters: parameters, Tags: tags,
		Version: version.Current(),
	})
	printer.Pause()
	if errors.Is(err, fs.ErrNotExist) {
		return exit.WithHint(err, "name an existing file with --code")
	}
	var unknown *operate.UnknownParameterError
	if errors.As(err, &unknown) {
		return exit.UsageError(err, "docs/stack.md describes the parameters")
	}
	var unusable *operate.UnusableError
	if errors.As(err, &unusable) {
		return exit.WithHint(err, "name what an earlier stack kept, as thingpress stack delete printed it")
	}
	if err != nil {
		return exit.IfInterrupted(ctx, err, "interrupted before anything was changed")
	}
	if set.Unchanged {
		return o.conclude(ctx, account, streams, "unchanged")
	}
	if err := o.show(streams, set); err != nil {
		return err
	}
	question := "make " + progress.Plural(len(set.Changes), "change", "changes") + "?"
	if len(set.Changes) == 0 {
		question = "update the stack?"
	}
	if !o.yes && !streams.Confirm(question) {
		return errors.Join(exit.NotConfirmed("nothing was changed"),
			set.Discard(terminal.AbortContext(ctx)))
	}
	err = set.Execute(ctx, func(e operate.Event) { noteEvent(printer, e) })
	printer.Pause()
	if err != nil && ctx.Err() != nil {
		return exit.InterruptedError("interrupted; CloudFormation continues the deployment", "check it with thingpress stack status"+o.naming())
	}
	if err != nil {
		return err
	}
	return o.conclude(ctx, account, streams, "deployed")
}

// conclude does what CloudFormation cannot do, and prints the result.
func (o *deployOptions) conclude(ctx context.Context, account *operate.Account, streams terminal.Streams, result string) error {
	found, err := account.Find(ctx, o.stack)
	if err == nil {
		err = found.FeedFromExisting(ctx)
	}
	if err == nil && o.protection != nil {
		err = found.Protect(ctx, *o.protection)
	}
	if err != nil {
		return exit.WithHint(fmt.Errorf("stack %s is %s, but: %w", o.stack, result, err), "deploy again")
	}
	if result == "unchanged" {
		err = o.print(streams, result, nil)
	} else {
		err = o.print(streams, result, found)
	}
	if err != nil {
		return err
	}
	subscribers, err := found.Subscribers(ctx)
	switch {
	case err != nil:
		plain.Fprintf(streams.Err, "subscriptions to the notices could not be read: %v\n", awsiot.Explain(err))
	case subscribers.Confirmed+subscribers.Pending == 0:
		plain.Fprintf(streams.Err, "warning: nobody is subscribed to the notices, so nobody learns of stopped imports and alarms\n"+
			"hint: deploy with --parameter NotificationEmail=ADDRESS, or subscribe to %s\n", subscribers.Topic)
	case subscribers.Confirmed == 0:
		plain.Fprintf(streams.Err, "warning: nobody gets the notices yet: "+
			"AWS sent a mail whose link must be opened to confirm the subscription\n")
	}
	return nil
}

// noteEvent prints that a resource is complete or has failed.
func noteEvent(printer *progress.Printer, e operate.Event) {
	if strings.HasSuffix(e.Status, "_IN_PROGRESS") {
		printer.Update(progress.Status{Phase: e.LogicalID, Note: strings.ToLower(e.Status)})
		return
	}
	line := fmt.Sprintf("%s %s", e.LogicalID, strings.ToLower(e.Status))
	if e.Reason != "" {
		line += ": " + e.Reason
	}
	printer.Note("%s", line)
}

// A changeLine is a change as JSON.
type changeLine struct {
	Type string `json:"type"`
	operate.Change
}

// show prints the planned changes.
func (o *deployOptions) show(streams terminal.Streams, set *operate.ChangeSet) error {
	if o.output == terminal.JSON {
		lines := make([]changeLine, len(set.Changes))
		for i, change := range set.Changes {
			lines[i] = changeLine{"change", change}
		}
		return terminal.PrintLines(streams, lines)
	}
	if len(set.Changes) == 0 {
		_, err := fmt.Fprintln(streams.Out, "no resource changes, only description, outputs or tags of the stack")
		return err
	}
	t := streams.Table([]terminal.Column{
		{Name: "ACTION"}, {Name: "RESOURCE", Cut: true}, {Name: "TYPE", Cut: true, Drop: 1}, {Name: "REPLACEMENT"},
	})
	for _, change := range set.Changes {
		t.Row(strings.ToLower(change.Action), change.LogicalID, change.Type, strings.ToLower(change.Replacement))
	}
	return t.Flush()
}

// A deployedLine is the result of a deployment as JSON.
type deployedLine struct {
	Type    string            `json:"type"`
	Stack   string            `json:"stack"`
	Result  string            `json:"result"`
	Buckets map[string]string `json:"buckets,omitempty"`
}

// bucketsOf are the purposes of the buckets of a stack, in the order in which they are shown.
var bucketsOf = append(vendors.Names(), "signer", "reports")

// print prints the result of a deployment.
func (o *deployOptions) print(streams terminal.Streams, result string, found *operate.Stack) error {
	buckets := map[string]string{}
	if found != nil {
		for _, of := range bucketsOf {
			name, err := found.Bucket(of)
			if err != nil {
				return err
			}
			buckets[of] = name
		}
	}
	if o.output == terminal.JSON {
		return streams.PrintJSON(deployedLine{"summary", o.stack, result, buckets})
	}
	if found == nil {
		_, err := plain.Fprintf(streams.Out, "stack %s is up to date\n", o.stack)
		return err
	}
	plain.Fprintf(streams.Out, "stack %s is ready. Upload manifests with thingpress stack upload%s, "+
		"or copy them to the bucket of their vendor:\n", o.stack, o.naming())
	for _, of := range bucketsOf {
		if _, err := plain.Fprintf(streams.Out, "  %-10s s3://%s\n", of, buckets[of]); err != nil {
			return err
		}
	}
	return nil
}
