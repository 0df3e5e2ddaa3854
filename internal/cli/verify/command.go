// Package verify has `thingpress verify`, which compares the devices of an import, or of manifests, with
// what the registry holds now.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/after"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/imports"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/settings"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/config"
	"github.com/thingpress/thingpress/internal/report"
)

type options struct {
	after.Flags
	decode  manifests.Flags
	objects manifests.ObjectFlags
	attach  imports.AttachFlags

	full, fix, connected bool
	// name is that of --target, if there are several.
	name  string
	flags *pflag.FlagSet
	// ofManifests are the flags that only apply to manifests.
	ofManifests []string
}

// NewCommand returns `thingpress verify`.
func NewCommand(streams terminal.Streams) *cobra.Command {
	c, _ := newCommand(streams)
	return c
}

// newCommand also returns the options that the flags set.
func newCommand(streams terminal.Streams) (*cobra.Command, *options) {
	var o options
	c := &cobra.Command{
		Use:   "verify IMPORT|MANIFEST…",
		Short: "Compare devices with what was wanted of them",
		Long: `Compare the devices of an import with what the import wanted, and name every difference
(drift): a certificate that is gone or has another status; a thing that is gone or has
another type, attribute or billing group; a certificate that is detached, or attached to
another thing; a thing with another certificate; policies and groups that are missing or
were not wanted. IMPORT is an ID from 'thingpress imports' or a unique prefix of one.

With manifests, the devices of the manifests are compared with what the flags say, also
if another tool imported them. MANIFEST "-" is standard input, and
s3://BUCKET/KEY an object in S3.

AWS lists attachments for one device per call. Of more than 2,995 devices a random sample
of 2,995 is therefore read completely: if none of them differs, fewer than 0.1 % of all do,
at a confidence of 95 %. --full reads the attachments of all devices, which takes seven
hours for a million at the default quotas. Each run takes another sample.

With --target several times, the manifests are compared with each of these targets, and a
table at the end has all of them. An import is in one target only, so name that one.

--fix makes what is missing, and changes nothing else: no status, no other value, and
nothing that is there in addition. It asks first. Without a terminal, pass --yes.

` + exit.Help,
		Example: `  # the devices of an import
  thingpress verify 0199a3c1

  # all of them completely, with every difference in a file
  thingpress verify 0199a3c1 --full --report drift.csv

  # make what is missing
  thingpress verify 0199a3c1 --fix

  # devices that another tool imported
  thingpress verify --policy sensors --thing-type sensor reel.csv

  # the same devices in two accounts
  thingpress verify --target production --target china --policy sensors reel.csv

  # which devices have been connected since fleet indexing began
  thingpress verify 0199a3c1 --connected`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no import and no manifest given")
			}
			return nil
		},
		ValidArgsFunction: imports.CompleteIDs(1, cobra.ShellCompDirectiveDefault),
		RunE: func(c *cobra.Command, args []string) error {
			if names := settings.Targets(c.Flags()); len(names) > 1 {
				return verifySeveral(c.Context(), names, c, args, streams)
			}
			return runVerify(c.Context(), &o, c.Flags(), args, streams)
		},
	}
	o.decode.Add(c)
	o.attach.Add(c)
	c.Flags().VisitAll(func(flag *pflag.Flag) { o.ofManifests = append(o.ofManifests, flag.Name) })
	c.Flags().Lookup("adopt").Hidden = true // accepted so that the flags of an import can be pasted
	o.Add(c)
	flags := c.Flags()
	o.flags = flags
	o.objects.Add(flags)
	flags.BoolVar(&o.full, "full", false, "read the attachments of all devices, not only of a sample")
	flags.BoolVar(&o.fix, "fix", false, "make what is missing, and change nothing else")
	flags.BoolVar(&o.connected, "connected", false, "tell which devices have been connected, from the fleet index")
	flags.Lookup("yes").Usage = "do not ask before --fix changes anything"
	flags.Lookup("report").Usage = "write every difference to this `file`, .jsonl or .csv"
	flags.Lookup("overwrite").Usage = "let --report replace a file"
	settings.AllowSeveralTargets(c)
	return c, &o
}

// importID matches the beginning of the ID of an import.
var importID = regexp.MustCompile(`^[0-9a-fA-F][0-9a-fA-F-]{0,35}$`)

// namesImport reports whether the arguments name an import rather than manifests.
func namesImport(args []string) bool {
	if len(args) != 1 || !importID.MatchString(args[0]) {
		return false
	}
	_, err := os.Stat(args[0])
	return err != nil
}

// checkExists returns an error if the only argument is neither an import nor a manifest, before AWS is asked for anything.
func checkExists(args []string) error {
	if len(args) != 1 || args[0] == "-" || manifests.IsObject(args[0]) {
		return nil
	}
	if _, err := os.Stat(args[0]); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return exit.UsageError(fmt.Errorf("%q is neither the ID of an import nor a manifest", args[0]),
		"list the imports with thingpress imports, or name a file that exists")
}

// checkFlags returns an error if flags do not apply.
func (o *options) checkFlags(flags *pflag.FlagSet, ofImport bool) error {
	if !ofImport {
		if o.Ledger != "" {
			return exit.UsageError(errors.New("--ledger is only for an import"), "leave it out, or name an import instead of manifests")
		}
		return nil
	}
	var given []string
	for _, name := range o.ofManifests {
		if flag := flags.Lookup(name); flag.Changed && !config.IsPreset(flag) {
			given = append(given, "--"+name)
		}
	}
	if len(given) > 0 {
		return exit.UsageError(fmt.Errorf("%s cannot be combined with an import, whose ledger has what it wanted", strings.Join(given, ", ")),
			"leave the flags out, or name the manifests instead of the import")
	}
	return nil
}

func runVerify(ctx context.Context, o *options, flags *pflag.FlagSet, args []string, streams terminal.Streams) error {
	ofImport := namesImport(args)
	if err := o.checkFlags(flags, ofImport); err != nil {
		return err
	}
	if o.Report != "" {
		if _, err := report.New(io.Discard, filepath.Ext(o.Report)); err != nil {
			return exit.UsageError(fmt.Errorf("report %s: %w", o.Report, err), "name a file that ends in .jsonl or .csv")
		}
		if err := exit.Occupied(o.Report, o.Overwrite); err != nil {
			return err
		}
	}
	if ofImport {
		f, err := o.openImport(ctx, args, streams)
		if err != nil {
			return err
		}
		defer f.close()
		_, err = f.verify(ctx, o, streams)
		return err
	}
	if err := checkExists(args); err != nil {
		return err
	}
	var p passes
	defer p.close()
	f, err := o.openManifests(ctx, &p, args, streams)
	if err != nil {
		return err
	}
	defer f.close()
	_, err = f.verify(ctx, o, streams)
	return err
}
