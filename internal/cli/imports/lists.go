package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
)

// ListFlags are the flags that select devices by lists, in every command that works on devices.
type ListFlags struct {
	only, skip      string
	ignoreUnmatched bool
}

// Add adds the flags to a command.
func (f *ListFlags) Add(flags *pflag.FlagSet) {
	flags.StringVar(&f.only, "only", "",
		"`file` that lists the devices to work on: thing names, vendor IDs or certificate IDs, one per line, or a CSV table that has them")
	flags.StringVar(&f.skip, "skip", "", "`file` that lists devices to skip, in the same form")
	flags.BoolVar(&f.ignoreUnmatched, "ignore-unmatched", false, "go on if --only or --skip list devices that no manifest has")
}

// Read reads the lists, which are nil without their flags. It returns the cause if ctx ends.
func (f *ListFlags) Read(ctx context.Context) (only, skip *engine.Filter, err error) {
	if only, err = f.readList(ctx, "--only", f.only); err != nil {
		return nil, nil, err
	}
	skip, err = f.readList(ctx, "--skip", f.skip)
	return only, skip, err
}

func (f *ListFlags) readList(ctx context.Context, flag, path string) (*engine.Filter, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // without the flag there is no list
	}
	file, err := terminal.OpenFile(ctx, path, os.O_RDONLY, 0)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("%s: %w", flag, err), "")
	}
	defer file.Close() //nolint:errcheck // it was only read
	list, err := engine.ReadFilter(terminal.InterruptibleReader(ctx, file))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, exit.UsageError(fmt.Errorf("%s %s: %w", flag, path, err), "")
	}
	if !list.Usable() && !f.ignoreUnmatched {
		return nil, exit.UsageError(fmt.Errorf("%s %s: the file lists no device", flag, path),
			"list a thing name, vendor ID or certificate ID per line, or leave out "+flag)
	}
	return list, nil
}

// Check returns an error if a list matched no device of the manifests, which is a list for other
// devices.
func (f *ListFlags) Check(s engine.Settings) error {
	if f.ignoreUnmatched {
		return nil
	}
	for _, l := range []struct {
		flag, path string
		list       *engine.Filter
	}{{"--only", f.only, s.Only}, {"--skip", f.skip, s.Skip}} {
		if l.list != nil && !l.list.Matched() {
			return exit.UsageError(fmt.Errorf("%s %s: no line matches a device of the manifests", l.flag, l.path),
				"thingpress inspect shows names and IDs; --ignore-unmatched goes on all the same")
		}
	}
	return nil
}

// Missing reports whether something that --only asked for is not there, which makes a command
// end with [exit.Incomplete].
func (f *ListFlags) Missing(unmatchedOnly []string) bool {
	return len(unmatchedOnly) > 0 && !f.ignoreUnmatched
}

// unmatchedText returns a sentence about each list that has lines without a device.
func unmatchedText(only, skip []string) (sentences []string) {
	for flag, n := range map[string]int{"--only": len(only), "--skip": len(skip)} {
		if n > 0 {
			sentences = append(sentences, fmt.Sprintf("%s of %s without a device", progress.Plural(n, "line", "lines"), flag))
		}
	}
	slices.Sort(sentences)
	return sentences
}

// ShowUnmatched prints what --only and --skip list and no manifest has.
func ShowUnmatched(out io.Writer, only, skip []string) error {
	return errors.Join(showLines(out, "--only", only), showLines(out, "--skip", skip))
}

func showLines(out io.Writer, flag string, lines []string) error {
	const most = 20
	var err error
	for _, line := range lines[:min(most, len(lines))] {
		_, err = fmt.Fprintf(out, "%s lists %s, which matches no device\n", flag, manifest.Quote(line))
	}
	if len(lines) > most {
		_, err = fmt.Fprintf(out, "%s lists %s more that match no device; --output json prints all\n", flag, count(len(lines)-most))
	}
	return err
}
