package after

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/progress"
)

// NewActivate returns `thingpress activate`.
func NewActivate(streams terminal.Streams) *cobra.Command {
	c := newSetStatus(streams, &statusOptions{verb: "activate", doing: "activating", status: iot.StatusActive})
	c.Short = "Activate the certificates of an import"
	c.Long = `Set the certificates of an import to ACTIVE, so that its devices can connect. IMPORT is
an ID from 'thingpress imports' or a unique prefix of one.

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
	o := statusOptions{verb: "deactivate", doing: "deactivating", status: iot.StatusInactive}
	c := newSetStatus(streams, &o)
	c.Flags().BoolVar(&o.disconnect, "disconnect", false, "also end the sessions of devices whose client IDs are the names of their things")
	c.Short = "Deactivate the certificates of an import"
	c.Long = `Set the certificates of an import to INACTIVE, so that its devices can no longer connect.
Nothing is deleted or detached, and 'thingpress activate' takes it back. IMPORT is an ID
from 'thingpress imports' or a unique prefix of one.

A certificate that is neither ACTIVE nor INACTIVE, such as one that was revoked, is a
conflict: it is left as it is, and named. Devices that the import did not bring into AWS
are skipped.

AWS IoT keeps the connections of devices whose certificates become INACTIVE. --disconnect
ends them after the status is set. AWS finds a connection by its client ID, which must be
the name of the thing. A device with another client ID stays connected, and AWS answers
as it does for a device that is not connected.

` + exit.Help
	c.Example = `  # a reel was stolen: its devices must not connect
  thingpress deactivate 0199a3c1 --disconnect

  # deactivate only the devices that a file lists
  thingpress deactivate 0199a3c1 --only stolen.txt`
	return c
}

type statusOptions struct {
	Flags
	verb, doing string
	status      iot.Status
	disconnect  bool
}

func newSetStatus(streams terminal.Streams, o *statusOptions) *cobra.Command {
	c := &cobra.Command{
		Use: o.verb + " IMPORT", Args: cobra.ExactArgs(1),
		ValidArgsFunction: imports.CompleteIDs(1, cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(c *cobra.Command, args []string) error { return runSetStatus(c.Context(), o, args, streams) },
	}
	o.Add(c)
	return c
}

func runSetStatus(ctx context.Context, o *statusOptions, args []string, streams terminal.Streams) error {
	nothing := "nothing was " + o.verb + "d"
	s, err := Open(ctx, &o.Flags, args, true, nothing, streams)
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
	question := fmt.Sprintf("%s %s in %s?", o.verb, progress.Plural(devices, "certificate", "certificates"), s.Connection)
	if devices > 0 && !o.Yes && !s.Connection.Embedded() && !streams.Confirm(question) {
		return exit.NotConfirmed(nothing)
	}
	r := Run{
		Verb: o.verb, Doing: o.doing, Record: true, Adjust: later.OnlyRegistered, Calls: later.StatusCalls(), Program: later.SetStatus(o.status),
	}
	if !o.disconnect {
		return s.Run(ctx, r)
	}
	sessions, err := s.Connection.Client.Sessions(ctx)
	if err != nil {
		return err
	}
	r.Settings = map[string]string{"disconnect": "true"}
	r.Calls[iot.DeleteConnection] = 1
	r.Program = later.Disconnect(r.Program, sessions)
	return s.Run(ctx, r)
}
