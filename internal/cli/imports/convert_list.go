package imports

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/azure"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A listJoin writes the devices of a list of Azure with their certificates, which manifests have. A certificate of a
// manifest is written as it is met, so that memory does not grow with the manifests.
type listJoin struct {
	list      azureList
	manifests []manifest.Input
	vendor    string
	settings  engine.Settings  // of reading the manifests, whose names do not matter
	naming    manifest.Options // how things are named
	judge     *engine.Judge
	to        converter
	summary   joinSummary
	out       leftOuts
	rejected  map[manifest.Reason]bool
	printer   *progress.Printer
}

// checkList returns an error if flags of a list are missing or contradict each other.
func (o *convertOptions) checkList() error {
	switch {
	case o.from == "" && (o.report != "" || o.output == terminal.JSON):
		return exit.UsageError(errors.New("--report and --output are for a list (--from)"), "leave them out")
	case o.from == "":
		return nil
	case !slices.Contains(listServices(), o.from):
		return exit.UsageError(fmt.Errorf("--from %q is none of %s", o.from, strings.Join(listServices(), ", ")), "")
	case o.output == terminal.JSON && o.out == "":
		return exit.UsageError(errors.New("--output json prints what is left out, on standard output"), "say with --out where the devices go")
	}
	_, err := CheckRows(o.report, o.overwrite)
	return err
}

func listServices() (names []string) {
	for _, s := range azure.Services() {
		names = append(names, string(s))
	}
	return names
}

// convertList writes the devices of a list, the first of the arguments, whose certificates are in the manifests, the
// others, or in the list itself.
func (o *convertOptions) convertList(ctx context.Context, args []string, streams terminal.Streams) error {
	settings, err := o.settings(ctx)
	if err != nil {
		return err
	}
	bulk, err := o.bulkTemplate(settings)
	if err != nil {
		return err
	}
	SpareMemory(streams.LookupEnv)
	printer := streams.Progress(o.quiet, terminal.Text)
	defer printer.Close()
	files, err := manifests.OpenFiles(ctx, args, manifests.Reading{Stdin: streams.In, Objects: o.objects, Printer: printer})
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // they were only read
	j := &listJoin{
		list:      azureList{input: files.Inputs[0], service: azure.Service(o.from), limits: settings.Decode.Limits},
		manifests: files.Inputs[1:], vendor: o.decode.Vendor, settings: settings, naming: settings.Decode, judge: engine.NewJudge(settings),
		summary: joinSummary{
			Type: "summary", List: files.Inputs[0].Name, File: cmp.Or(o.out, "standard output"), LeftOut: map[string]int{},
			examples: map[string][]string{},
		},
		rejected: map[manifest.Reason]bool{}, printer: printer,
	}
	if j.naming.ThingName.IsZero() {
		if j.naming.ThingName, err = manifest.ParseTemplate("{id}"); err != nil {
			return err
		}
	}
	if j.settings.Decode.ThingName, err = manifest.ParseTemplate("{fingerprint}"); err != nil {
		return err
	}
	join := func(lines io.Writer) error {
		return withReport(o.report, func(rows *report.Writer) error {
			j.out = leftOuts{&j.summary, rows, lines}
			return o.write(streams, printer, bulk, func(to converter) error {
				j.to = to
				if err := j.join(ctx); err != nil {
					return err
				}
				return errors.Join(o.lists.Check(settings), to.end())
			})
		})
	}
	if o.output == terminal.JSON {
		err = manifests.HoldBack(streams.Out, printer, func(held io.Writer) error {
			lines := bufio.NewWriter(held)
			err := join(lines)
			return errors.Join(err, lines.Flush())
		})
	} else {
		err = join(nil)
	}
	printer.Close()
	if err != nil {
		return err
	}
	return o.endList(j, args, streams)
}

// endList prints the numbers, and returns the error that the command ends with.
func (o *convertOptions) endList(j *listJoin, args []string, streams terminal.Streams) error {
	if o.output == terminal.JSON {
		if err := streams.PrintJSON(j.summary); err != nil {
			return err
		}
	}
	if err := j.summary.text(streams, o.report); err != nil {
		return err
	}
	remedies := j.judge.Remedies()
	for _, reason := range slices.Sorted(maps.Keys(j.rejected)) {
		if todo := advice.ForRejected(reason, remedies[reason], advice.CLI).Todo; todo != "" {
			plain.Fprintf(streams.Err, "%s: %s\n", reason, todo)
		}
	}
	if j.summary.LeftOut[leftRejectedEntry] > 0 {
		names := make([]string, 0, len(args))
		for _, name := range args[1:] {
			names = append(names, terminal.ShellQuote(name))
		}
		plain.Fprintf(streams.Err, "to see why entries are rejected: thingpress inspect --rejected %s\n", strings.Join(names, " "))
	}
	if j.summary.Inactive > 0 && o.to != "csv" {
		plain.Fprintf(streams.Err, "that devices are disabled is only in the form csv\n")
	}
	if j.summary.incomplete() {
		return exit.Silently(exit.Incomplete)
	}
	return nil
}

// join reads the list and then the manifests. It reads them once more if the secondary certificates of devices were found
// and their primary ones were not.
func (j *listJoin) join(ctx context.Context) error {
	err := j.list.read(ctx, j.out.add)
	if err != nil {
		return j.withListHint(err)
	}
	j.summary.Entries = j.list.entries
	err = j.pass(ctx, primary)
	if err == nil && slices.ContainsFunc(j.list.devices, func(d knownDevice) bool { return d.onlySecondary() }) {
		err = j.pass(ctx, secondary)
	}
	if err != nil {
		return withBreakHint(err)
	}
	return j.list.missing(ctx, j.out.add)
}

// withListHint adds what to do about a list that cannot be read.
func (j *listJoin) withListHint(err error) error {
	switch manifest.ReasonOf(err) {
	case manifest.ReasonUnknownFormat, manifest.ReasonEmpty, manifest.ReasonTruncated, manifest.ReasonCorrupt:
		from := map[azure.Service]string{
			azure.DPS: "az iot dps enrollment list", azure.Hub: "an export job of the IoT Hub, or az iot hub device-identity list",
		}
		return exit.WithHint(err, "name the list first and then the manifests; "+from[j.list.service]+" writes it")
	}
	return withBreakHint(err)
}

func withBreakHint(err error) error {
	if manifest.ReasonOf(err) != "" {
		return exit.WithHint(err, manifests.BreakHint(err, advice.CLI))
	}
	return err
}

// pass writes the devices whose certificates in a slot are found.
func (j *listJoin) pass(ctx context.Context, wanted slot) error {
	if j.list.holds {
		if err := j.offer(ctx, j.list.input.Name, j.list.certificates(ctx, j.settings.Decode), wanted); err != nil {
			return err
		}
	}
	for _, in := range j.manifests {
		decoder, err := vendors.Choose(ctx, in, j.vendor, j.settings.Decode)
		if err != nil {
			return err
		}
		if err := j.offer(ctx, in.Name, decoder.Decode(ctx, in, j.settings.Decode), wanted); err != nil {
			return err
		}
	}
	return nil
}

// offer takes the certificates of one file.
func (j *listJoin) offer(ctx context.Context, name string, entries iter.Seq2[manifest.Device, error], wanted slot) error {
	j.judge.Begin(name)
	passed := manifest.EntryError{Err: errors.New("not written")} // lets the judge count a certificate that is not written
	for d, err := range entries {
		var rejected *manifest.EntryError
		if err != nil && !errors.As(err, &rejected) {
			return err
		}
		if wanted == primary {
			j.summary.Certificates++
		}
		known, found := (*knownDevice)(nil), primary
		if rejected == nil {
			known, found = j.list.find(d.Certificate.Raw)
		}
		switch {
		case known != nil && found == wanted && !known.written && (wanted == primary || !known.found[primary]):
			err = j.write(&d, known)
		case wanted == primary && rejected != nil:
			j.judge.Next(&d, rejected)
			err = j.out.add(leftOut{
				Kind: leftRejectedEntry, File: name, Entry: rejected.Entry, Line: rejected.Line, ID: rejected.ID, Reason: rejected.Reason,
				Detail: rejected.Detail(),
			})
		default:
			j.judge.Next(&d, &passed)
			if err = nil; wanted == primary && known == nil {
				err = j.out.add(leftOut{
					Kind: leftNoDevice, File: name, Entry: d.Entry, Line: d.Line, ID: d.ID, CertificateID: d.CertificateID,
				})
			}
		}
		if err != nil {
			return err
		}
		if n := j.summary.Certificates; n%256 == 0 {
			j.printer.Update(progress.Status{Phase: "looking for the certificates in " + name, Done: int64(n)})
		}
	}
	return ctx.Err()
}

// write writes a device with the certificate of an entry, unless it cannot become a thing.
func (j *listJoin) write(entry *manifest.Device, known *knownDevice) error {
	known.written = true
	d := *entry
	d.ID, d.IDIsCN, d.ThingName, d.Settings = j.list.nameOf(known), false, "", nil
	d.Columns = append([]manifest.Column{{Name: columnRegistration, Value: j.list.registrationOf(known)}}, entry.Columns...)
	if known.disabled {
		d.Settings = &manifest.Settings{Status: string(iot.StatusInactive)}
	}
	var rejected *manifest.EntryError
	if err := j.naming.Admit(&d); err != nil {
		rejected = &manifest.EntryError{Manifest: d.Manifest, Entry: d.Entry, Line: d.Line, ID: d.ID, Reason: manifest.ReasonOf(err), Err: err}
		if rejected.Reason == manifest.ReasonBadName || rejected.Reason == manifest.ReasonNoName {
			rejected.Namings = slices.DeleteFunc(manifest.Namings(&d), func(n manifest.Naming) bool { return !strings.HasPrefix(n.Template, "{id") })
		}
	}
	v := j.judge.Next(&d, rejected)
	switch v.Outcome {
	case "":
		j.summary.Devices++
		if known.disabled {
			j.summary.Inactive++
		}
		return j.to.device(&d, v.Thing)
	case ledger.Rejected:
		out := leftOut{Kind: leftRejected, File: d.Manifest, Entry: d.Entry, Line: d.Line, ID: d.ID, Reason: v.Reason, Detail: v.Detail}
		if v.Reason == manifest.ReasonContradiction {
			out.Kind = leftContradiction
		} else {
			j.rejected[v.Reason] = true
		}
		return j.out.add(out)
	}
	j.summary.Skipped++
	return nil
}
