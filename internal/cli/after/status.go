package after

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/progress"
)

// NewActivate returns `thingpress activate`.
func NewActivate(streams terminal.Streams) *cobra.Command {
	c := newSetStatus(streams, "activate", "activating", iot.StatusActive)
	c.Short = "Activate the certificates of an import"
	c.Long = `Set the certificates of an import to ACTIVE, so that its devices can connect. IMPORT is
an ID of 'thingpress imports', which may be shortened as far as it is unique.

A certificate that is neither ACTIVE nor INACTIVE, such as one that was revoked, is a
conflict: it is left as it is, and named. Devices that the import did not bring into AWS
are skipped.

` + exit.Help
	c.Example = `  # activate what was imported with --status INACTIVE
  thingpress activate 0199a3c1

  # activate only the devices that have passed the test
  thingpress activate 0199a3c1 --only passed.txt`
	return c
}

// NewDeactivate returns `thingpress deactivate`.
func NewDeactivate(streams terminal.Streams) *cobra.Command {
	c := newSetStatus(streams, "deactivate", "deactivating", iot.StatusInactive)
	c.Short = "Deactivate the certificates of an import"
	c.Long = `Set the certificates of an import to INACTIVE, so that its devices can no longer connect.
Nothing is deleted or detached, and 'thingpress activate' takes it back. IMPORT is an ID
of 'thingpress imports', which may be shortened as far as it is unique.

A certificate that is neither ACTIVE nor INACTIVE, such as one that was revoked, is a
conflict: it is left as it is, and named. Devices that the import did not bring into AWS
are skipped.

` + exit.Help
	c.Example = `  # a reel was stolen: its devices must not connect
  thingpress deactivate 0199a3c1

  # deactivate only the devices that a file lists
  thingpress deactivate 0199a3c1 --only stolen.txt`
	return c
}

func newSetStatus(streams terminal.Streams, verb, doing string, status iot.Status) *cobra.Command {
	var f Flags
	c := &cobra.Command{
		Use: verb + " IMPORT", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runSetStatus(c.Context(), &f, args, verb, doing, status, streams)
		},
	}
	f.Add(c)
	return c
}

func runSetStatus(ctx context.Context, f *Flags, args []string, verb, doing string, status iot.Status, streams terminal.Streams) error {
	nothing := "nothing was " + verb + "d"
	s, err := Open(ctx, f, args, true, nothing, streams)
	if err != nil {
		return err
	}
	defer s.Close()
	devices := 0
	if err := s.Survey(ctx, func(subject *engine.Subject) {
		if later.OnlyRegistered(subject); subject.Outcome == "" {
			devices++
		}
	}); err != nil {
		return err
	}
	question := fmt.Sprintf("%s %s in %s?", verb, progress.Plural(devices, "certificate", "certificates"), s.Connection)
	if devices > 0 && !f.Yes && !s.Connection.Embedded() && !streams.Confirm(question) {
		return exit.NotConfirmed(nothing)
	}
	return s.Run(ctx, Run{
		Verb: verb, Doing: doing, Record: true, Adjust: later.OnlyRegistered,
		Calls: later.StatusCalls(), Program: later.SetStatus(status),
	})
}
