// Package sandboxes has the command that serves the sandbox at an address.
package sandboxes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/sandbox"
)

type options struct {
	listen  string
	allowed []string
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
	mqtt    mqttFlags
}

// NewCommand returns `thingpress sandbox`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve an AWS IoT-compatible endpoint for rehearsals",
		Long: `Serve an endpoint that behaves like AWS IoT, with its rules, limits and quotas,
for rehearsals without an account. It implements the operations that Thingpress
uses and those that list the result. STS and Service Quotas are served on the same
port. The AWS CLI and the SDKs work with --endpoint-url and any credentials.

With --mqtt, devices connect over MQTT as to AWS IoT: with their certificates over TLS,
decided by the policies. The sandbox prints why it refuses something, which AWS does
not tell. The first line on stderr names the certificate that clients have to trust.

The state is lost at the end unless --sandbox-state names a file. Ctrl-C stops the server,
which then exits with 0.

Calls that arrive at a loopback address must be meant for localhost, a loopback
address or an --allow-host. At other addresses, names with a dot need --allow-host.
Calls of web pages are refused.`,
		Example: `  # the default quotas, 40 ms away
  thingpress sandbox --enforced-quota default --latency 40ms

  # throttling, errors, lost connections, and lists that lag behind
  thingpress sandbox --fault throttle=0.05,error=0.02,drop=0.01,stall=0.01,stale=2s --fault-seed 7

  # for the AWS CLI in a container of Docker Desktop
  thingpress sandbox --allow-host host.docker.internal

  # let devices connect, also a board on the desk
  thingpress sandbox --mqtt 127.0.0.1:8883
  thingpress sandbox --mqtt 0.0.0.0:8883 --mqtt-host laptop.local

  # then, in another terminal
  thingpress import --endpoint-url http://127.0.0.1:4510 --region us-east-1 reel.csv
  aws iot list-things --endpoint-url http://127.0.0.1:4510 --region us-east-1`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return serveSandbox(c.Context(), o, streams) },
	}
	flags := c.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:4510", "`address` to listen on; port 0 selects a free one")
	flags.StringArrayVar(&o.allowed, "allow-host", nil,
		"`name` of a host that clients use for this machine, such as host.docker.internal in a container (repeatable)")
	flags.StringVar(&o.state, "sandbox-state", "", "`file` that keeps the state between runs")
	flags.StringVar(&o.account, "account", "", "account `ID` of the sandbox, twelve digits (default 123456789012)")
	flags.StringVar(&o.region, "region", "", "`region` of the sandbox (default us-east-1)")
	flags.StringArrayVar(&o.quotas, "enforced-quota", nil, "enforced `quota`: default, default*FACTOR, none, or OP=TPS (repeatable)")
	flags.StringArrayVar(&o.applied, "applied-quota", nil,
		"`OP=TPS` that Service Quotas reports, if it differs from what is enforced (repeatable)")
	flags.StringVar(&o.latency, "latency", "", "`delay` before every answer, such as 40ms or 40ms±20ms")
	flags.StringVar(&o.faults, "fault", "",
		"`shares` of calls that fail: throttle=, error=, drop=, stall=, and stale=DURATION for lists that lag behind")
	flags.Uint64Var(&o.seed, "fault-seed", 1, "`seed` of the faults; the same seed repeats them")
	flags.BoolVar(&o.strict, "strict", false, "refuse expired certificates and CA certificates")
	o.mqtt.add(flags)
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "print every call on stderr")
	c.AddCommand(newReset(streams))
	return c
}

// behaviour parses the flags that configure the sandbox.
func (o *options) behaviour() (sandbox.Options, error) {
	b := sandbox.Options{StatePath: o.state, Account: o.account, Region: o.region, Strict: o.strict}
	var err error
	if b.AllowHosts, err = sandbox.ParseHosts(o.allowed); err != nil {
		return b, exit.UsageError(fmt.Errorf("--allow-host: %w", err), "")
	}
	if b.Quotas, err = sandbox.ParseQuotas(o.quotas); err != nil {
		return b, exit.UsageError(fmt.Errorf("--enforced-quota: %w", err), "")
	}
	if len(o.applied) > 0 {
		if b.Applied, err = sandbox.ParseQuotas(o.applied); err != nil {
			return b, exit.UsageError(fmt.Errorf("--applied-quota: %w", err), "")
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
			plain.Fprintf(streams.Err, "%s %s %s %d %s %s\n", time.Now().Format("15:04:05.000"),
				c.Operation, c.Key, c.Status, c.Code, c.Duration.Round(time.Microsecond))
		}
	}
	server, err := sandbox.New(behaviour)
	if errors.Is(err, sandbox.ErrLocked) {
		return exit.WithHint(err, "stop the other sandbox, or use another file with --sandbox-state")
	}
	if err != nil {
		return err
	}
	url, stop, err := sandbox.Listen(ctx, server, o.listen)
	if err != nil {
		return exit.WithHint(err, "choose another address with --listen, such as --listen 127.0.0.1:0")
	}
	broker, err := o.mqtt.serve(ctx, server, streams)
	if err != nil {
		stop()
		return errors.Join(err, server.Close())
	}
	plain.Fprintf(streams.Out, "%s\n", url)
	plain.Fprintf(streams.Err, "AWS IoT sandbox of account %s in %s; press Ctrl-C to stop it\n", server.Account(), server.Region())
	<-ctx.Done()
	stop()
	return errors.Join(broker(), server.Close())
}
