package manifests

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

type diffOptions struct {
	Flags
	note    bool
	limit   int
	objects ObjectFlags
	output  terminal.Output
	quiet   bool
}

// NewDiff returns `thingpress diff`.
func NewDiff(streams terminal.Streams) *cobra.Command {
	var o diffOptions
	c := &cobra.Command{
		Use:   "diff HERE THERE",
		Short: "Compare a manifest with another one, or with a delivery note",
		Long: `Compare the devices of two manifests, of any formats, or those of a manifest with a
delivery note: a list of thing names, vendor IDs or certificate IDs, or a CSV table
that has them, as --only reads it. A file in no known format is read as such a list.
AWS is not called.

  only-here          THERE does not have the device
  only-there         HERE does not have it
  other-certificate  both have the device, with different certificates
  other-device       both have the certificate, for different IDs or thing names

A device is the one with the same certificate, else with the same vendor ID, else with
the same thing name. Entries that are rejected, or repeat an earlier one, are counted
and not compared. Memory grows by less than 64 bytes for each entry of the manifests. A
delivery note may have up to 64 MiB and five million names. "-" is standard input, and
s3://BUCKET/KEY an object in S3.

` + exit.Help,
		Example: `  # what the vendor's new file changes
  thingpress diff reel.csv reel-2.csv

  # what was ordered and is not in the manifest
  thingpress diff --signer signers/ manifest.json delivery.csv`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return diff(c.Context(), &o, args, streams) },
	}
	o.Add(c)
	flags := c.Flags()
	o.objects.Add(flags)
	flags.BoolVar(&o.note, "note", false, "THERE is a delivery note, even if it looks like a manifest")
	flags.IntVar(&o.limit, "limit", 0, "maximum `number` of differences to show of each kind; 0 for no limit")
	o.output.AddFlag(c)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	return c
}

// A side is one of the two files that are compared: a manifest or a delivery note.
type side struct {
	manifest.Input
	decoder manifest.Decoder
	note    *engine.Filter // nil for a manifest
}

func diff(ctx context.Context, o *diffOptions, args []string, streams terminal.Streams) error {
	if o.limit < 0 {
		return exit.UsageError(fmt.Errorf("--limit %d is negative", o.limit), "")
	}
	options, err := o.Options(ctx)
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	files, err := OpenFiles(ctx, args, Reading{Stdin: streams.In, Objects: o.objects, Printer: printer})
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	here, err := o.openSide(ctx, files.Inputs[0], options, false)
	if err != nil {
		return err
	}
	there, err := o.openSide(ctx, files.Inputs[1], options, o.note)
	if err != nil {
		return err
	}
	if here.note != nil && there.note != nil {
		return exit.UsageError(fmt.Errorf("%s is not a manifest, and neither is %s", here.Name, there.Name), "name a manifest with --vendor")
	}
	summary := diffSummary{Type: "summary", Here: here.Name, There: there.Name}
	err = HoldBack(streams.Out, printer, func(held io.Writer) error {
		c := comparison{
			ctx: ctx, options: options, printer: printer, summary: &summary,
			list: newDifferenceList(held, o.output, streams.TableWidth(), o.limit),
		}
		return errors.Join(c.compare(here, there), c.list.flush())
	})
	if manifest.ReasonOf(err) != "" {
		return exit.WithHint(err, BreakHint(err, advice.CLI))
	}
	if err != nil {
		return err
	}
	printer.Close()
	if o.output == terminal.JSON {
		err = streams.PrintJSON(summary)
	} else {
		_, err = io.WriteString(streams.Err, streams.WrapErr(summary.text(o.limit)))
	}
	if err == nil && summary.differs() {
		err = exit.Silently(exit.Incomplete)
	}
	return err
}

// openSide finds out what a file is. A file that no format knows is a delivery note, and so is a table without certificates
// unless the columns of one are given.
func (o *diffOptions) openSide(ctx context.Context, in manifest.Input, options manifest.Options, note bool) (side, error) {
	s := side{Input: in}
	var err error
	if !note {
		s.decoder, err = vendors.Choose(ctx, in, o.Vendor, options)
	}
	switch {
	case !note && err == nil:
		return s, nil
	case !note && !isNote(err, options):
		return s, exit.WithHint(err, BreakHint(err, advice.CLI))
	}
	if s.note, err = engine.ReadFilter(terminal.InterruptibleReader(ctx, in.Section(0))); err != nil {
		return s, fmt.Errorf("%s: %w", in.Name, err)
	}
	if !s.note.Usable() {
		return s, exit.UsageError(fmt.Errorf("%s: the file is neither a manifest nor a list of devices", in.Name), "")
	}
	return s, nil
}

// isNote reports whether a file that cannot be read as a manifest may be a delivery note.
func isNote(err error, options manifest.Options) bool {
	switch manifest.ReasonOf(err) {
	case manifest.ReasonUnknownFormat:
		return true
	case manifest.ReasonUnknownColumns:
		return options.Columns.IsZero() && manifest.GuessOf(err).IsZero()
	}
	return false
}

// A comparison reads both sides and lists the differences.
type comparison struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one comparison
	options manifest.Options
	printer *progress.Printer
	list    *differenceList
	summary *diffSummary
}

func (c *comparison) compare(here, there side) error {
	switch {
	case here.note != nil:
		return c.compareNote(there, here, onlyThere, onlyHere)
	case there.note != nil:
		return c.compareNote(here, there, onlyHere, onlyThere)
	}
	return c.compareManifests(here, there)
}

// compareNote compares a manifest with a note. Their devices without a counterpart have the given kinds.
func (c *comparison) compareNote(m, note side, inManifest, inNote string) error {
	within := engine.NewIndex()
	err := c.each(m, func(d *manifest.Device) error {
		if d.Certificate == nil {
			note.note.NamesID(d.ID)
			within.Skip()
			c.summary.left(inManifest).Rejected++
			return nil
		}
		named := note.note.Names(d)
		switch {
		case c.summary.left(inManifest).add(within.Add(d)):
		case named:
			c.summary.Both++
		default:
			return c.add(difference{Kind: inManifest, ID: d.ID, ThingName: d.ThingName, Certificate: d.CertificateID.String()}, inManifest,
				placeOf(d))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, line := range note.note.Unmatched() {
		if err := c.add(difference{Kind: inNote, ID: line}, inNote, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) compareManifests(here, there side) error {
	x := engine.NewDifference()
	err := c.each(here, func(d *manifest.Device) error {
		if d.Certificate == nil {
			x.AddHere(nil)
			c.summary.InHere.Rejected++
		} else {
			c.summary.InHere.add(x.AddHere(d))
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = c.each(there, func(d *manifest.Device) error {
		if d.Certificate == nil {
			x.AddThere(nil)
			c.summary.InThere.Rejected++
			return nil
		}
		within, kin, entry := x.AddThere(d)
		found := difference{ID: d.ID, ThingName: d.ThingName, Certificate: d.CertificateID.String()}
		switch {
		case c.summary.InThere.add(within):
			return nil
		case kin == engine.Same:
			c.summary.Both++
			return nil
		case kin == engine.Alone:
			found.Kind = onlyThere
		default:
			found.Kind, found.Here = otherCertificate, &entryPlace{Entry: entry}
			if kin == engine.OtherDevice {
				found.Kind = otherDevice
			}
		}
		return c.add(found, onlyThere, placeOf(d))
	})
	if err != nil {
		return err
	}
	number := -1
	return c.each(here, func(d *manifest.Device) error {
		number++
		if d.Certificate == nil {
			return nil
		}
		missing, err := x.OnlyHere(number, d)
		if err != nil || !missing {
			return err
		}
		return c.add(difference{Kind: onlyHere, ID: d.ID, ThingName: d.ThingName, Certificate: d.CertificateID.String()}, onlyHere, placeOf(d))
	})
}

// each calls use with every entry of a manifest. A rejected one has only its ID.
func (c *comparison) each(s side, use func(*manifest.Device) error) error {
	n := 0
	for d, err := range s.decoder.Decode(c.ctx, s.Input, c.options) {
		var rejected *manifest.EntryError
		switch {
		case errors.As(err, &rejected):
			d = manifest.Device{ID: rejected.ID}
		case err != nil:
			return err
		}
		if err := use(&d); err != nil {
			return err
		}
		if n++; n%256 == 0 {
			c.printer.Update(progress.Status{Phase: "comparing " + s.Name, Done: int64(n)})
		}
	}
	return c.ctx.Err()
}

// add lists and counts a difference, whose place is in the file that has devices of this kind.
func (c *comparison) add(d difference, kind string, place *entryPlace) error {
	if kind == onlyHere {
		d.Here = place
	} else {
		d.There = place
	}
	c.summary.count(d.Kind)
	return c.list.add(d)
}
