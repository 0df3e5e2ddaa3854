package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
)

type quotasOptions struct {
	attachFlags
	targetFlags
	rate    rateFlag
	all     bool
	request bool
	yes     bool
	output  outputFlag
}

func newQuotas(streams Streams) *cobra.Command {
	var o quotasOptions
	c := &cobra.Command{
		Use:   "quotas",
		Short: "Show the quotas of an account, and raise them",
		Long: `Show the quotas of the AWS IoT operations that an import calls, for one account and
region: the default, what the account has, and, with --rate, what that many devices
need with the attachments that the flags name. For every quota that is too low the
request that raises it is printed; --request files it after asking.

Without permission to read Service Quotas the defaults are shown.

` + exitHelp,
		Example: `  # what limits an import with one policy and one thing group
  thingpress quotas --policy sensors --thing-group factory-7

  # what 100,000 devices an hour need
  thingpress quotas --policy sensors --thing-group factory-7 --rate 100000/h

  # ask AWS for it
  thingpress quotas --policy sensors --thing-group factory-7 --rate 100000/h --request`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runQuotas(c.Context(), o, streams)
		},
	}
	o.attachFlags.add(c)
	o.targetFlags.add(c)
	flags := c.Flags()
	flags.Var(&o.rate, "rate", "devices that are to be imported per second, hour or day, such as 100000/h")
	flags.BoolVar(&o.all, "all", false, "show all operations, also those that an import does not call")
	flags.BoolVar(&o.request, "request", false, "file the requests that --rate needs with Service Quotas")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before requests are filed")
	addOutputFlag(c, &o.output)
	return c
}

// rateFlag is --rate, in devices per second; 0 is none.
type rateFlag float64

func (r *rateFlag) Type() string { return "N/s|N/h|N/d" }

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

func (o *quotasOptions) check() error {
	if o.request && o.rate == 0 {
		return usage(errors.New("--request without --rate"), "say what for, such as --rate 100000/h")
	}
	return o.targetFlags.check()
}

// quotasRun is one run of the quotas command.
type quotasRun struct {
	options    quotasOptions
	streams    Streams
	connection *connection
	view       quotaView
}

func runQuotas(ctx context.Context, o quotasOptions, streams Streams) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	attachments, err := o.attachments()
	if err != nil {
		return err
	}
	run := &quotasRun{options: o, streams: streams}
	if run.connection, err = o.connect(ctx, sandbox.Options{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.connection.close()) }()
	applied, unread := run.connection.client.AppliedQuotas(ctx)
	if ctx.Err() != nil {
		return &exitError{code: ExitInterrupted, err: context.Cause(ctx)}
	}
	run.view, err = viewQuotas(quotaQuestion{
		applied: applied, policies: len(attachments.Policies), groups: len(attachments.ThingGroups), rate: float64(o.rate), all: o.all,
	})
	if err != nil {
		return err
	}
	if unread != nil {
		run.view.unread = strings.TrimSpace(unread.Error())
	}
	if err := run.print(); err != nil {
		return err
	}
	if o.request {
		return run.request(ctx)
	}
	return nil
}

func (run *quotasRun) print() error {
	if run.options.output == outputJSON {
		return run.printJSON()
	}
	fmt.Fprintf(run.streams.Err, "target: %s\n", run.connection)
	t := newTable(run.streams.Out, run.streams.OutTerminal, "OPERATION", "CODE", "DEFAULT", "APPLIED", "SOURCE", "CALLS", "NEEDED", "ADJUSTABLE", "REQUEST")
	for _, row := range run.view.rows {
		t.row(row.Operation, row.Code, perSecond(row.Default), perSecond(row.Applied), string(row.Source), count(row.Calls), count(row.Needed), adjustable(row.Adjustable), count(row.Request))
	}
	if err := t.flush(); err != nil {
		return err
	}
	run.printNotes()
	return nil
}

func (run *quotasRun) printNotes() {
	v, out := run.view, run.streams.Err
	if v.unread != "" {
		fmt.Fprintf(out, "the account's quotas could not be read, so the defaults are shown: %s\n", v.unread)
	}
	if v.binding == "" {
		fmt.Fprintln(out, "no quota limits devices that are new")
	} else {
		fmt.Fprintf(out, "ceiling %s devices/s, %s an hour, for devices that are new: bound by %s\n",
			progress.Rate(v.ceiling), progress.Count(int64(v.ceiling*3600)), v.binding)
	}
	switch requests := v.requests(); {
	case v.rate == 0:
	case len(requests) == 0:
		fmt.Fprintf(out, "the quotas allow %s devices/s\n", progress.Rate(v.rate))
	default:
		fmt.Fprintf(out, "%s devices/s need:\n", progress.Rate(v.rate))
		for _, row := range requests {
			if row.Adjustable {
				fmt.Fprintf(out, "  %s\n", run.command(row))
			} else {
				fmt.Fprintf(out, "  %s at %s/s, which Service Quotas does not raise: ask AWS support\n", row.Operation, count(row.Request))
			}
		}
	}
}

// command is the line that files a request without Thingpress.
func (run *quotasRun) command(row quotaRow) string {
	line := fmt.Sprintf("aws service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value %s --region %s",
		quota.ServiceCode, row.Code, count(row.Request), run.connection.target.Region)
	if o := run.options; o.profile != "" {
		line += " --profile " + o.profile
	}
	if endpoint := run.options.endpointURL; endpoint != "" {
		line += " --endpoint-url " + endpoint
	}
	return line
}

// quotaSummary is the line behind those of the quotas.
type quotaSummary struct {
	Type     string   `json:"type"`
	Account  string   `json:"account"`
	Region   string   `json:"region"`
	Endpoint string   `json:"endpoint,omitempty"`
	Unread   string   `json:"unread,omitempty"`
	Ceiling  *float64 `json:"ceiling"` // null: no quota limits devices
	Binding  string   `json:"binding_quota"`
	Rate     *float64 `json:"rate,omitempty"`
	Enough   *bool    `json:"enough,omitempty"`
}

func (run *quotasRun) printJSON() error {
	encoder := json.NewEncoder(run.streams.Out)
	for _, row := range run.view.rows {
		line := struct {
			Type string `json:"type"`
			quotaRow
			Command string `json:"command,omitempty"`
		}{Type: "quota", quotaRow: row}
		if row.Request != nil && row.Adjustable {
			line.Command = run.command(row)
		}
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	v, target := run.view, run.connection.target
	summary := quotaSummary{
		Type: "summary", Account: target.Account, Region: target.Region, Endpoint: target.Endpoint,
		Unread: v.unread, Ceiling: finiteOrNil(v.ceiling), Binding: string(v.binding),
	}
	if v.rate > 0 {
		enough := len(v.requests()) == 0
		summary.Rate, summary.Enough = &v.rate, &enough
	}
	return encoder.Encode(summary)
}

func perSecond(tps *float64) string {
	if tps == nil {
		return "none"
	}
	return count(tps)
}

// count writes a number of calls; nothing for none.
func count(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

func adjustable(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
