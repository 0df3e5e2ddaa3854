// Package target connects a command to the account and region that it works on,
// which are in AWS or in the sandbox that is embedded in this program.
package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/nearest"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// AccountFlags are the flags that select an AWS account.
type AccountFlags struct {
	Account     string
	Region      string
	Profile     string
	EndpointURL string
}

// Add adds the flags. The services are those that --endpoint-url replaces.
func (f *AccountFlags) Add(flags *pflag.FlagSet, services string) {
	flags.StringVar(&f.Account, "account", "", "refuse any account other than this `ID`")
	flags.StringVar(&f.Region, "region", "", "AWS `region` (default: from the AWS configuration)")
	flags.StringVar(&f.Profile, "profile", "", "`profile` of the AWS configuration")
	terminal.AddLogFlags(flags)
	flags.StringVar(&f.EndpointURL, "endpoint-url", "", "`URL` to call instead of AWS, for "+services)
}

// Guard refuses credentials of an account other than --account.
func (f *AccountFlags) Guard(account string) error {
	if f.Account != "" && f.Account != account {
		return exit.WithHint(fmt.Errorf("the credentials belong to account %s, not %s", account, f.Account),
			"select other credentials with --profile, or correct --account")
	}
	return nil
}

// ConfigHint returns what to do about an error in the configuration of AWS.
func ConfigHint(err error) string {
	var missing *awsiot.ProfileError
	switch {
	case errors.Is(err, awsiot.ErrNoRegion):
		return "name a region with --region or AWS_REGION"
	case errors.As(err, &missing):
		if near := nearest.Of(missing.Name, awsiot.Profiles(os.LookupEnv)); near != "" {
			return "correct it with --profile " + terminal.ShellQuote(near)
		}
		return "list the profiles with 'aws configure list-profiles', and name one with --profile"
	}
	return cmp.Or(exit.Hint(err), "correct the files in ~/.aws, or set credentials and region with --profile and --region")
}

// Flags are the flags that select the target of an import.
type Flags struct {
	AccountFlags
	Sandbox      bool
	SandboxState string
	StrictNames  bool

	offline bool
}

// Add adds the flags to a command.
func (f *Flags) Add(c *cobra.Command) {
	f.AccountFlags.Add(c.Flags(), "IoT, STS and Service Quotas")
	c.Flags().BoolVar(&f.Sandbox, "sandbox", false, "use the embedded sandbox; AWS is not called")
	c.Flags().StringVar(&f.SandboxState, "sandbox-state", "",
		"`file` with the state of the embedded sandbox (default: sandbox.state in the state directory)")
	c.Flags().BoolVar(&f.StrictNames, "strict-names", false, "do not create policies, types and groups that the sandbox does not have")
}

// Check returns an error if flags exclude each other.
func (f *Flags) Check() error {
	if f.Sandbox && (f.EndpointURL != "" || f.Profile != "") {
		return exit.UsageError(errors.New("--sandbox cannot be combined with --endpoint-url or --profile"),
			"add --sandbox=false, or leave out the others; --endpoint-url can name the address of thingpress sandbox")
	}
	return cmp.Or(f.checkOffline(), f.CheckEndpoint())
}

// A Connection is a connection to an account and region.
type Connection struct {
	Target ledger.Target
	// Spelled is the target as version 0.1.0 recorded it, with the endpoint as it was typed.
	Spelled ledger.Target
	Alias   string // of the account; empty if there is none or it cannot be read
	Client  *awsiot.Client
	// AWSFlags are the flags that lead the AWS CLI to the same target; empty if it needs none.
	AWSFlags string

	embedded *sandbox.Server // nil unless it is the embedded sandbox
	strict   bool            // the embedded sandbox must have the attachments
	end      func() error    // nil if there is nothing to close
}

// Connect connects to the target and finds out its account. The caller must close
// the connection. It warns if credentials of AWS go to an endpoint where others can read them.
func (f *Flags) Connect(ctx context.Context, warnings io.Writer) (*Connection, error) {
	if f.offline {
		return f.connectOffline(), nil
	}
	if f.Sandbox {
		return f.connectSandbox(ctx, false)
	}
	client, err := awsiot.Open(ctx, awsiot.Options{
		Region: f.Region, Profile: f.Profile, Endpoint: f.EndpointURL, Version: version.Current(),
	})
	if err != nil {
		return nil, exit.WithHint(err, ConfigHint(err))
	}
	endpoint, err := normalEndpoint(client.Endpoint())
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("the endpoint of the AWS configuration %w", err), "set another one with --endpoint-url")
	}
	if isExposed(endpoint) && client.IsAWSKey(ctx) {
		fmt.Fprintf(warnings, "warning: %s is not encrypted, so that others can read the calls\n"+
			"that are made with credentials of AWS; use an https URL\n", endpoint)
	}
	answered := AnnounceWait(warnings, cmp.Or(endpoint, "AWS in "+client.Region()))
	who, err := client.Account(ctx)
	answered()
	if err != nil {
		err = fmt.Errorf("find the account of the credentials: %w", err)
		return nil, exit.WithHint(err, f.credentialsHint(err, endpoint))
	}
	if err := f.Guard(who.ID); err != nil {
		return nil, err
	}
	c := &Connection{
		Target: ledger.Target{Partition: who.Partition, Account: who.ID, Region: client.Region(), Endpoint: endpoint},
		Client: client,
	}
	c.Spelled = c.Target
	c.Spelled.Endpoint = f.EndpointURL
	c.AWSFlags = f.awsFlags()
	if endpoint == "" {
		c.Alias = client.Alias(ctx)
	}
	return c, nil
}

// credentialsHint returns what to do if the account of the credentials cannot be found out.
func (f *Flags) credentialsHint(err error, endpoint string) string {
	hint := cmp.Or(exit.Hint(err), "check the credentials with 'aws sts get-caller-identity'")
	if f.Profile != "" {
		hint = strings.ReplaceAll(hint, "aws sso login", "aws sso login --profile "+terminal.ShellQuote(f.Profile))
	}
	var api *iot.APIError
	switch {
	case !errors.As(err, &api) || api.Fault != iot.FaultNoCredentials:
		return hint
	case endpoint != "":
		return hint + "; a sandbox accepts any values"
	}
	return hint + "; --sandbox needs no credentials"
}

// awsFlags returns the flags of this command line that the AWS CLI has as well.
func (f *AccountFlags) awsFlags() string {
	var words []string
	for _, flag := range []struct{ name, value string }{{"--region", f.Region}, {"--profile", f.Profile}, {"--endpoint-url", f.EndpointURL}} {
		if flag.value != "" {
			words = append(words, flag.name, terminal.ShellQuote(flag.value))
		}
	}
	return strings.Join(words, " ")
}

// AnnounceWait prints what the command waits for if that takes more than two seconds. The caller must
// call answered before it writes to w.
func AnnounceWait(w io.Writer, from string) (answered func()) {
	printed := make(chan struct{})
	timer := time.AfterFunc(2*time.Second, func() {
		defer close(printed)
		plain.Fprintf(w, "waiting for an answer of %s\n", from)
	})
	return func() {
		if !timer.Stop() {
			<-printed
		}
	}
}

// Close closes the embedded sandbox, if it is the target.
func (c *Connection) Close() error {
	if c.end == nil {
		return nil
	}
	return c.end()
}

// IsAWS reports whether the target is an account of AWS, and not a sandbox or another endpoint.
func (c *Connection) IsAWS() bool { return c.Target.Sandbox == "" && c.Target.Endpoint == "" }

// Embedded reports whether the target is the sandbox of this process.
func (c *Connection) Embedded() bool { return c.embedded != nil }

// String returns account, alias, region and endpoint for people.
func (c *Connection) String() string {
	if c.Offline() {
		return "no account (offline)"
	}
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

// Attachments returns what the embedded sandbox has, such as "policy sensors". In AWS it
// returns nothing.
func (c *Connection) Attachments() []string {
	if !c.Embedded() {
		return nil
	}
	return c.embedded.Names()
}

// Ensure creates missing attachments in the embedded sandbox unless names are strict, and
// returns what it created. A similar name is one of before. In AWS it does nothing.
func (c *Connection) Ensure(a device.Attachments, before []string) ([]Created, error) {
	if !c.Embedded() || c.strict {
		return nil, nil
	}
	names, err := c.embedded.Ensure(a.Policies, a.ThingType, a.ThingGroups, a.BillingGroup)
	var created []Created
	for _, name := range names {
		created = append(created, Created{name, similar(name, before)})
	}
	return created, err
}

// similar returns the attachment of the same kind whose name is like that of another one, or "".
func similar(attachment string, before []string) string {
	for _, kind := range []string{"policy ", "thing type ", "thing group ", "billing group "} {
		name, ok := strings.CutPrefix(attachment, kind)
		if !ok {
			continue
		}
		var names []string
		for _, other := range before {
			if other, ok := strings.CutPrefix(other, kind); ok {
				names = append(names, other)
			}
		}
		if near := nearest.Of(name, names); near != "" {
			return kind + near
		}
	}
	return ""
}

// Created is an attachment that did not exist in the sandbox, such as "policy sensors", and an
// earlier one of the same kind whose name is similar; empty if there is none.
type Created struct{ Name, Similar string }

// String returns the name, and asks for the similar one.
func (c Created) String() string {
	if c.Similar == "" {
		return c.Name
	}
	return c.Name + " (did you mean " + c.Similar + "?)"
}
