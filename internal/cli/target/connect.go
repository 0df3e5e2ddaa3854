package target

import (
	"context"
	"fmt"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
)

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
		return nil, exit.WithHint(fmt.Errorf("ask who the credentials belong to: %w", err), "check them with 'aws sts get-caller-identity'; --sandbox needs none")
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
