package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/environment"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack/operate"
	"github.com/thingpress/thingpress/stack"
)

type stackDeployOptions struct {
	stackFlags
	parameters []string
	code       string
	artifacts  string
	yes        bool
}

func newStackDeploy(streams Streams) *cobra.Command {
	var o stackDeployOptions
	c := &cobra.Command{
		Use:   "deploy",
		Short: "Create or update the stack",
		Long: `Create the stack, or bring it up to this version of Thingpress and to other parameters.
What would change is shown first; on a terminal it is then asked for, elsewhere --yes says
that it may be. Parameters that are not named keep the value that they have.

The functions' code is dist/thingpress-lambda.zip, which 'make lambda' builds. Code and
template go into a bucket that is made for them, or that --artifact-bucket names.

The parameters are described in docs/stack.md; the important ones are IoTPolicies,
IoTThingGroups, IoTThingType and NotificationEmail.

` + exitHelp,
		Example: `  make lambda
  thingpress stack deploy --parameter IoTPolicies=sensors --parameter IoTThingGroups=line-1,reel-7

  # a second stack beside it, each with half of the quotas
  thingpress stack deploy --parameter QuotaShare=0.5 --yes
  thingpress stack deploy --stack line-2 --parameter QuotaShare=0.5 --parameter IoTPolicies=gateways --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runStackDeploy(c.Context(), o, streams)
		},
	}
	o.add(c)
	flags := c.Flags()
	flags.StringArrayVarP(&o.parameters, "parameter", "p", nil, "parameter of the template: NAME=VALUE (repeatable)")
	flags.StringVar(&o.code, "code", "dist/thingpress-lambda.zip", "zip with the functions' code")
	flags.StringVar(&o.artifacts, "artifact-bucket", "", "bucket for code and template (default: thingpress-artifacts-ACCOUNT-REGION, which is made)")
	flags.BoolVarP(&o.yes, "yes", "y", false, "carry the changes out without asking")
	return c
}

// changed is the --parameter flags as a map.
func (o *stackDeployOptions) changed() (map[string]string, error) {
	values := map[string]string{}
	for _, p := range o.parameters {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, usage(fmt.Errorf("--parameter %q is not NAME=VALUE", p), "such as --parameter IoTPolicies=sensors")
		}
		values[name] = value
	}
	return values, nil
}

func runStackDeploy(ctx context.Context, o stackDeployOptions, streams Streams) error {
	parameters, err := o.changed()
	if err != nil {
		return err
	}
	account, err := o.openAccount(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(streams.Err, "stack %s in account %s, %s\n", o.stack, account.ID, account.Region)
	if err := o.checkConcurrency(ctx, account, parameters, streams); err != nil {
		return err
	}
	printer := progress.New(streams.Err, progressMode(o.quiet, streams), streams.Width)
	defer printer.Close()
	printer.Update(progress.Status{Phase: "working out what would change"})
	set, err := account.Prepare(ctx, operate.Deployment{
		Stack: o.stack, Template: stack.Template, Code: o.code, Artifacts: o.artifacts, Parameters: parameters,
	})
	printer.Pause()
	if errors.Is(err, fs.ErrNotExist) {
		return withHint(err, "'make lambda' builds it; --code says where it is")
	}
	var unknown *operate.UnknownParameterError
	if errors.As(err, &unknown) {
		return usage(err, "docs/stack.md explains each")
	}
	if err != nil {
		return ended(ctx, err, "interrupted before anything was changed")
	}
	if len(set.Changes) == 0 {
		return o.print(streams, "unchanged", nil)
	}
	if err := o.show(streams, set); err != nil {
		return err
	}
	if !o.yes && !confirmed(streams, fmt.Sprintf("carry out %d changes?", len(set.Changes))) {
		return errors.Join(withHint(errors.New("nothing was changed: not confirmed"), "--yes does not ask"), set.Discard(ctx))
	}
	err = set.Execute(ctx, func(e operate.Event) { noteEvent(printer, e) })
	printer.Pause()
	if err != nil {
		return ended(ctx, err, "interrupted; CloudFormation goes on by itself: thingpress stack status tells how it is")
	}
	found, err := account.Find(ctx, o.stack)
	if err != nil {
		return err
	}
	return o.print(streams, "deployed", found)
}

// noteEvent tells of a resource that is done, or has failed.
func noteEvent(printer *progress.Printer, e operate.Event) {
	if strings.HasSuffix(e.Status, "_IN_PROGRESS") {
		printer.Update(progress.Status{Phase: e.LogicalID, Note: strings.ToLower(e.Status)})
		return
	}
	line := fmt.Sprintf("%s %s", e.LogicalID, strings.ToLower(e.Status))
	if e.Reason != "" {
		line += ": " + e.Reason
	}
	printer.Note("%s", line)
}

func (o *stackDeployOptions) show(streams Streams, set *operate.ChangeSet) error {
	if o.output == outputJSON {
		encoder := json.NewEncoder(streams.Out)
		for _, change := range set.Changes {
			if err := encoder.Encode(struct {
				Type string `json:"type"`
				operate.Change
			}{"change", change}); err != nil {
				return err
			}
		}
		return nil
	}
	t := newTable(streams.Out, streams.OutTerminal, "ACTION", "RESOURCE", "TYPE", "REPLACEMENT")
	for _, change := range set.Changes {
		t.row(strings.ToLower(change.Action), change.LogicalID, change.Type, strings.ToLower(change.Replacement))
	}
	return t.flush()
}

// print is the end of a deployment.
func (o *stackDeployOptions) print(streams Streams, result string, found *operate.Stack) error {
	buckets := map[string]string{}
	if found != nil {
		for _, of := range []string{"espressif", "infineon", "microchip", "generated", "signer", "reports"} {
			name, err := found.Bucket(of)
			if err != nil {
				return err
			}
			buckets[of] = name
		}
	}
	if o.output == outputJSON {
		return json.NewEncoder(streams.Out).Encode(struct {
			Type    string            `json:"type"`
			Stack   string            `json:"stack"`
			Result  string            `json:"result"`
			Buckets map[string]string `json:"buckets,omitempty"`
		}{"summary", o.stack, result, buckets})
	}
	if found == nil {
		_, err := fmt.Fprintf(streams.Out, "stack %s is as it should be: nothing to change\n", o.stack)
		return err
	}
	fmt.Fprintf(streams.Out, "stack %s is ready. Put manifests into their bucket, or use thingpress stack upload:\n", o.stack)
	for _, of := range []string{"espressif", "infineon", "microchip", "generated", "signer", "reports"} {
		if _, err := fmt.Fprintf(streams.Out, "  %-10s s3://%s\n", of, buckets[of]); err != nil {
			return err
		}
	}
	return nil
}

// checkConcurrency refuses more importers than the binding quota has calls a
// second: each would begin below one. What cannot be found out is not refused;
// the decoder looks again before it sends anything.
func (o *stackDeployOptions) checkConcurrency(ctx context.Context, account *operate.Account, changed map[string]string, streams Streams) error {
	parameters := map[string]string{"MaxConcurrency": "2", "QuotaShare": "1"}
	if before, err := account.Find(ctx, o.stack); err == nil {
		maps.Copy(parameters, before.Parameters)
	}
	maps.Copy(parameters, changed)
	importers, err := strconv.Atoi(parameters["MaxConcurrency"])
	share, wrong := strconv.ParseFloat(parameters["QuotaShare"], 64)
	if err != nil || wrong != nil || importers <= 2 {
		return nil // two are the least, and what is no number CloudFormation refuses
	}
	client, err := awsiot.Open(ctx, awsiot.Options{Region: o.region, Profile: o.profile, Endpoint: o.endpointURL, Version: version()})
	if err != nil {
		return err
	}
	defer client.Close()
	applied, err := client.AppliedQuotas(ctx)
	if err != nil {
		fmt.Fprintf(streams.Err, "the account's quotas could not be read, so the defaults are taken: %s\n", strings.TrimSpace(err.Error()))
	}
	set, err := quota.Resolve(quota.Sources{Applied: applied, Share: share})
	if err != nil {
		return usage(fmt.Errorf("--parameter QuotaShare: %w", err), "")
	}
	rate, binding := quota.Ceiling(set, quota.FreshPath(set, names(parameters["IoTPolicies"]), names(parameters["IoTThingGroups"])))
	tps := set.TPS(binding)
	if binding == "" || math.IsInf(rate, 1) || float64(importers) <= tps {
		return nil
	}
	return withHint(fmt.Errorf("MaxConcurrency %d is more than the %g calls a second of %s, whose quota binds: each importer needs one of them", importers, tps, binding),
		"more importers are not faster: the quota is what limits; 2 are enough for 100 devices a second")
}

// names counts the names of a parameter that is a list.
func names(list string) int {
	if list == "" || strings.EqualFold(list, "none") {
		return 0
	}
	return len(environment.List(list))
}
