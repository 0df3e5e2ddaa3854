package cli_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

var updateDocs = flag.Bool("update", false, "write what the commands print into the pages")

// The first lines of blocks that a reader cannot run as they are.
const (
	inAWS     = "# in your AWS account"    // runs against moto
	withFiles = "# with files of your own" // is only parsed
)

// TestEveryBlockRuns runs the command blocks of README.md and of the pages in docs, literally
// and in this order, in one shell with a fresh home directory. Nothing is cleared in between.
// A block in a fence sh must succeed; one in a fence console has a command after each "$ ",
// whose output must be what follows, if anything does. The last command of a block ends
// with exit code 3 if the paragraph after it says "ends with exit code 3".
func TestEveryBlockRuns(t *testing.T) {
	t.Parallel()
	root := require.Root(t)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	shell := startShell(t, root)
	for _, path := range append([]string{filepath.Join(root, "README.md")}, pages...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page := string(text)
		name, _ := filepath.Rel(root, path)
		missing := "" // the section whose remaining blocks cannot run
		for _, b := range parseBlocks(page) {
			t.Run(name+":"+b.heading, func(t *testing.T) {
				if b.heading == missing {
					t.Skip("an earlier block of the section was skipped")
				}
				missing = b.heading // until the block has run
				updated := shell.runBlock(t, name, b)
				missing = ""
				if *updateDocs {
					page = strings.Replace(page, b.text, updated, 1)
				}
			})
		}
		if *updateDocs && page != string(text) {
			if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A block is a fenced block of a page.
type block struct {
	heading string // the last heading before it
	fence   string // sh, console or the name of another language
	text    string
	after   string // the paragraph after it
}

func parseBlocks(page string) (blocks []block) {
	var b *block
	var indent string
	heading := ""
	for line := range strings.Lines(page) {
		bare := strings.TrimPrefix(line, indent)
		switch {
		case b != nil && strings.HasPrefix(bare, "```"):
			blocks, b = append(blocks, *b), nil
		case b != nil:
			b.text += line
		case strings.HasPrefix(strings.TrimLeft(line, " "), "```"):
			indent = line[:len(line)-len(strings.TrimLeft(line, " "))]
			b = &block{heading: heading, fence: strings.TrimSpace(line)[3:]}
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		case len(blocks) > 0:
			last := &blocks[len(blocks)-1]
			if !strings.HasSuffix(last.after, "\n\n") {
				last.after = strings.TrimLeft(last.after+line, "\n")
			}
		}
	}
	return blocks
}

// A command is a command of a console block, or a whole sh block.
type command struct {
	text   string
	output string // what the page shows
}

// commands returns what a block has to run, without the indentation of a list.
func (b block) commands(t *testing.T) (list []command) {
	t.Helper()
	indent := b.text[:len(b.text)-len(strings.TrimLeft(b.text, " "))]
	text := strings.ReplaceAll("\n"+b.text, "\n"+indent, "\n")[1:]
	switch b.fence {
	case "sh":
		return []command{{text: text}}
	case "console":
		for line := range strings.Lines(text) {
			if c, ok := strings.CutPrefix(line, "$ "); ok {
				list = append(list, command{text: c})
			} else if len(list) == 0 {
				t.Errorf("the block begins with output: %s", line)
			} else {
				list[len(list)-1].output += line
			}
		}
	case "json", "text":
	default:
		t.Errorf("the fence says %q; it has to say sh, console, json or text", b.fence)
	}
	return list
}

// runBlock runs a block, and returns its text with the output of this run.
func (s *shell) runBlock(t *testing.T, page string, b block) (updated string) {
	t.Helper()
	list := b.commands(t)
	for i, c := range list {
		environment := ""
		switch first, _, _ := strings.Cut(c.text, "\n"); {
		case first == inAWS:
			environment = s.aws(t)
		case first == withFiles:
			s.parse(t, c.text)
			continue
		case strings.Contains("\n"+c.text, "\naws "):
			s.needAWSCLI(t)
		}
		failed, output := s.run(t, environment, c.text)
		if want := i == len(list)-1 && strings.Contains(b.after, "ends with exit code 3"); want && strings.HasPrefix(failed, "3 ") {
			failed = ""
		} else if want {
			t.Errorf("%s says that it ends with exit code 3: %s", page, c.text)
		}
		if failed != "" {
			t.Errorf("%s: %s\nfailed: %s\n%s", page, c.text, failed, output)
		}
		if diff := cmp.Diff(steady(c.output), steady(output)); c.output != "" && diff != "" && !*updateDocs {
			t.Errorf("%s shows other output of %s(-page +printed):\n%s\n`go test ./internal/cli -run EveryBlock -update` rewrites the page",
				page, c.text, diff)
		}
		if c.output != "" {
			list[i].output = output
		}
	}
	if b.fence != "console" {
		return b.text
	}
	for _, c := range list {
		updated += "$ " + c.text + c.output
	}
	return updated
}

// changing matches what differs from run to run: IDs, durations and rates, times and
// temporary paths.
var changing = []*regexp.Regexp{
	regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`),
	regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?`),
	regexp.MustCompile(`[\d,.]+( devices)?/s\b`),
	regexp.MustCompile(`\b\d+(\.\d+)?(m?s|m\d+s)\b`),
}

// steady returns output in which everything that changes is the same, and blanks and
// lines of downloads do not count.
func steady(output string) []string {
	for _, pattern := range changing {
		output = pattern.ReplaceAllString(output, "…")
	}
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(output), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "go: downloading ")
	})
}
