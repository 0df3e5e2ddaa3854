// Package quotas has the command that shows the quotas of an account and requests
// higher ones.
package quotas

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/quota"
)

type options struct {
	attach  imports.AttachFlags
	target  target.Flags
	quotas  target.QuotaFlags
	devices int
	rate    rateFlag
	all     bool
	request bool
	yes     bool
	output  terminal.Output
}

// NewCommand returns `thingpress quotas`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "quotas",
		Short: "Show the quotas of an account, and request higher ones",
		Long: `Show the quotas of the AWS IoT operations that an import calls, in one account and
region, with the default and the applied value of each. With --rate, also show the
value that an import at that rate needs with the given attachments, and print a
command that requests each quota that is too low. --request files these requests
after asking. With --devices, say how long that many new devices take.

--offline needs no account and shows the default quotas. Without permission to read
Service Quotas the defaults are shown as well.

` + exit.Help,
		Example: `  # what limits an import with one policy and one thing group
  thingpress quotas --policy sensors --thing-group factory-7

  # how long 250,000 devices take, without an account
  thingpress quotas --offline --policy sensors --devices 250000

  # what an import of 100,000 devices an hour needs
  thingpress quotas --policy sensors --thing-group factory-7 --rate 100000/h

  # request it from AWS
  thingpress quotas --policy sensors --thing-group factory-7 --rate 100000/h --request`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return showQuotas(c.Context(), o, streams) },
	}
	o.attach.AddCounted(c)
	o.target.Add(c)
	o.target.AddOffline(c)
	o.quotas.AddOverrides(c)
	flags := c.Flags()
	flags.IntVar(&o.devices, "devices", 0, "say how long this `number` of new devices takes")
	flags.Var(&o.rate, "rate", "devices to import per second, minute, hour or day, such as 100000/h")
	flags.BoolVar(&o.all, "all", false, "show all operations, including those that an import does not call")
	flags.BoolVar(&o.request, "request", false, "request the quotas that --rate needs from Service Quotas")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before filing requests")
	o.output.AddFlag(c)
	return c
}

// rateFlag is --rate in devices per second. It is 0 without the flag.
type rateFlag float64

func (r *rateFlag) Type() string { return "N/s|N/m|N/h|N/d" }

func (r *rateFlag) String() string {
	if *r == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*r), 'g', -1, 64) + "/s"
}

func (r *rateFlag) Set(value string) error {
	number, unit, ok := strings.Cut(value, "/")
	seconds, known := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
	n, err := strconv.ParseFloat(strings.ReplaceAll(number, ",", ""), 64)
	if !ok || !known || err != nil || !(n > 0) || math.IsInf(n, 0) {
		return fmt.Errorf("%q is not a number of devices per second, minute, hour or day, such as 100000/h", value)
	}
	*r = rateFlag(n / seconds)
	return nil
}

func (o *options) check() error {
	if o.devices < 0 {
		return exit.UsageError(fmt.Errorf("--devices %d is negative", o.devices), "")
	}
	if o.request && o.rate == 0 {
		return exit.UsageError(errors.New("--request without --rate"), "add the rate to import at, such as --rate 100000/h")
	}
	return o.target.Check()
}

func showQuotas(ctx context.Context, o options, streams terminal.Streams) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	if err := exit.Unapproved(o.yes || !o.request, streams, "nothing was requested"); err != nil {
		return err
	}
	attachments, err := o.attach.Attachments()
	if err != nil {
		return err
	}
	overrides, err := o.quotas.Overrides()
	if err != nil {
		return err
	}
	connection, err := o.target.Connect(ctx, streams.Err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	if connection.Offline() && o.request {
		return exit.UsageError(errors.New("--offline cannot be combined with --request"), "leave out one of them")
	}
	sources := quota.Sources{Overrides: overrides}
	var unread error
	if !connection.Offline() {
		sources.Applied, unread = connection.Client.AppliedQuotas(ctx)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	view, err := viewQuotas(sources, attachments, float64(o.rate), o.devices, o.all)
	if err != nil {
		return err
	}
	view.offline = connection.Offline()
	if unread != nil {
		view.unread = strings.TrimSpace(unread.Error())
	}
	command := o.requestCommand(connection.Target.Region)
	if o.output == terminal.JSON {
		err = terminal.PrintLines(streams, view.lines(connection.Target, command))
	} else {
		err = printQuotas(streams, connection, view, command)
	}
	if err != nil || !o.request {
		return err
	}
	return requestQuotas(ctx, o, connection, view.tooLow(), streams)
}

// requestCommand returns a function that writes the AWS CLI command to request a quota.
func (o *options) requestCommand(region string) func(row) string {
	return func(r row) string {
		line := fmt.Sprintf("aws service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value %s",
			quota.ServiceCode, r.Code, number(r.Request))
		if region != "" {
			line += " --region " + region
		}
		if o.target.Profile != "" {
			line += " --profile " + terminal.ShellQuote(o.target.Profile)
		}
		if o.target.EndpointURL != "" {
			line += " --endpoint-url " + o.target.EndpointURL
		}
		return line
	}
}
