package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/xdg"
)

// sandboxState is the file of the embedded sandbox in the state directory.
const sandboxState = "sandbox.state"

// targetFlags are the flags that say where devices go.
type targetFlags struct {
	account      string
	region       string
	profile      string
	endpointURL  string
	sandbox      bool
	sandboxState string
}

func (f *targetFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.account, "account", "", "refuse any other account than this")
	flags.StringVar(&f.region, "region", "", "AWS region (default: as the AWS SDK finds it)")
	flags.StringVar(&f.profile, "profile", "", "profile of the AWS configuration")
	flags.StringVar(&f.endpointURL, "endpoint-url", "", "endpoint instead of AWS's, for IoT, STS and Service Quotas alike")
	flags.BoolVar(&f.sandbox, "sandbox", false, "import into the embedded sandbox; nothing of AWS is read or called")
	flags.StringVar(&f.sandboxState, "sandbox-state", "", "file of the embedded sandbox's state (default: sandbox.state in the state directory)")
}

// check finds what flags cannot say alone.
func (f *targetFlags) check() error {
	if f.sandbox && (f.endpointURL != "" || f.profile != "") {
		return usage(errors.New("--sandbox goes with neither --endpoint-url nor --profile"),
			"thingpress sandbox serves one at an address; name that with --endpoint-url")
	}
	return nil
}

// A connection is an account and region that devices go to.
type connection struct {
	target ledger.Target
	alias  string
	client *awsiot.Client
	// embedded is the sandbox behind it, if it is one.
	embedded *sandbox.Server
	close    func() error
}

// connect finds out where devices go. The account is asked for before anything else.
func (f *targetFlags) connect(ctx context.Context, behaviour sandbox.Options) (*connection, error) {
	if f.sandbox {
		return f.connectSandbox(ctx, behaviour)
	}
	client, err := awsiot.Open(ctx, awsiot.Options{
		Region: f.region, Profile: f.profile, Endpoint: f.endpointURL, Version: version(),
	})
	if err != nil {
		return nil, withHint(err, "say where to find credentials and region: --profile, --region, or the environment of the AWS SDK; or try --sandbox")
	}
	who, err := client.Account(ctx)
	if err != nil {
		return nil, withHint(fmt.Errorf("ask who the credentials belong to: %w", err), "check them with 'aws sts get-caller-identity'; --sandbox needs none")
	}
	if f.account != "" && f.account != who.ID {
		return nil, withHint(fmt.Errorf("the credentials are of account %s, not of %s", who.ID, f.account), "choose others with --profile, or correct --account")
	}
	c := &connection{
		target: ledger.Target{Partition: who.Partition, Account: who.ID, Region: client.Region(), Endpoint: f.endpointURL},
		client: client,
		close:  func() error { return nil },
	}
	if f.endpointURL == "" {
		c.alias = client.Alias(ctx)
	}
	return c, nil
}

func (f *targetFlags) connectSandbox(ctx context.Context, behaviour sandbox.Options) (*connection, error) {
	behaviour.StatePath, behaviour.Region = f.sandboxState, f.region
	if behaviour.StatePath == "" {
		dir, err := xdg.StateDir()
		if err != nil {
			return nil, withHint(err, "say where with --sandbox-state")
		}
		behaviour.StatePath = filepath.Join(dir, sandboxState)
	}
	if err := os.MkdirAll(filepath.Dir(behaviour.StatePath), 0o700); err != nil {
		return nil, err
	}
	server, err := sandbox.New(behaviour)
	if err != nil {
		if errors.Is(err, sandbox.ErrLocked) {
			return nil, withHint(err, "wait for the other import, or give this one a state of its own with --sandbox-state")
		}
		return nil, err
	}
	// The server outlives the first interrupt: calls in flight want their answers.
	url, stop, err := sandbox.Listen(context.WithoutCancel(ctx), server, "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	end := func() error {
		stop()
		return server.Close()
	}
	client, err := awsiot.Open(ctx, awsiot.Options{
		Region: server.Region(), Endpoint: url, Version: version(), Sandbox: true,
	})
	if err != nil {
		return nil, errors.Join(err, end())
	}
	if f.account != "" && f.account != server.Account() {
		return nil, errors.Join(fmt.Errorf("the sandbox is account %s, not %s", server.Account(), f.account), end())
	}
	return &connection{
		target:   ledger.Target{Partition: "aws", Account: server.Account(), Region: server.Region(), Sandbox: server.ID()},
		client:   client,
		embedded: server,
		close:    end,
	}, nil
}

// String names account, alias, region and endpoint.
func (c *connection) String() string {
	if c.embedded != nil {
		return "sandbox (account " + c.target.Account + ", " + c.target.Region + ")"
	}
	name := "account " + c.target.Account
	if c.alias != "" {
		name += " (" + c.alias + ")"
	}
	name += ", " + c.target.Region
	if c.target.Endpoint != "" {
		name += ", " + c.target.Endpoint
	}
	return name
}

// ensure creates in the embedded sandbox what the command line names.
func (c *connection) ensure(a device.Attachments) (created []string, err error) {
	if c.embedded == nil {
		return nil, nil
	}
	return c.embedded.Ensure(a.Policies, a.ThingType, a.ThingGroups, a.BillingGroup)
}

// quotaFlags are the flags that say how fast calls may be made.
type quotaFlags struct {
	quotas []string
	share  float64
}

func (f *quotaFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringArrayVar(&f.quotas, "quota", nil, "quota of an operation: OP=TPS, OP=none or OP=default (repeatable)")
	flags.Float64Var(&f.share, "share", 1, "part of every quota that the import may take, above 0 and up to 1")
}

// check parses the flags.
func (f *quotaFlags) check() (map[iot.Operation]quota.Override, error) {
	overrides, err := quota.ParseOverrides(f.quotas)
	if err != nil {
		return nil, usage(fmt.Errorf("--quota: %w", err), "")
	}
	if f.share <= 0 || f.share > 1 {
		return nil, usage(fmt.Errorf("--share %g is not above 0 and up to 1", f.share), "")
	}
	return overrides, nil
}

// resolve finds the quotas in force, and says where they come from.
func (f *quotaFlags) resolve(ctx context.Context, client *awsiot.Client, overrides map[iot.Operation]quota.Override) (quota.Set, string, error) {
	from := quota.Sources{Overrides: overrides, Share: f.share}
	source := "the account's applied values"
	var err error
	if from.Applied, err = client.AppliedQuotas(ctx); err != nil {
		if ctx.Err() != nil {
			return quota.Set{}, "", context.Cause(ctx)
		}
		source = "the built-in defaults, because the account's could not be read: " + strings.TrimSpace(err.Error())
	}
	if len(overrides) > 0 {
		source += ", and --quota"
	}
	set, err := quota.Resolve(from)
	if err != nil {
		return quota.Set{}, "", usage(err, "")
	}
	if f.share < 1 {
		source += fmt.Sprintf(", %g of each", f.share)
	}
	return set, source, nil
}
