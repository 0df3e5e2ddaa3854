// Package stacks has the commands that install Thingpress in an AWS account and
// look after it there.
package stacks

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// stackFlags are those of all commands on a stack.
type stackFlags struct {
	stack string
	target.AccountFlags
	quiet  bool
	output terminal.Output
}

func (f *stackFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.stack, "stack", "thingpress", "name of the stack in CloudFormation")
	f.Add(c.Flags(), "all services")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print no progress")
	f.output.AddFlag(c)
}

// NewCommand returns `thingpress stack`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "stack",
		Short: "Install Thingpress in an AWS account, and look after it",
		Long: `Install Thingpress in an AWS account, as a CloudFormation stack: manifests that are put
into a vendor's bucket are imported from there, by functions in the account, at the
limit of its quotas. docs/stack.md is the guide.

` + exit.Help,
		Example: `  # set up, with two attachments
  thingpress stack deploy --parameter IoTPolicies=sensors --parameter IoTThingType=sensor

  # import a manifest, and follow
  thingpress stack upload reel.csv

  # how it is
  thingpress stack status
  thingpress stack imports`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		newDelete(streams),
		newDeploy(streams),
		newImport(streams),
		newImports(streams),
		newRedrive(streams),
		newReport(streams),
		newSigners(streams),
		newStatus(streams),
		newUpload(streams),
	)
	return c
}

// openAccount finds out whose the credentials are.
func (f *stackFlags) openAccount(ctx context.Context) (*operate.Account, error) {
	account, err := operate.Open(ctx, operate.Options{
		Region: f.Region, Profile: f.Profile, Endpoint: f.EndpointURL, Version: version.Current(),
	})
	if err != nil {
		return nil, exit.WithHint(err, target.WhereCredentials)
	}
	return account, f.Guard(account.ID)
}

// open finds the stack.
func (f *stackFlags) open(ctx context.Context) (*operate.Stack, error) {
	account, err := f.openAccount(ctx)
	if err != nil {
		return nil, err
	}
	stack, err := account.Find(ctx, f.stack)
	if errors.Is(err, operate.ErrNoStack) {
		return nil, exit.WithHint(fmt.Errorf("account %s: %w", account.ID, err),
			"thingpress stack deploy makes one; --stack and --region say where it is")
	}
	return stack, err
}
