package target

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// QuotaFlags are the flags that limit the rate of calls.
type QuotaFlags struct {
	quotas []string
	share  float64
}

// Add adds the flags to a command.
func (f *QuotaFlags) Add(c *cobra.Command) {
	f.AddOverrides(c)
	c.Flags().Float64Var(&f.share, "share", 1, "`fraction` of every quota that the import may use, above 0 and up to 1")
}

// AddOverrides adds only --quota to a command.
func (f *QuotaFlags) AddOverrides(c *cobra.Command) {
	f.share = 1
	c.Flags().StringArrayVar(&f.quotas, "quota", nil, "quota of an operation: `OP=TPS`, OP=none or OP=default (repeatable)")
}

// Overrides parses the flags.
func (f *QuotaFlags) Overrides() (map[iot.Operation]quota.Override, error) {
	overrides, err := quota.ParseOverrides(f.quotas)
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("--quota: %w", err), "")
	}
	if !(f.share > 0 && f.share <= 1) { // also if it is not a number
		return nil, exit.UsageError(fmt.Errorf("--share %g is not between 0 and 1", f.share), "")
	}
	return overrides, nil
}

// Quotas are the quotas in force.
type Quotas struct {
	quota.Set
	// From describes for people where the quotas come from.
	From string
}

// Limiters returns limiters that keep calls within the quotas.
func (q Quotas) Limiters() *quota.Limiters { return quota.NewLimiters(q.Set, quota.Options{}) }

// Resolve returns the quotas in force, with the overrides of [QuotaFlags.Overrides]. Without a client
// they are those of an account that never asked for more.
func (f *QuotaFlags) Resolve(ctx context.Context, client *awsiot.Client, overrides map[iot.Operation]quota.Override) (Quotas, error) {
	sources := quota.Sources{Overrides: overrides, Share: f.share}
	from := "the account's applied values"
	var err error
	if client == nil {
		from = "the defaults of AWS, because of --offline"
	} else if sources.Applied, err = client.AppliedQuotas(ctx); err != nil {
		if ctx.Err() != nil {
			return Quotas{}, context.Cause(ctx)
		}
		from = "the built-in defaults, because the account's values could not be read: " + strings.TrimSpace(err.Error())
	}
	if len(overrides) > 0 {
		from += ", and --quota"
	}
	set, err := quota.Resolve(sources)
	if err != nil {
		return Quotas{}, exit.UsageError(err, "")
	}
	if f.share < 1 {
		from += fmt.Sprintf(", %g of each", f.share)
	}
	return Quotas{Set: set, From: from}, nil
}
