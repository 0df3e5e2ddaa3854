// Package sandboxes is the command that serves the sandbox at an address.
package sandboxes

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/sandbox"
)

type options struct {
	listen  string
	state   string
	account string
	region  string
	quotas  []string
	applied []string
	latency string
	faults  string
	seed    uint64
	strict  bool
	verbose bool
}

// NewCommand returns `thingpress sandbox`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve an AWS IoT-compatible endpoint for rehearsals",
		Long: `Serve the operations of AWS IoT that Thingpress uses, and those that look at the
result, with AWS's rules, limits and quotas, for rehearsals without an account.
STS and Service Quotas are answered on the same port. The AWS CLI and the SDKs work
against it with --endpoint-url and any credentials.

Without --state nothing is kept. Ctrl-C ends it.`,
		Example: `  # what AWS would let through with the default quotas, 40 ms away
  thingpress sandbox --quota default --latency 40ms

  # a bad day: throttling, errors, lost connections, lists that lag behind
  thingpress sandbox --fault throttle=0.05,error=0.02,drop=0.01,stall=0.01,stale=2s --fault-seed 7

  # then, in another terminal
  thingpress import --endpoint-url http://127.0.0.1:4510 --region us-east-1 reel.csv
  aws iot list-things --endpoint-url http://127.0.0.1:4510 --region us-east-1`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return serveSandbox(c.Context(), o, streams) },
	}
	flags := c.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:4510", "address to listen on; port 0 takes a free one")
	flags.StringVar(&o.state, "state", "", "file that keeps the state between runs")
	flags.StringVar(&o.account, "account", "", "account of the sandbox, twelve digits (default 123456789012)")
	flags.StringVar(&o.region, "region", "", "region of the sandbox (default us-east-1)")
	flags.StringArrayVar(&o.quotas, "quota", nil, "quotas that are enforced: default, default*FACTOR, none, or OP=TPS (repeatable)")
	flags.StringArrayVar(&o.applied, "applied", nil, "OP=TPS that Service Quotas tells, apart from what is enforced (repeatable)")
	flags.StringVar(&o.latency, "latency", "", "latency of every answer, such as 40ms or 40ms±20ms")
	flags.StringVar(&o.faults, "fault", "",
		"shares of calls that go wrong: throttle=, error=, drop=, stall=, and stale=DURATION for lists that lag behind")
	flags.Uint64Var(&o.seed, "fault-seed", 1, "seed that repeats the faults of a run")
	flags.BoolVar(&o.strict, "strict", false, "refuse certificates that are expired or of a certification authority")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "print every call on stderr")
	return c
}

// behaviour parses the flags that decide how the sandbox behaves.
func (o *options) behaviour() (sandbox.Options, error) {
	b := sandbox.Options{StatePath: o.state, Account: o.account, Region: o.region, Strict: o.strict}
	var err error
	if b.Quotas, err = sandbox.ParseQuotas(o.quotas); err != nil {
		return b, exit.UsageError(fmt.Errorf("--quota: %w", err), "")
	}
	if len(o.applied) > 0 {
		if b.Applied, err = sandbox.ParseQuotas(o.applied); err != nil {
			return b, exit.UsageError(fmt.Errorf("--applied: %w", err), "")
		}
	}
	if b.Latency, err = sandbox.ParseLatency(o.latency); err != nil {
		return b, exit.UsageError(fmt.Errorf("--latency: %w", err), "")
	}
	if b.Faults, err = sandbox.ParseFaults(o.faults); err != nil {
		return b, exit.UsageError(fmt.Errorf("--fault: %w", err), "")
	}
	b.Faults.Seed = o.seed
	return b, nil
}

func serveSandbox(ctx context.Context, o options, streams terminal.Streams) error {
	behaviour, err := o.behaviour()
	if err != nil {
		return err
	}
	if o.verbose {
		behaviour.Log = func(c sandbox.Call) {
			fmt.Fprintf(streams.Err, "%s %s %s %d %s %s\n", time.Now().Format("15:04:05.000"),
				c.Operation, terminal.Plain(c.Key), c.Status, c.Code, c.Duration.Round(time.Microsecond))
		}
	}
	server, err := sandbox.New(behaviour)
	if err != nil {
		return err
	}
	url, stop, err := sandbox.Listen(ctx, server, o.listen)
	if err != nil {
		return exit.WithHint(err, "another --listen address may be free")
	}
	fmt.Fprintf(streams.Out, "%s\n", url)
	fmt.Fprintf(streams.Err, "AWS IoT sandbox of account %s in %s; Ctrl-C ends it\n", server.Account(), server.Region())
	<-ctx.Done()
	stop()
	return server.Close()
}
