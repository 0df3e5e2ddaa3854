package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/xdg"
)

type planOptions struct {
	prepareFlags
	compare bool
}

func newPlan(streams Streams) *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan MANIFEST…",
		Short: "Say what an import would do, and how long it would take",
		Long: `Decode every entry of the manifests, check the attachments, and print what an import
with the same flags would do: devices, rejected entries, calls per operation, the
quota that binds, how long it takes and what doubling that quota would give, and for
a few devices exactly the calls that would be made. MANIFEST "-" is standard input.

With --compare every device is looked up: new, unchanged, to be completed, or in
conflict. Many devices are read in pages.

Nothing is ever changed, and no ledger is opened. With --sandbox it looks at a copy
of the embedded sandbox.

` + exitHelp,
		Example: `  thingpress plan --policy sensors --thing-type sensor reel.csv

  # what is there already
  thingpress plan --compare --policy sensors --thing-type sensor reel.csv

  # for a script
  thingpress plan --output json --policy sensors reel.csv | jq .seconds`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runPlan(c.Context(), &o, args, streams)
		},
	}
	o.add(c)
	c.Flags().BoolVar(&o.compare, "compare", false, "look every device up in AWS")
	return c
}

// planRun is one run of the plan command.
type planRun struct {
	preparation
	compare bool

	scratch    string // directory of the copy of the sandbox
	wrong      *device.AttachmentError
	comparison *engine.Comparison
}

func runPlan(ctx context.Context, o *planOptions, args []string, streams Streams) error {
	if err := o.targetFlags.check(); err != nil {
		return err
	}
	overrides, err := o.quotaFlags.check()
	if err != nil {
		return err
	}
	run := &planRun{preparation: newPreparation(&o.prepareFlags, args, streams), compare: o.compare}
	run.view.why = ""
	defer func() {
		run.close()
		if run.scratch != "" {
			_ = os.RemoveAll(run.scratch) // it is in the directory for temporary files
		}
	}()
	for _, step := range []func(context.Context) error{
		run.readSettings,
		run.connect,
		run.openSources,
		run.decode,
		func(ctx context.Context) error { return run.look(ctx, overrides) },
		run.compareDevices,
	} {
		if err := step(ctx); err != nil {
			if interrupted(ctx) {
				return &exitError{code: ExitInterrupted, err: errors.New("interrupted")}
			}
			return err
		}
	}
	run.printer.Close()
	if err := run.print(run.plan()); err != nil {
		return err
	}
	switch {
	case run.wrong != nil:
		return &exitError{code: ExitFailure}
	case run.scan.Rejected > 0, run.comparison != nil && run.comparison.Conflicts > 0:
		return &exitError{code: ExitIncomplete}
	}
	return nil
}

func (run *planRun) connect(ctx context.Context) (err error) {
	target := run.flags.targetFlags
	if target.sandbox {
		if target.sandboxState, err = run.copySandbox(target.sandboxState); err != nil {
			return err
		}
	}
	if run.connection, err = target.connect(ctx, sandbox.Options{}); err != nil {
		return err
	}
	run.printer.Note("target: %s", run.connection)
	return nil
}

// copySandbox copies the state of the embedded sandbox, so that what the check
// of attachments creates in it is gone afterwards, and an import that is
// running in it is not disturbed.
func (run *planRun) copySandbox(path string) (scratch string, err error) {
	if path == "" {
		dir, err := xdg.StateDir()
		if err != nil {
			return "", withHint(err, "say where with --sandbox-state")
		}
		path = filepath.Join(dir, sandboxState)
	}
	if run.scratch, err = os.MkdirTemp("", "thingpress-plan-*"); err != nil {
		return "", err
	}
	scratch = filepath.Join(run.scratch, sandboxState)
	from, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return scratch, nil
	}
	if err != nil {
		return "", err
	}
	defer from.Close() //nolint:errcheck // it was only read
	to, err := os.OpenFile(scratch, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close()); err != nil {
		return "", fmt.Errorf("copy %s: %w", path, err)
	}
	return scratch, nil
}

// look checks the attachments; what is wrong with them is part of the plan.
func (run *planRun) look(ctx context.Context, overrides map[iot.Operation]quota.Override) error {
	err := run.check(ctx, overrides)
	if errors.As(err, &run.wrong) {
		return nil
	}
	return err
}

func (run *planRun) compareDevices(ctx context.Context) error {
	if !run.compare || run.wrong != nil {
		return nil
	}
	comparison, err := engine.Compare(ctx, engine.Config{
		Settings: run.settings, Target: run.connection.target,
		AWS: run.connection.client.AWS(), Limiters: quota.NewLimiters(run.quotas, quota.Options{}),
		Events: run.view.event, Abort: abortContext(ctx),
	}, run.sources, run.scan)
	if err != nil {
		return withHint(err, stopHint(err))
	}
	run.comparison = &comparison
	return nil
}
