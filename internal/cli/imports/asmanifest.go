package imports

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/manifests"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/sqlite"
	"github.com/thingpress/thingpress/internal/newfile"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// A cutLine is a written manifest as JSON.
type cutLine struct {
	Type     string `json:"type"`
	Import   string `json:"import"`
	File     string `json:"file"`
	Manifest string `json:"manifest"`
	Entries  int    `json:"entries"`
}

// writeManifest writes the failed and rejected entries of an import as a manifest.
func (o *reportOptions) writeManifest(ctx context.Context, chosen Chosen, reader *sqlite.Reader, streams terminal.Streams) error {
	if err := exit.Occupied(o.asManifest, o.overwrite); err != nil {
		return err
	}
	wanted, err := o.entriesToCut(ctx, chosen, reader)
	if err != nil {
		return err
	}
	index, path, err := o.manifestToCut(ctx, chosen, wanted, streams)
	if err != nil {
		return err
	}
	m, entries := chosen.Manifests[index], wanted[index]
	settings, err := Recorded(chosen.Import)
	if err != nil {
		return err
	}
	files, err := o.openManifest(ctx, chosen, path, streams)
	if err != nil {
		return exit.WithHint(err, cmp.Or(exit.Hint(err), "say where the manifest is now with --manifest"))
	}
	defer files.Close() //nolint:errcheck // they were only read
	source, err := engine.OpenSource(ctx, files.Inputs[0], nothing{})
	if err != nil {
		return err
	}
	if source.SHA256 != m.SHA256 {
		return exit.WithHint(fmt.Errorf("%s is not what was imported: its SHA-256 is %s, that of the import %s", path,
			source.SHA256, m.SHA256),
			"name the file that was imported with --manifest")
	}
	format, err := vendors.Choose(ctx, source.Input, m.Vendor, settings.Decode)
	if err != nil {
		return err
	}
	written := 0
	err = newfile.Write(o.asManifest, func(to io.Writer) error {
		in, isChosen := source.Input, func(entry int) bool { return entries[entry] }
		switch {
		case format.Cut != nil:
			written, err = format.Cut(ctx, in, settings.Decode, isChosen, to)
		case format.Pieces != nil:
			written, err = manifests.WriteArchive(format.Pieces(ctx, in, settings.Decode, isChosen), to)
		default:
			return exit.WithHint(fmt.Errorf("entries of format %s cannot be cut out of a manifest", m.Vendor),
				"list them with thingpress report --failed --rejected --format csv "+chosen.Short)
		}
		if err == nil && written == 0 {
			err = errors.New("the entries have no text of their own: they stand for the break of the manifest")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", o.asManifest, err)
	}
	if left := len(entries) - written; left > 0 {
		plain.Fprintf(streams.Err, "%s without text of its own was left out: the break of the manifest\n",
			progress.Plural(left, "entry", "entries"))
	}
	if o.output == terminal.JSON {
		return streams.PrintJSON(cutLine{"manifest", chosen.ID, o.asManifest, m.Name, written})
	}
	plain.Fprintf(streams.Err, "%s: %s of %s\n", o.asManifest, progress.Plural(written, "entry", "entries"), m.Name)
	return nil
}

// openManifest opens a manifest of the import, and shows how much of it is downloaded.
func (o *reportOptions) openManifest(ctx context.Context, chosen Chosen, path string, streams terminal.Streams) (*manifests.Files, error) {
	printer := streams.Progress(false, terminal.Text)
	defer printer.Close()
	_, flags := Reading(chosen.Import)
	return manifests.OpenFiles(ctx, []string{path}, manifests.Reading{
		Stdin: streams.In, Objects: o.objects.Recorded(flags), Printer: printer,
	})
}

// entriesToCut returns the entries to write, by manifest.
func (o *reportOptions) entriesToCut(ctx context.Context, chosen Chosen, reader *sqlite.Reader) (map[int]map[int]bool, error) {
	outcomes := []ledger.Outcome{ledger.Failed, ledger.Rejected}
	if o.rejected && !o.failed {
		outcomes = []ledger.Outcome{ledger.Rejected}
	}
	wanted := map[int]map[int]bool{}
	for r, err := range reader.Records(ctx, chosen.ID) {
		switch {
		case err != nil:
			return nil, err
		case !slices.Contains(outcomes, r.Outcome):
			continue
		case wanted[r.Manifest] == nil:
			wanted[r.Manifest] = map[int]bool{}
		}
		wanted[r.Manifest][r.Entry] = true
	}
	if len(wanted) == 0 {
		return nil, fmt.Errorf("nothing was written: no entry of import %s is %s", chosen.Short, outcomeWords(outcomes))
	}
	return wanted, nil
}

func outcomeWords(outcomes []ledger.Outcome) string {
	text := ""
	for i, o := range outcomes {
		if i > 0 {
			text += " or "
		}
		text += string(o)
	}
	return text
}

// manifestToCut returns the manifest whose entries to write, and the path of its file. Several
// manifests do not fit into one file, so that the user has to choose.
func (o *reportOptions) manifestToCut(ctx context.Context, chosen Chosen, wanted map[int]map[int]bool, streams terminal.Streams,
) (index int, path string, err error) {
	if o.manifest != "" {
		return o.manifestByContent(ctx, chosen, wanted, streams)
	}
	if len(wanted) > 1 {
		text := ""
		for i, m := range chosen.Manifests {
			if n := len(wanted[i]); n > 0 {
				text += fmt.Sprintf("\n  %s: %s", m.Name, progress.Plural(n, "entry", "entries"))
			}
		}
		return 0, "", exit.UsageError(fmt.Errorf("entries of %d manifests failed or were rejected:%s", len(wanted), text),
			"name one of them with --manifest, and write each into a file of its own")
	}
	for index = range wanted {
	}
	var recorded struct{ Manifests []string }
	_ = json.Unmarshal([]byte(chosen.Settings), &recorded) // settings of other forms have no paths
	if index >= len(recorded.Manifests) || recorded.Manifests[index] == "-" {
		return 0, "", exit.UsageError(fmt.Errorf("the ledger has no path of %s", chosen.Manifests[index].Name),
			"say where it is with --manifest")
	}
	return index, recorded.Manifests[index], nil
}

// manifestByContent returns the manifest of the import that the file of --manifest is.
func (o *reportOptions) manifestByContent(ctx context.Context, chosen Chosen, wanted map[int]map[int]bool, streams terminal.Streams,
) (index int, path string, err error) {
	files, err := o.openManifest(ctx, chosen, o.manifest, streams)
	if err != nil {
		return 0, "", err
	}
	defer files.Close() //nolint:errcheck // they were only read
	source, err := engine.OpenSource(ctx, files.Inputs[0], nothing{})
	if err != nil {
		return 0, "", err
	}
	for i, m := range chosen.Manifests {
		switch {
		case m.SHA256 != source.SHA256:
		case len(wanted[i]) == 0:
			return 0, "", fmt.Errorf("nothing was written: every entry of %s is as wanted", o.manifest)
		default:
			return i, o.manifest, nil
		}
	}
	return 0, "", fmt.Errorf("%s is not a manifest of import %s: its SHA-256 is %s", o.manifest, chosen.Short, source.SHA256)
}

// nothing is the decoder of a file of which only the hash is wanted.
type nothing struct{ manifest.Decoder }

func (nothing) Vendor() string { return "" }
