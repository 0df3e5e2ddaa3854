// Package target finds the account and region that a command works on: in AWS,
// or the sandbox that is embedded in this program.
package target

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// AccountFlags are the flags that name an AWS account and the way to it.
type AccountFlags struct {
	Account     string
	Region      string
	Profile     string
	EndpointURL string
}

// Add adds the flags; services are those that --endpoint-url stands for.
func (f *AccountFlags) Add(flags *pflag.FlagSet, services string) {
	flags.StringVar(&f.Account, "account", "", "refuse any other account than this")
	flags.StringVar(&f.Region, "region", "", "AWS region (default: as the AWS SDK finds it)")
	flags.StringVar(&f.Profile, "profile", "", "profile of the AWS configuration")
	flags.StringVar(&f.EndpointURL, "endpoint-url", "", "endpoint instead of AWS's, for "+services+" alike")
}

// Guard refuses credentials of another account than --account names.
func (f *AccountFlags) Guard(account string) error {
	if f.Account != "" && f.Account != account {
		return exit.WithHint(fmt.Errorf("the credentials are of account %s, not of %s", account, f.Account),
			"choose others with --profile, or correct --account")
	}
	return nil
}

// WhereCredentials is the hint to give if there are no credentials.
const WhereCredentials = "say where to find credentials and region: --profile, --region, or the environment of the AWS SDK"

// Flags are the flags that name where devices go.
type Flags struct {
	AccountFlags
	Sandbox      bool
	SandboxState string
}

// Add adds the flags to a command.
func (f *Flags) Add(c *cobra.Command) {
	f.AccountFlags.Add(c.Flags(), "IoT, STS and Service Quotas")
	c.Flags().BoolVar(&f.Sandbox, "sandbox", false, "import into the embedded sandbox; nothing of AWS is read or called")
	c.Flags().StringVar(&f.SandboxState, "sandbox-state", "",
		"file of the embedded sandbox's state (default: sandbox.state in the state directory)")
}

// Check finds flags that exclude each other.
func (f *Flags) Check() error {
	if f.Sandbox && (f.EndpointURL != "" || f.Profile != "") {
		return exit.UsageError(errors.New("--sandbox goes with neither --endpoint-url nor --profile"),
			"thingpress sandbox serves one at an address; name that with --endpoint-url")
	}
	return nil
}

// A Connection is an account and region that devices go to.
type Connection struct {
	Target ledger.Target
	Alias  string // of the account; empty if it has none or may not be read
	Client *awsiot.Client

	embedded *sandbox.Server // nil if it is not the sandbox
	end      func() error    // nil if nothing has to be ended
}

// Connect finds out where devices go. The account is asked for before anything
// else. The caller must close the connection.
func (f *Flags) Connect(ctx context.Context) (*Connection, error) {
	if f.Sandbox {
		return f.connectSandbox(ctx)
	}
	client, err := awsiot.Open(ctx, awsiot.Options{
		Region: f.Region, Profile: f.Profile, Endpoint: f.EndpointURL, Version: version.Current(),
	})
	if err != nil {
		return nil, exit.WithHint(err, WhereCredentials+"; or try --sandbox")
	}
	who, err := client.Account(ctx)
	if err != nil {
		return nil, exit.WithHint(fmt.Errorf("ask who the credentials belong to: %w", err),
			"check them with 'aws sts get-caller-identity'; --sandbox needs none")
	}
	if err := f.Guard(who.ID); err != nil {
		return nil, err
	}
	c := &Connection{
		Target: ledger.Target{Partition: who.Partition, Account: who.ID, Region: client.Region(), Endpoint: f.EndpointURL},
		Client: client,
	}
	if f.EndpointURL == "" {
		c.Alias = client.Alias(ctx)
	}
	return c, nil
}

// Close ends the sandbox that is embedded, if there is one.
func (c *Connection) Close() error {
	if c.end == nil {
		return nil
	}
	return c.end()
}

// Embedded reports whether devices go into the sandbox of this process.
func (c *Connection) Embedded() bool { return c.embedded != nil }

// String names account, alias, region and endpoint.
func (c *Connection) String() string {
	if c.Embedded() {
		return "sandbox (account " + c.Target.Account + ", " + c.Target.Region + ")"
	}
	name := "account " + c.Target.Account
	if c.Alias != "" {
		name += " (" + c.Alias + ")"
	}
	name += ", " + c.Target.Region
	if c.Target.Endpoint != "" {
		name += ", " + c.Target.Endpoint
	}
	return name
}

// Ensure creates in the embedded sandbox what the command line names, and
// returns what it created. In AWS it does nothing.
func (c *Connection) Ensure(a device.Attachments) (created []string, err error) {
	if !c.Embedded() {
		return nil, nil
	}
	return c.embedded.Ensure(a.Policies, a.ThingType, a.ThingGroups, a.BillingGroup)
}
