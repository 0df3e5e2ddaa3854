package stacks

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/quota"
	functions "github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
	"github.com/thingpress/thingpress/stack"
)

// batchParameter is the number of devices in a batch of an importer.
const batchParameter = "ImporterBatch"

// checkTimeout is enough for some dozen calls, even if they are throttled.
const checkTimeout = time.Minute

// checkRequirements refuses a deployment to a stack that would stop every import. If AWS does
// not answer it refuses nothing, because the decoder checks again before it sends anything. It
// changes the batches of the importers to those that suit the quotas, unless the user did.
func (o *deployOptions) checkRequirements(
	ctx context.Context, account *operate.Account, changed map[string]string, streams terminal.Streams,
) error {
	config, parameters, err := account.Configuration(ctx, o.stack, stack.Template, changed)
	if err != nil {
		return exit.UsageError(err, "docs/stack.md describes the parameters")
	}
	client, err := awsiot.Open(ctx, awsiot.Options{Region: o.Region, Profile: o.Profile, Endpoint: o.EndpointURL, Version: version.Current()})
	if err != nil {
		return err
	}
	defer client.Close()
	limited, end := context.WithTimeout(ctx, checkTimeout)
	defer end()
	applied, err := client.AppliedQuotas(limited)
	if ctx.Err() != nil {
		return exit.IfInterrupted(ctx, context.Cause(ctx), "interrupted before anything was changed")
	}
	if err != nil {
		plain.Fprintf(streams.Err, "the account's quotas could not be read; checking with the defaults: %v\n", awsiot.Explain(err))
	}
	quotas, err := quota.Resolve(quota.Sources{Applied: applied, Share: config.Share})
	if err != nil {
		return exit.UsageError(fmt.Errorf("--parameter QuotaShare: %w", err), "")
	}
	if _, chosen := changed[batchParameter]; !chosen && applied != nil {
		changed[batchParameter] = strconv.Itoa(functions.BatchSize(quotas, config.MaxConcurrency, parameters.Attachments))
	}
	report, err := functions.CheckRequirements(limited, client.AWS(), quotas, config.MaxConcurrency, parameters.Attachments)
	var unmet *functions.UnmetError
	switch {
	case errors.As(err, &unmet):
		return exit.WithHint(fmt.Errorf("nothing was changed, because this stack would stop every import: %s", unmet.Problem), unmet.Todo)
	case ctx.Err() != nil:
		return exit.IfInterrupted(ctx, context.Cause(ctx), "interrupted before anything was changed")
	case err != nil:
		plain.Fprintf(streams.Err, "the attachments could not be checked; the stack checks them before each import: %v\n", awsiot.Explain(err))
	case !report.Connectable:
		plain.Fprintf(streams.Err, "warning: neither IoTPolicies nor a thing group has a policy, so the devices could not connect\n")
	}
	return nil
}
