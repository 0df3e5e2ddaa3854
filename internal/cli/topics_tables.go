package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/manifest/vendors"
)

// tableTopics returns the pages about tables of any source.
func tableTopics() []*cobra.Command {
	return []*cobra.Command{
		{
			Use: "columns", Short: "How to say what the columns of a table hold",
			Long: `--columns says what the columns of a table (CSV) hold, as USE=COLUMN separated by
commas. Without it, the message about an unknown table lists its columns, and the hint
is a command line that would read it.

Uses:
  cert                      the certificate; must be given
  check                     what must equal the common name (CN) of the certificate
  name                      the name of the thing
  id                        the vendor's ID of the device
  attribute.NAME            the attribute NAME of the thing
  group, policy             names, separated by bars, semicolons or commas; several
                            columns can hold them
  type, billing, status     thing type, billing group, status of the certificate
  secret                    a secret, which is never shown and never used

A column is a header or a number from 1. Case and blanks do not matter. A header with a
comma, a bar, only digits, or a question mark at the end needs double quotes. Bars
separate alternatives, and after a question mark the table need not have the column.

Other columns can be used in templates: --attribute 'model={column.model}'. Columns with
secrets, such as passwords and QR codes, cannot be used at all.

Examples:
  --columns 'cert=Certificate PEM,check=Common Name,group=Line'
  --columns 'cert=3,id=1'
  --columns 'cert=pem|certificate,attribute.batch=Batch?'`,
		},
		{
			Use: "presets", Short: "Which tables of other programs are known, and how to add yours",
			Long: `A preset has the columns of the tables of one program. --columns adds to them, or
replaces them.

` + presetList() + `
Your own presets are in the directory 'presets' next to the config file, such as
~/.config/thingpress/presets/acme.toml for --preset acme:

  title = "Acme: delivery.csv"
  columns = "cert=Certificate PEM,check=Common Name,group=Line"

One with the name of a preset in the list has precedence over it.`,
		},
	}
}

// presetList lists the presets of the library.
func presetList() string {
	var b strings.Builder
	for _, p := range vendors.Presets() {
		b.WriteString("  --preset " + p.Name + "\n      " + p.Title + "\n      " + p.Columns.String() + "\n\n")
	}
	return b.String()
}
