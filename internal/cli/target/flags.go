// Package target finds the account and region that a command works on: in AWS,
// or the sandbox that is embedded in this program.
package target

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
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
		return exit.WithHint(fmt.Errorf("the credentials are of account %s, not of %s", account, f.Account), "choose others with --profile, or correct --account")
	}
	return nil
}

// WhereCredentials is the hint of an error that says that there are none.
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
	c.Flags().StringVar(&f.SandboxState, "sandbox-state", "", "file of the embedded sandbox's state (default: sandbox.state in the state directory)")
}

// Check finds flags that exclude each other.
func (f *Flags) Check() error {
	if f.Sandbox && (f.EndpointURL != "" || f.Profile != "") {
		return exit.UsageError(errors.New("--sandbox goes with neither --endpoint-url nor --profile"),
			"thingpress sandbox serves one at an address; name that with --endpoint-url")
	}
	return nil
}
