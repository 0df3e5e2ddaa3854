package target

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/ledger"
)

// AddOffline adds --offline to a command that calls nothing with it.
func (f *Flags) AddOffline(c *cobra.Command) {
	c.Flags().BoolVar(&f.offline, "offline", false, "call nothing, and use the default quotas of AWS")
}

// checkOffline returns an error if another flag selects something to call.
func (f *Flags) checkOffline() error {
	if f.offline && (f.Sandbox || f.EndpointURL != "") {
		return exit.UsageError(errors.New("--offline cannot be combined with --sandbox or --endpoint-url"), "leave out --offline")
	}
	return nil
}

// connectOffline returns the connection of --offline.
func (f *Flags) connectOffline() *Connection {
	return &Connection{Target: ledger.Target{Partition: "aws", Account: f.Account, Region: f.Region}}
}

// Offline reports whether nothing may be called. Then Client is nil, and account and region may be
// unknown.
func (c *Connection) Offline() bool { return c.Client == nil }
