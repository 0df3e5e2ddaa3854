package after

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/progress"
)

type undoOptions struct {
	Flags
	dryRun         bool
	deactivateOnly bool
}

const nothingUndone = "nothing was undone"

// NewUndo returns `thingpress undo`.
func NewUndo(streams terminal.Streams) *cobra.Command {
	var o undoOptions
	c := &cobra.Command{
		Use:   "undo IMPORT…",
		Short: "Remove what an import created",
		Long: `Remove exactly what an import created: detach policies and thing, leave the groups,
deactivate and delete the certificate, delete the thing. IMPORT is an ID from
'thingpress imports' or a unique prefix of one.

What existed before the import is never touched, nor is anything that others use by now: a
certificate with another policy or thing, a thing that was changed or has another
certificate, and what a later import counts on. Each is named with the reason, and the
command ends with 3. Thing types, groups and policies are never deleted.

If later imports count on the same devices, undo them together: 'thingpress undo A B'.

Shows what would be removed and asks for the ID of the import. Without a terminal, pass
--yes. If it ends with exit code 1, 3 or 130, or crashes, the same command resumes it.

` + exit.Help,
		Example: `  # see what would be removed
  thingpress undo 0199a3c1 --dry-run

  # undo an import into the wrong account
  thingpress undo 0199a3c1

  # undo only the devices that a file lists
  thingpress undo 0199a3c1 --only returned.txt

  # keep everything, but let no device of the import connect
  thingpress undo 0199a3c1 --deactivate-only`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: imports.CompleteIDs(math.MaxInt, cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(c *cobra.Command, args []string) error { return runUndo(c.Context(), &o, args, streams) },
	}
	o.Add(c)
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "read the devices and show what would be removed, but change nothing")
	c.Flags().BoolVar(&o.deactivateOnly, later.DeactivateOnly, false, "only deactivate the certificates that the import registered")
	return c
}

func runUndo(ctx context.Context, o *undoOptions, args []string, streams terminal.Streams) error {
	if o.dryRun && o.Report != "" {
		return exit.UsageError(errors.New("--report cannot be combined with --dry-run, which records no outcomes"), "leave out one of them")
	}
	s, err := Open(ctx, &o.Flags, args, !o.dryRun, nothingUndone, streams)
	if err != nil {
		return err
	}
	defer s.Close()
	overlap, err := later.FindOverlap(ctx, s.Ledger, s.Imports)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	if err := s.Survey(ctx, func(subject *engine.Subject) {
		if subject.Outcome == "" {
			countCreated(counts, overlap.Undone(subject), o.deactivateOnly)
		}
	}); err != nil {
		return err
	}
	s.announce(counts, overlap, o.deactivateOnly)
	if !o.dryRun {
		if err := s.confirmID(); err != nil {
			return err
		}
	}
	r := Run{
		Verb: later.VerbUndo, Doing: "undoing", Record: !o.dryRun, Adjust: overlap.Adjust, Calls: later.UndoCalls(s.Settings),
		Settings: map[string]string{}, Program: overlap.Program(o.deactivateOnly),
	}
	if o.deactivateOnly {
		r.Settings[later.DeactivateOnly], r.Doing, r.Calls = "true", "deactivating", later.StatusCalls()
	}
	if o.dryRun {
		r.planned = &later.Planned{}
		r.Program = r.planned.Rehearse(r.Program)
	}
	return s.Run(ctx, r)
}

// countCreated counts by kind what the import created for a device.
func countCreated(counts map[string]int, u device.Undone, onlyStatus bool) {
	for _, step := range u.Steps {
		if !step.Created {
			continue
		}
		switch op := iot.Operation(step.Operation); {
		case op == iot.RegisterCertificateWithoutCA && u.CertificateOf == "":
			counts["certificate"]++
		case onlyStatus:
		case op == iot.CreateThing && u.ThingOf == "":
			counts["thing"]++
		case op == iot.AttachPolicy && u.CertificateOf == "":
			counts["attached policy"]++
		}
	}
}

// announce shows what the imports created.
func (s *Session) announce(counts map[string]int, o *later.Overlap, onlyStatus bool) {
	verb := "to remove"
	if onlyStatus {
		verb = "to deactivate"
	}
	var parts []string
	for _, kind := range []struct{ one, many string }{
		{"certificate", "certificates"}, {"thing", "things"}, {"attached policy", "attached policies"},
	} {
		if n := counts[kind.one]; n > 0 {
			parts = append(parts, progress.Plural(n, kind.one, kind.many))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing"}
	}
	for _, i := range s.Imports {
		names := make([]string, len(i.Manifests))
		for n, m := range i.Manifests {
			names[n] = m.Name
		}
		s.Printer.Note("import %s of %s: %s", i.ID, imports.Begun(i), strings.Join(names, " "))
	}
	s.Printer.Note("%s: %s", verb, strings.Join(parts, ", "))
	others := slices.Sorted(maps.Keys(o.Others))
	for _, id := range others {
		s.Printer.Note("note: import %s counts on %s of them, which undo keeps", id, progress.Plural(o.Others[id], "device", "devices"))
	}
	if len(others) > 0 {
		s.Printer.Note("to undo them together: %s", s.undoAlso(others))
	}
	s.Printer.Pause()
}

// undoAlso returns the command that undoes these imports together with those of the session.
func (s *Session) undoAlso(others []string) string {
	words := []string{"thingpress undo"}
	for _, i := range s.Imports {
		words = append(words, i.ID)
	}
	words = append(words, others...)
	if s.Flags.Ledger != "" {
		words = append(words, "--ledger", terminal.ShellQuote(s.Flags.Ledger))
	}
	return strings.Join(words, " ")
}

// confirmID asks for the short ID of the import, unless --yes was given or the target is the sandbox.
func (s *Session) confirmID() error {
	if s.Flags.Yes || s.Connection.Embedded() {
		return nil
	}
	short := s.Chosen[0].Short
	answer := s.Streams.Ask(fmt.Sprintf("This cannot be undone. To go on in %s, type %s: ", s.Connection, short))
	if answer != short && answer != s.Imports[0].ID {
		return exit.NotConfirmed(nothingUndone)
	}
	return nil
}
