package imports

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
)

// closeConnection closes the connection and prints an error of the embedded sandbox,
// which concerns its state and not the import.
func closeConnection(c *target.Connection, printer *progress.Printer, streams terminal.Streams) {
	if err := c.Close(); err != nil {
		printer.Close()
		fmt.Fprintln(streams.Err, "thingpress: sandbox:", err)
	}
}

// Scan runs the first pass over manifests within the bound of memory. It prints the lines of --only
// and --skip that match nothing, and returns an error if a list matched nothing. The result of a broken manifest is what
// was read before the break.
func Scan(ctx context.Context, sources []*engine.Source, settings engine.Settings, lists *ListFlags, events engine.Events,
	printer *progress.Printer, streams terminal.Streams,
) (*engine.ScanResult, error) {
	BoundMemory(streams.LookupEnv, sources, 0)
	scan, err := engine.Scan(ctx, sources, settings, events)
	BoundMemory(streams.LookupEnv, sources, scan.Entries)
	printer.Pause()
	var broken *engine.BreakError
	switch {
	case errors.As(err, &broken):
		return scan, exit.WithHint(err, manifests.BreakHint(broken.Breaks[0], advice.CLI))
	case err != nil:
		return scan, err
	}
	return scan, errors.Join(ShowUnmatched(streams.Err, scan.UnmatchedOnly, scan.UnmatchedSkip), lists.Check(settings))
}

// scanManifests is like [Scan]. If a manifest is broken it prints what was read.
func scanManifests(ctx context.Context, sources []*engine.Source, settings engine.Settings, events engine.Events, f *runFlags,
	printer *progress.Printer, streams terminal.Streams,
) (*engine.ScanResult, error) {
	scan, err := Scan(ctx, sources, settings, &f.lists, events, printer, streams)
	var broken *engine.BreakError
	if !errors.As(err, &broken) {
		return scan, err
	}
	showScan(printer, scan, f)
	if broken.PrivateKey() || scan.Devices == 0 {
		return scan, err
	}
	return scan, exit.WithHint(err, exit.Hint(err)+"; --partial imports the entries before the break")
}

// RefuseTestMaterial returns an error if devices that anyone can impersonate would get into an
// account of AWS.
func RefuseTestMaterial(c *target.Connection, scan *engine.ScanResult, allowed bool) error {
	if allowed || scan.TestMaterial == 0 || !c.IsAWS() {
		return nil
	}
	return exit.WithHint(fmt.Errorf("nothing was imported: %w", manifests.TestMaterialError(scan)),
		"rehearse with --sandbox, or add --allow-test-material if anyone may connect as these devices")
}

// AttachmentHint returns what to do about attachments with faults, or "" for another error.
func AttachmentHint(c *target.Connection, err error) string {
	var wrong *device.AttachmentError
	if !errors.As(err, &wrong) {
		return ""
	}
	return attachmentHint(c, wrong.Findings)
}

// attachmentHint returns what to do about all findings.
func attachmentHint(c *target.Connection, findings []device.Finding) string {
	var todos []string
	for _, f := range findings {
		todo := findingHint(c, f)
		if todo == "" {
			continue
		}
		if len(findings) > 1 && f.Name != "" {
			todo = f.Kind + " " + f.Name + ": " + todo
		}
		todos = append(todos, todo)
	}
	return strings.Join(todos, "\n")
}

// findingHint returns what to do about a finding. The AWS CLI cannot reach the embedded sandbox, which
// lacks only what no import without --strict-names has created.
func findingHint(c *target.Connection, f device.Finding) string {
	if c.Embedded() && f.Code == device.FindingMissing {
		return "correct its name; an import without --strict-names creates it"
	}
	return advice.Attachment(f, advice.CLI, c.AWSFlags).Todo
}
