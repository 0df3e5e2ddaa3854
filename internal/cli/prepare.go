package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/quota"
)

// prepareFlags are the flags that plan and import share.
type prepareFlags struct {
	decodeFlags
	attachFlags
	targetFlags
	quotaFlags

	only, skip string
	partial    bool
	quiet      bool
	output     outputFlag
}

func (f *prepareFlags) add(c *cobra.Command) {
	f.decodeFlags.add(c)
	f.attachFlags.add(c)
	f.targetFlags.add(c)
	f.quotaFlags.add(c)
	flags := c.Flags()
	flags.StringVar(&f.only, "only", "", "file with the devices to import, one a line: thing name, vendor ID or certificate ID")
	flags.StringVar(&f.skip, "skip", "", "file with devices to leave out")
	flags.BoolVar(&f.partial, "partial", false, "import what precedes a break in a manifest")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no progress")
	addOutputFlag(c, &f.output)
}

// A preparation is everything that precedes the first change, filled in from
// step to step: plan ends with it, and import begins with it.
type preparation struct {
	flags   *prepareFlags
	args    []string
	streams Streams
	printer *progress.Printer
	view    *importView

	settings   engine.Settings
	connection *connection
	inputs     *inputs
	sources    []*engine.Source
	scan       *engine.ScanResult
	quotas     quota.Set
	// quotasFrom says where the quotas come from.
	quotasFrom string
	// attached is what the check of attachments found, and created what it
	// made for it in the embedded sandbox.
	attached *device.AttachmentReport
	created  []string
}

func newPreparation(flags *prepareFlags, args []string, streams Streams) preparation {
	printer := progress.New(streams.Err, progressMode(flags.quiet, streams), streams.Width)
	return preparation{flags: flags, args: args, streams: streams, printer: printer, view: &importView{printer: printer, why: "many devices exist already: "}}
}

func (p *preparation) close() {
	p.printer.Close()
	if p.inputs != nil {
		p.inputs.Close()
	}
	if p.connection != nil {
		if err := p.connection.close(); err != nil {
			fmt.Fprintln(p.streams.Err, "thingpress: sandbox:", err)
		}
	}
}

func (p *preparation) readSettings(context.Context) (err error) {
	f := p.flags
	s := engine.Settings{
		Status: iot.Status(f.status), Adopt: f.adopt, Exclusive: f.exclusive, Partial: f.partial,
	}
	if s.Decode, err = f.options(); err != nil {
		return err
	}
	if s.Attachments, err = f.attachments(); err != nil {
		return err
	}
	if s.Only, err = readFilter("only", f.only); err != nil {
		return err
	}
	if s.Skip, err = readFilter("skip", f.skip); err != nil {
		return err
	}
	p.settings = s
	return nil
}

func readFilter(flag, path string) (*engine.Filter, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // no filter is a filter that names nobody
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, usage(fmt.Errorf("--%s: %w", flag, err), "")
	}
	defer file.Close() //nolint:errcheck // it was only read
	filter, err := engine.ReadFilter(file)
	if err != nil {
		return nil, usage(fmt.Errorf("--%s %s: %w", flag, path, err), "")
	}
	return filter, nil
}

func (p *preparation) openSources(ctx context.Context) (err error) {
	if p.inputs, err = openInputs(ctx, p.args, p.streams.In); err != nil {
		return err
	}
	for _, in := range p.inputs.list {
		decoder, err := p.flags.decoder(in)
		if err != nil {
			return withHint(err, breakHint(err, advice.CLI))
		}
		p.printer.Update(progress.Status{Phase: "reading " + in.Name})
		source, err := engine.OpenSource(ctx, in, decoder)
		if err != nil {
			return err
		}
		p.sources = append(p.sources, source)
	}
	return nil
}

// decode is the first pass. Of manifests that break off it shows what was read.
func (p *preparation) decode(ctx context.Context) (err error) {
	p.boundMemory(nil)
	defer func() { p.boundMemory(p.scan) }()
	p.scan, err = engine.Scan(ctx, p.sources, p.settings, p.view.event)
	var broken *engine.BreakError
	if errors.As(err, &broken) {
		p.printer.Pause()
		p.showScan()
		hint := breakHint(broken.Breaks[0], advice.CLI)
		if !broken.PrivateKey() {
			hint += "; --partial imports what precedes the break"
		}
		return withHint(err, hint)
	}
	return err
}

// check is what needs calls, but changes nothing in AWS.
func (p *preparation) check(ctx context.Context, overrides map[iot.Operation]quota.Override) (err error) {
	if p.quotas, p.quotasFrom, err = p.flags.resolve(ctx, p.connection.client, overrides); err != nil {
		return err
	}
	if p.created, err = p.connection.ensure(p.settings.Attachments); err != nil {
		return err
	}
	limiters := quota.NewLimiters(p.quotas, quota.Options{})
	p.attached, err = device.CheckAttachments(ctx, p.connection.client.AWS(), limiters, p.settings.Attachments)
	var wrong *device.AttachmentError
	if errors.As(err, &wrong) {
		return withHint(err, advice.Attachment(wrong.Findings[0], advice.CLI).Todo)
	}
	return err
}

// notConnectable is the warning about devices that nothing allows to connect.
const notConnectable = "no policy, neither with --policy nor on the thing groups: these devices will not be able to connect"
