// Package stacks has the commands that install Thingpress in an AWS account and
// operate it there.
package stacks

import (
	"cmp"
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

// stackFlags are the flags of every command on a stack.
type stackFlags struct {
	stack string
	target.AccountFlags
	quiet  bool
	output terminal.Output
}

// defaultStack is the stack of commands that name none.
const defaultStack = "thingpress"

func (f *stackFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.stack, "stack", defaultStack, "`name` of the CloudFormation stack")
	f.Add(c.Flags(), "all services")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print no progress")
	f.output.AddFlag(c)
}

// NewCommand returns `thingpress stack`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "stack",
		Short: "Install Thingpress in an AWS account, and operate it",
		Long: `Install Thingpress in an AWS account as a CloudFormation stack, and operate it. The
stack imports every manifest that is uploaded to the bucket of its vendor, as fast
as the quotas of the account allow. docs/stack.md is the guide.

` + exit.Help,
		Example: `  # install the stack, with a policy and a thing type for every device
  thingpress stack deploy --parameter IoTPolicies=sensors --parameter IoTThingType=sensor

  # upload a manifest and follow its import
  thingpress stack upload reel.csv

  # check the stack and its imports
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
		newTemplate(streams),
		newUpload(streams),
	)
	return c
}

// openAccount finds out the account of the credentials, and checks --account.
func (f *stackFlags) openAccount(ctx context.Context, streams terminal.Streams) (*operate.Account, error) {
	if err := f.CheckEndpoint(); err != nil {
		return nil, err
	}
	answered := target.AnnounceWait(streams.Err, cmp.Or(f.EndpointURL, "AWS"))
	account, err := operate.Open(ctx, operate.Options{
		Region: f.Region, Profile: f.Profile, Endpoint: f.EndpointURL, Version: version.Current(),
	})
	answered()
	if err != nil {
		return nil, exit.WithHint(err, target.ConfigHint(err))
	}
	return account, f.Guard(account.ID)
}

// open finds the stack.
func (f *stackFlags) open(ctx context.Context, streams terminal.Streams) (*operate.Stack, error) {
	account, err := f.openAccount(ctx, streams)
	if err != nil {
		return nil, err
	}
	stack, err := account.Find(ctx, f.stack)
	if errors.Is(err, operate.ErrNoStack) {
		return nil, exit.WithHint(fmt.Errorf("account %s: %w", account.ID, err),
			"create it with thingpress stack deploy, or name another one with --stack and --region")
	}
	return stack, err
}
