package policies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/manifest"
)

type checkOptions struct {
	decode     manifests.Flags
	objects    manifests.ObjectFlags
	attach     imports.AttachFlags
	target     target.Flags
	quotas     target.QuotaFlags
	clientID   string
	requests   []string
	will       string
	persistent bool
	witness    bool
	limit      int
	quiet      bool
	output     terminal.Output
}

// newCheck returns `thingpress policy check`.
func newCheck(streams terminal.Streams) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check --policy NAME|FILE… [MANIFEST…]",
		Short: "Show what policies would let the devices of manifests do",
		Long: `Decide, for every device of the manifests, what policies would let it do, and look
for mistakes in the policies. The devices need not exist. A device whose certificate
has a name that AWS IoT does not substitute is refused, and is named.

A policy is the name of one in AWS, whose default version is read together with the
policies of --thing-group, or a file with a document. With files alone, AWS is not
called. Without a manifest the policies are checked for an example.

Without --request the command decides a connection, the topics that the policies
name, the device's own shadow and jobs, and the same for another device, which should
be refused. A request is connect, or an action and a topic: publish:TOPIC,
subscribe:FILTER, receive:TOPIC, retain:TOPIC. A topic may have {thing}, {client} and
the fields of --thing-name.

The exit code is 3 if a device is refused what was asked for: a --request, or without
one a connection or a topic of the policies.

` + exit.Help,
		Example: `  # may the devices of a reel connect, and use the topics of a policy that is not in AWS yet?
  thingpress policy check --policy policy.json reel.csv

  # what do policies in AWS allow, for firmware with a client ID of its own?
  thingpress policy check --policy sensors --thing-group line-7 --client-id 'fw-{mac}' reel.csv

  thingpress policy check --policy policy.json --request connect --request 'publish:dt/{thing}/t' reel.csv`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return check(c.Context(), &o, args, streams) },
	}
	o.decode.Add(c)
	o.objects.Add(c.Flags())
	o.attach.AddJudged(c)
	o.target.Add(c)
	o.quotas.Add(c)
	flags := c.Flags()
	flags.StringVar(&o.clientID, "client-id", "",
		"`template` of the client IDs of the firmware, as in --thing-name (default: the name of the thing)")
	flags.StringArrayVar(&o.requests, "request", nil, "`request` to decide, such as publish:dt/{thing}/t (repeatable)")
	flags.StringVar(&o.will, "will", "", "`topic` of the will of the firmware")
	flags.BoolVar(&o.persistent, "persistent", false, "the firmware asks for a persistent session")
	flags.IntVar(&o.limit, "limit", 3, "maximum `number` of devices to show of each reason; 0 for no limit")
	flags.BoolVar(&o.witness, "witness", false, "have AWS decide the requests too, for the first device, which must be registered")
	o.output.AddFlag(c)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	return c
}

// settings parses the flags. Documents and target are not known yet.
func (o *checkOptions) settings() (verdict.Settings, error) {
	s := verdict.Settings{Will: o.will, Persistent: o.persistent, Examples: o.limit, Now: time.Now()}
	if o.limit < 0 {
		return s, exit.UsageError(fmt.Errorf("--limit %d is negative", o.limit), "")
	}
	if o.clientID != "" {
		template, err := manifest.ParseTemplate(o.clientID)
		if err != nil {
			return s, exit.UsageError(fmt.Errorf("--client-id: %w", err), "quote the template, such as --client-id 'fw-{mac}'")
		}
		s.ClientID = &template
	}
	var err error
	s.Requests, err = ParseRequests(o.requests, "--request: ")
	return s, err
}

func check(ctx context.Context, o *checkOptions, args []string, streams terminal.Streams) error {
	settings, err := o.settings()
	if err != nil {
		return err
	}
	decode, err := o.decode.Options(ctx)
	if err != nil {
		return err
	}
	files := o.attach.Split()
	attachments, err := o.attach.Attachments()
	if err != nil {
		return err
	}
	settings.Exclusive = o.attach.Exclusive()
	overrides, err := o.quotas.Overrides()
	if err != nil {
		return err
	}
	documents, err := readFiles(ctx, files)
	if err != nil {
		return err
	}
	if len(files)+len(attachments.Policies)+len(attachments.ThingGroups) == 0 {
		return exit.UsageError(errors.New("no policy given"), "name policies or files with --policy")
	}
	if o.witness && (len(files) > 0 || len(args) == 0) {
		return exit.UsageError(errors.New("--witness needs policies that are in AWS, and a manifest with a registered device"),
			"name policies instead of files, and a manifest")
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()

	var connection *target.Connection
	if len(attachments.Policies)+len(attachments.ThingGroups) > 0 {
		if err := o.target.Check(); err != nil {
			return err
		}
		if connection, err = o.target.ConnectToCopy(ctx, streams.Err); err != nil {
			return err
		}
		defer connection.Close() //nolint:errcheck // nothing was written
		printer.Note("target: %s", connection)
		quotas, err := o.quotas.Resolve(ctx, connection.Client, overrides)
		if err != nil {
			return err
		}
		found, err := readRegistry(ctx, connection.Client.AWS(), quotas.Limiters(), attachments)
		if err != nil {
			if hint := imports.AttachmentHint(connection, err); hint != "" {
				return exit.WithHint(err, hint)
			}
			return err
		}
		documents = append(documents, found...)
	}
	settings.Target = targetOf(connection, o.target.AccountFlags, documents)
	for _, d := range documents {
		settings.Documents = append(settings.Documents, d.Document)
		if !d.OfGroup {
			settings.CertificatePolicies++
		}
	}
	if len(args) == 0 {
		settings.Now, settings.Example = time.Time{}, true // nobody has the certificate of the example
	}
	if len(settings.Requests) == 0 {
		settings.Requests = verdict.DefaultRequests(settings.Documents)
	}
	if settings.Requests, err = withWill(settings.Requests, o.will); err != nil {
		return err
	}
	judge, err := verdict.NewJudge(settings)
	if err != nil {
		return exit.UsageError(fmt.Errorf("--will: %w", err), "")
	}
	inputs, err := manifests.OpenFiles(ctx, args, manifests.Reading{
		Stdin: streams.In, Objects: o.objects, Profile: o.target.Profile, Region: o.target.Region, Printer: printer,
	})
	if err != nil {
		return err
	}
	defer inputs.Close() //nolint:errcheck // they were only read
	if len(args) == 0 {
		if inputs.Inputs, err = exampleManifest(ctx); err != nil {
			return err
		}
	}
	scan, err := judgeAll(ctx, judge, inputs.Inputs, o.decode.Vendor, engine.Settings{Decode: decode, Attachments: attachments}, printer)
	if err != nil {
		return err
	}
	var witnessed *witnessLine
	if o.witness && len(scan.Examples) > 0 {
		if witnessed, err = witnessOf(ctx, connection, &scan.Examples[0], settings, documents); err != nil {
			return err
		}
	}
	printer.Close()
	line := lineOf(judge.Verdict(), settings, documents)
	line.Witness = witnessed
	line.Rejected, line.Example = scan.Rejected, len(args) == 0
	if line.ClientID = o.clientID; o.clientID == "" {
		line.ClientID = "{thing}"
	}
	if o.output == terminal.JSON {
		err = streams.PrintJSON(line)
	} else {
		err = printCheck(line, streams)
	}
	if err == nil && line.refusedWanted() {
		return exit.Silently(exit.Incomplete)
	}
	return err
}

// witnessOf has AWS decide the requests for a device.
func witnessOf(ctx context.Context, c *target.Connection, d *manifest.Device, s verdict.Settings, documents []document,
) (*witnessLine, error) {
	r, err := newRegistry(ctx, c)
	if err != nil {
		return nil, err
	}
	clientID := d.ThingName
	if s.ClientID != nil {
		if clientID, err = s.ClientID.Expand(d); err != nil {
			return nil, err
		}
	}
	differ, asked, err := r.compare(d.CertificateID.String(), clientID, documents, s.Requests)
	if err != nil {
		return nil, exit.WithHint(fmt.Errorf("--witness: %w", err), "import the first device of the manifest, or leave out --witness")
	}
	return &witnessLine{d.ThingName, asked, differ}, nil
}

// judgeAll judges every device of manifests.
func judgeAll(ctx context.Context, judge *verdict.Judge, inputs []manifest.Input, vendor string, settings engine.Settings,
	printer *progress.Printer,
) (*engine.ScanResult, error) {
	sources, err := manifests.OpenSources(ctx, inputs, vendor, settings.Decode, printer)
	if err != nil {
		return nil, err
	}
	show, bad := manifests.ShowScanning(printer), error(nil)
	scan, err := engine.Scan(ctx, sources, settings, func(event engine.Event) {
		if e, ok := event.(engine.Judged); ok {
			if bad == nil {
				bad = judge.Device(e.Device, e.Thing)
			}
			return
		}
		show(event)
	})
	if err != nil {
		return nil, exit.WithHint(err, manifests.BreakHint(err, advice.CLI))
	}
	return scan, bad
}

// exampleManifest returns a manifest with one device, for policies that are checked without one.
func exampleManifest(ctx context.Context) ([]manifest.Input, error) {
	var b bytes.Buffer
	err := material.Generate(ctx, material.Options{Vendor: material.Vendors()[0], N: 1, Seed: "example", Out: &b})
	return []manifest.Input{{Name: "an example", Reader: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}}, err
}
