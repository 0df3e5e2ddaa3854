package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

type importOptions struct {
	prepareFlags

	fresh       bool
	resume      string
	ledger      string
	dryRun      bool
	maxFailures int
	report      string
	yes         bool
}

func newImport(streams Streams) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import MANIFEST…",
		Short: "Import the devices of manifests into AWS IoT Core",
		Long: `Import every device of the manifests into AWS IoT Core: the certificate is
registered, the thing created and both attached, with policies, thing type, groups
and attributes.

The manifests are read twice. First every entry is decoded and judged, so that
totals, rejected entries, the ceiling and the duration are known before the first
call. Then the devices are imported at the rate that the account's quotas allow.
MANIFEST "-" is standard input.

What exists already is looked at and completed, never replaced. After exit code 1, 3
or 130, or a crash, the same command line resumes: only what has no good outcome yet
is done. A finished import that is run again is a new import that looks at AWS.

Credentials come from where the AWS SDK finds them (environment, profile, SSO, role);
docs/iam.md has the policy that they need. With --sandbox nothing of AWS is read or
called: the import goes into an embedded endpoint that behaves like AWS IoT.

` + exitHelp,
		Example: `  # rehearse
  thingpress import --sandbox --policy sensors --thing-type sensor reel.csv

  # import; the account must be this one
  thingpress import --account 111122223333 --policy sensors --thing-group factory-7 reel.7z

  # Microchip manifests are signed: say by whom
  thingpress import --policy sensors --signer MCHP_manifest_signer_5.crt manifest.json

  # name things after the MAC, and keep the outcome of every entry
  thingpress import --policy sensors --thing-name '{mac}' --report outcome.csv reel.csv

  # only these devices
  thingpress import --policy sensors --only first-thousand.txt reel.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && o.resume == "" {
				return errors.New("no manifest given")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return runImport(c, &o, args, streams)
		},
	}
	o.add(c)
	flags := c.Flags()
	flags.BoolVar(&o.fresh, "new", false, "begin a new import, also where an unfinished one could be resumed")
	flags.StringVar(&o.resume, "resume", "", "resume the import with this ID, with its manifests and flags (see thingpress imports)")
	flags.StringVar(&o.ledger, "ledger", "", "ledger file (default: one for each target below the state directory)")
	flags.BoolVar(&o.dryRun, "dry-run", false, "check manifests and attachments, and stop before the first change")
	flags.IntVar(&o.maxFailures, "max-failures", 0, "stop after so many failed devices; 0 is no limit")
	flags.StringVar(&o.report, "report", "", "write the outcome of every entry to this file, .jsonl or .csv")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before the import starts")
	return c
}

// check finds what flags cannot say alone.
func (o *importOptions) check() error {
	switch {
	case o.maxFailures < 0:
		return usage(fmt.Errorf("--max-failures %d is negative", o.maxFailures), "")
	case o.resume != "" && o.fresh:
		return usage(errors.New("--resume and --new exclude each other"), "")
	}
	return o.targetFlags.check()
}
