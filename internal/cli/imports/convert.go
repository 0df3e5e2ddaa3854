package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

type convertOptions struct {
	decode  manifests.Flags
	objects manifests.ObjectFlags
	attach  AttachFlags
	lists   ListFlags

	from, to, out, authority, report string
	overwrite, quiet                 bool
	output                           terminal.Output
}

// NewConvert returns `thingpress convert`.
func NewConvert(streams terminal.Streams) *cobra.Command {
	var o convertOptions
	c := &cobra.Command{
		Use:   "convert [--from SERVICE LIST] MANIFEST…",
		Short: "Write the devices of manifests in another form",
		Long: `Write the devices of the manifests, after the same checks as for an import, in another
form. --out names the file, or the directory for der-dir; without it standard output
is used. Rejected entries are left out. AWS is not called.

  pem        the certificates as PEM, one after the other
  der-dir    a directory with THING.der for each device
  csv        a table with name, vendor, ID, certificate ID, expiry and certificate
  jsonl      a line of JSON for each device
  generated  a line of base64 for each certificate, which Thingpress reads
  aws-bulk   the parameters for AWS IoT bulk registration, one line each, and next to
             them the template, FILE.template.json

For aws-bulk, --policy, --thing-type, --thing-group, --billing-group, --attribute and
--status go into the template. AWS registers certificates in bulk only if their CA is
registered, and --ca names its certificate. Without --ca the parameters have the IDs
of certificates, which must be registered before.

--from makes the first file a list of the devices that Azure knows: enrollments of the
Device Provisioning Service (azure-dps) or devices of an IoT Hub (azure-iothub). It has
thumbprints, and the manifests, in any format, have the certificates. The devices of the
list are written with their names in Azure. With --to csv they keep the status INACTIVE
if they are disabled, and thingpress import reads the table without further flags. What
is left out is counted, and --report lists it: devices without a certificate in the
manifests, and those that use keys or the certificate of an authority. The exit code is
then 3. Certificates that the list does not name are counted and listed as well, but do
not change the exit code. Keys in the list are neither used nor shown. A list of a
million devices takes about 350 MB of memory.

` + exit.Help,
		Example: `  thingpress convert --to pem reel.csv --out reel.pem

  # for a bulk registration of certificates that are registered already
  thingpress convert --to aws-bulk --policy sensors --thing-type sensor --out bulk.jsonl reel.csv

  # from Azure's Device Provisioning Service, with the certificates of the chips' vendor
  az iot dps enrollment list --dps-name factory --resource-group iot > enrollments.json
  thingpress convert --from azure-dps enrollments.json reel.csv --to csv --out devices.csv`,
		Args: manifests.RequireOne,
		RunE: func(c *cobra.Command, args []string) error {
			if o.out == "-" {
				o.out = "" // standard output
			}
			if err := o.check(); err != nil {
				return err
			}
			if o.from != "" {
				return o.convertList(c.Context(), args, streams)
			}
			return runConvert(c.Context(), &o, args, streams)
		},
	}
	o.decode.Add(c)
	o.attach.Add(c)
	for _, name := range []string{"adopt", "exclusive"} {
		c.Flags().Lookup(name).Hidden = true // a form does not have them
	}
	flags := c.Flags()
	o.objects.Add(flags)
	o.lists.Add(flags)
	flags.StringVar(&o.from, "from", "", "`service` of Azure that wrote the first file, a list of devices: "+strings.Join(listServices(),
		", "))
	flags.StringVar(&o.to, "to", "", "`form` to write: "+strings.Join(forms(), ", "))
	flags.StringVar(&o.out, "out", "", "`file` or directory to write, - for stdout (default: standard output)")
	flags.StringVar(&o.authority, "ca", "", "with --to aws-bulk, `file` with the CA certificate in PEM that is registered in AWS IoT")
	flags.BoolVar(&o.overwrite, "overwrite", false, "replace files")
	flags.StringVar(&o.report, "report", "", "with --from, write everything that is left out to this `file`, .jsonl or .csv")
	o.output.AddFlag(c)
	flags.Lookup("output").Usage = "with --from and --out: text, or json for what is left out as JSON Lines on stdout"
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print no progress")
	manifests.Complete(c, "from", listServices())
	manifests.Complete(c, "to", forms())
	return c
}

// textForm returns the form of one text for each device.
func (o *convertOptions) textForm() string {
	if o.from != "" && o.to == "csv" {
		return formListCSV
	}
	return o.to
}

func forms() []string { return []string{"pem", formDER, "csv", "jsonl", formList(), formBulk} }

// formList is the name of the format that is a list of certificates, and has nothing of a vendor.
func formList() string {
	i := slices.IndexFunc(vendors.Formats(), func(f manifest.Format) bool { return len(f.Attributes) == 0 && !f.Table })
	return vendors.Formats()[i].Vendor()
}

// A converter writes devices in one form.
type converter interface {
	device(d *manifest.Device, thing iot.Thing) error
	// end is called after the last device, unless something failed.
	end() error
}

// check returns an error if flags are missing or contradict each other.
func (o *convertOptions) check() error {
	if err := o.checkList(); err != nil {
		return err
	}
	switch {
	case !slices.Contains(forms(), o.to):
		return exit.UsageError(fmt.Errorf("--to %q is none of %s", o.to, strings.Join(forms(), ", ")), "")
	case o.authority != "" && o.to != formBulk:
		return exit.UsageError(errors.New("--ca is for --to aws-bulk"), "leave it out")
	case o.out == "" && (o.to == formBulk || o.to == formDER):
		return exit.UsageError(fmt.Errorf("--to %s writes several files", o.to), "say where with --out")
	case o.out == "":
		return nil
	case o.to == formBulk:
		return cmp.Or(exit.Occupied(o.out, o.overwrite), exit.Occupied(templateFile(o.out), o.overwrite))
	case o.to == formDER:
		return nil // the directory may be there
	}
	return exit.Occupied(o.out, o.overwrite)
}

func runConvert(ctx context.Context, o *convertOptions, args []string, streams terminal.Streams) error {
	settings, err := o.settings(ctx)
	if err != nil {
		return err
	}
	bulk, err := o.bulkTemplate(settings)
	if err != nil {
		return err
	}
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	files, err := manifests.OpenFiles(ctx, args, manifests.Reading{Stdin: streams.In, Objects: o.objects, Printer: printer})
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	counts := converted{}
	err = o.write(streams, printer, bulk, func(to converter) error {
		judge := engine.NewJudge(settings)
		for _, in := range files.Inputs {
			err := convertManifest(ctx, in, o.decode.Vendor, judge, settings, to, &counts, printer)
			if manifest.ReasonOf(err) != "" {
				err = exit.WithHint(err, manifests.BreakHint(err, advice.CLI))
			}
			if err != nil {
				return err
			}
		}
		return errors.Join(o.lists.Check(settings), to.end())
	})
	printer.Close()
	if err != nil {
		return err
	}
	plain.Fprintf(streams.Err, "%s: %s, %s rejected, %s skipped\n", cmp.Or(o.out, "standard output"),
		progress.Plural(counts.devices, "device", "devices"), count(counts.rejected), count(counts.skipped))
	if counts.rejected > 0 {
		plain.Fprintf(streams.Err, "to see why: thingpress inspect --rejected %s\n", terminal.ShellQuote(args[0]))
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

func (o *convertOptions) settings(ctx context.Context) (s engine.Settings, err error) {
	s.Status = iot.Status(o.attach.status)
	if s.Decode, err = o.decode.Options(ctx); err != nil {
		return s, err
	}
	s.Rows = o.attach.rows.mode()
	if s.Attachments, err = o.attach.Attachments(); err != nil {
		return s, err
	}
	s.Only, s.Skip, err = o.lists.Read(ctx)
	return s, err
}

// converted are entries by what became of them.
type converted struct{ devices, rejected, skipped int }

// convertManifest writes the devices of one manifest.
func convertManifest(ctx context.Context, in manifest.Input, vendor string, judge *engine.Judge, settings engine.Settings,
	to converter, counts *converted, printer *progress.Printer,
) error {
	decoder, err := vendors.Choose(ctx, in, vendor, settings.Decode)
	if err != nil {
		return err
	}
	judge.Begin(in.Name)
	for device, err := range decoder.Decode(ctx, in, settings.Decode) {
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			return err
		}
		switch v := judge.Next(&device, rejected); v.Outcome {
		case "":
			if err := to.device(&device, v.Thing); err != nil {
				return err
			}
			counts.devices++
		case "rejected":
			counts.rejected++
		default:
			counts.skipped++
		}
		if n := counts.devices + counts.rejected + counts.skipped; n%256 == 0 {
			printer.Update(progress.Status{Phase: "converting " + in.Name, Done: int64(n), Rejected: int64(counts.rejected)})
		}
	}
	return ctx.Err()
}

// write opens the output for fill. A file appears when it is complete.
func (o *convertOptions) write(streams terminal.Streams, printer *progress.Printer, bulk *bulkForm, fill func(converter) error) error {
	switch {
	case o.to == formDER:
		return writeDirectory(o.out, o.overwrite, fill)
	case o.out == "":
		return manifests.HoldBack(streams.Out, printer, func(held io.Writer) error { return fill(newTextForm(o.textForm(), held)) })
	case o.to != formBulk:
		return newfile.Write(o.out, func(to io.Writer) error { return fill(newTextForm(o.textForm(), to)) })
	}
	template, err := bulk.template()
	if err != nil {
		return err
	}
	err = newfile.Write(o.out, func(to io.Writer) error { return fill(bulk.writing(to)) })
	if err != nil {
		return err
	}
	return newfile.Write(templateFile(o.out), func(to io.Writer) error {
		_, err := to.Write(template)
		return err
	})
}
