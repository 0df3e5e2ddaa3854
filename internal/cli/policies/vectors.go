package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/policyvectors"
	"github.com/thingpress/thingpress/internal/progress"
)

type vectorsOptions struct {
	target     target.Flags
	againstAWS bool
	cleanUp    bool
	yes        bool
	output     terminal.Output
}

// newVectors returns `thingpress policy vectors`.
func newVectors(streams terminal.Streams) *cobra.Command {
	var o vectorsOptions
	c := &cobra.Command{
		Use:   "vectors",
		Short: "Run the test vectors for policies, or ask AWS about them",
		Long: `List the test vectors of the evaluator, the linter and the parser of policies, and run
them. --output json prints each vector with its source, so that another implementation
can be held against it.

With --against-aws, TestAuthorization of AWS decides the vectors too, beginning with
those whose outcome AWS does not document. The command prints the answers to these, and
every vector that AWS decides otherwise. It makes at most 60 calls. For as long as it
runs, the account has a certificate without a private key, a thing and some policies
that are attached to nothing. Their names begin with "thingpress-vectors-". They are
removed at the end, also after Ctrl-C and after a failure. If the command was killed,
remove what it left with --clean-up.

The exit code is 3 if AWS or the library decides a vector otherwise.

` + exit.Help,
		Example: `  # the vectors with their sources, for another implementation
  thingpress policy vectors --output json

  # what does AWS answer where its documentation does not?
  thingpress policy vectors --against-aws --account 123456789012

  # remove what a killed command left
  thingpress policy vectors --clean-up --account 123456789012`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return vectors(c.Context(), &o, streams) },
	}
	o.target.Add(c)
	flags := c.Flags()
	flags.BoolVar(&o.againstAWS, "against-aws", false, "have AWS decide the vectors, with a temporary certificate and thing")
	flags.BoolVar(&o.cleanUp, "clean-up", false, "remove what a killed command with --against-aws left in the account")
	flags.BoolVar(&o.yes, "yes", false, "do not ask before calling AWS")
	o.output.AddFlag(c)
	return c
}

func vectors(ctx context.Context, o *vectorsOptions, streams terminal.Streams) error {
	switch {
	case o.againstAWS && o.cleanUp:
		return exit.UsageError(errors.New("--against-aws cannot be combined with --clean-up"), "leave out one of them")
	case !o.againstAWS && !o.cleanUp:
		return runVectors(streams, o.output)
	}
	if err := o.target.Check(); err != nil {
		return err
	}
	const nothing = "nothing was created or removed"
	if !o.target.Sandbox {
		if err := exit.Unapproved(o.yes, streams, nothing); err != nil {
			return err
		}
	}
	connection, err := o.target.Connect(ctx, streams.Err)
	if err != nil {
		return err
	}
	defer connection.Close() //nolint:errcheck // everything is removed again
	fmt.Fprintf(streams.Err, "target: %s\n", connection)
	confirm := func(question string) error {
		if o.yes || connection.Embedded() || streams.Confirm(question) {
			return nil
		}
		return exit.NotConfirmed(nothing)
	}
	if o.cleanUp {
		return cleanUp(ctx, connection, confirm, streams)
	}
	return askAWS(ctx, o, connection, confirm, streams)
}

// askAWS has AWS decide the vectors.
func askAWS(ctx context.Context, o *vectorsOptions, connection *target.Connection, confirm func(string) error,
	streams terminal.Streams,
) (err error) {
	p, err := planProbing(ctx, connection)
	if err != nil {
		return err
	}
	if err := confirm(fmt.Sprintf("Create a certificate, a thing and %s in this account, ask about the vectors, and remove them?",
		progress.Plural(len(p.plan.Documents), "policy", "policies"))); err != nil {
		return err
	}
	if err := withRemoval(p.temporary, connection, streams, func() error { return p.ask(ctx) }); err != nil {
		return err
	}
	lines := p.lines()
	if o.output == terminal.JSON {
		err = errors.Join(terminal.PrintLines(streams, lines), streams.PrintJSON(p.summary(lines)))
	} else {
		err = p.print(lines, streams)
	}
	if err == nil && p.summary(lines).Differ > 0 {
		return exit.Silently(exit.Incomplete)
	}
	return err
}

// withRemoval calls a function, and removes everything in any case.
func withRemoval(t *temporary, connection *target.Connection, streams terminal.Streams, f func() error) error {
	err := f()
	var stop *call.StopError
	if errors.As(err, &stop) {
		err = stop.Cause // it is not an import that stops
	}
	if err != nil && len(t.policies) > 0 {
		fmt.Fprintln(streams.Err, "removing what was created")
	}
	left, failure := t.removeAll()
	if len(left) > 0 {
		return exit.WithHint(errors.Join(err, fmt.Errorf("left in the account: %s: %w", strings.Join(left, ", "), failure)),
			"remove it with "+cleanUpCommand(connection))
	}
	return err
}

// cleanUpCommand returns the command that removes what is left in an account.
func cleanUpCommand(c *target.Connection) string {
	command := "thingpress policy vectors --clean-up --account " + c.Target.Account
	if c.AWSFlags != "" {
		command += " " + c.AWSFlags
	}
	return command
}

// cleanUp removes what killed commands left.
func cleanUp(ctx context.Context, connection *target.Connection, confirm func(string) error, streams terminal.Streams) error {
	r, err := newRegistry(ctx, connection)
	if err != nil {
		return err
	}
	names, err := toTheEnd(r, iot.ListPolicies, connection.Client.ListPolicies)
	if err != nil {
		return err
	}
	var all []*temporary
	byID := map[string]*temporary{}
	for _, name := range names {
		principal, ok := policyvectors.PrincipalOfPolicy(name)
		if !ok {
			continue
		}
		t := byID[principal.ID]
		if t == nil {
			if t, err = newTemporary(ctx, connection, principal, 0); err != nil {
				return err
			}
			byID[principal.ID] = t
			all = append(all, t)
		}
		t.policies = append(t.policies, name)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(streams.Out, "nothing is left")
		return err
	}
	for _, t := range all {
		fmt.Fprintf(streams.Err, "left: certificate %s, thing %s, %s\n", t.principal.ID, t.principal.Thing(),
			progress.Plural(len(t.policies), "policy", "policies"))
	}
	if err := confirm("Remove them? A command with --against-aws that still runs would fail."); err != nil {
		return err
	}
	for _, t := range all {
		if err := withRemoval(t, connection, streams, func() error { return context.Cause(ctx) }); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(streams.Out, "removed: certificate %s\n", t.principal.ID); err != nil {
			return err
		}
	}
	return nil
}

// A vectorLine is a vector as JSON.
type vectorLine struct {
	Type     string                     `json:"type"`
	File     string                     `json:"file"`
	Name     string                     `json:"name"`
	Source   string                     `json:"source"`
	Vector   json.RawMessage            `json:"vector"`
	Policies map[string]json.RawMessage `json:"policies,omitempty"`
	Mismatch string                     `json:"mismatch,omitempty"`
	open     bool
}

// runVectors prints the vectors, and how the library decides otherwise.
func runVectors(streams terminal.Streams, output terminal.Output) error {
	all, err := policyvectors.RunAll()
	if err != nil {
		return err
	}
	lines, counts, differ := make([]vectorLine, len(all)), map[string]int{}, 0
	for i, v := range all {
		lines[i] = vectorLine{"vector", v.File, v.Name, v.Source, v.Text, v.Policies, v.Mismatch, len(v.Open) > 0}
		counts[v.File]++
		if v.Mismatch != "" {
			differ++
		}
	}
	if output == terminal.JSON {
		err = terminal.PrintLines(streams, lines)
	} else {
		err = printVectors(lines, counts, differ, streams)
	}
	if err == nil && differ > 0 {
		return exit.Silently(exit.Incomplete)
	}
	return err
}

func printVectors(lines []vectorLine, counts map[string]int, differ int, streams terminal.Streams) error {
	t := streams.Table([]terminal.Column{{Name: "FILE"}, {Name: "VECTOR"}, {Name: "REMARK", Cut: true}})
	open := 0
	for _, l := range lines {
		remark := ""
		if l.open {
			remark = "AWS leaves it open"
			open++
		}
		if l.Mismatch != "" {
			remark = "differs: " + l.Mismatch
		}
		t.Row(l.File, l.Name, remark)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(streams.Err, "%d vectors: %d decisions, of which AWS leaves %d open, %d of the linter, %d of the parser\n"+
		"the library decides %d otherwise\n", len(lines), counts["evaluate.json"], open, counts["lint.json"], counts["parse.json"], differ)
	return err
}
