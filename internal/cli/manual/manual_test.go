package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/thingpress/thingpress/internal/cli"
)

// A command or a flag without a line in its page does not exist for those who read man
// pages, and a default in the home directory of whoever built the package is wrong for all
// others.
func TestPagesHaveEveryCommandAndFlagAndNobodysHome(t *testing.T) {
	t.Setenv("HOME", "/home/builder")
	t.Setenv("XDG_STATE_HOME", "/home/builder/state")
	dir := t.TempDir()
	if err := writeManual(dir, "0.2.0", "2026-11-25"); err != nil {
		t.Fatal(err)
	}
	pages := 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		content, err := os.ReadFile(filepath.Join(dir, "man", pageName(c)+".1"))
		if err != nil {
			t.Error(err)
		}
		pages++
		text := string(content)
		if !strings.HasPrefix(text, ".TH ") || strings.Contains(text, "/home/builder") {
			t.Errorf("the page of %q begins with %.40q, or names the home of the build", c.CommandPath(), text)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(text, `\fB\-\-`+strings.ReplaceAll(f.Name, "-", `\-`)+`\fR`) {
				t.Errorf("the page of %q lacks --%s", c.CommandPath(), f.Name)
			}
		})
		for _, sub := range c.Commands() {
			if !sub.Hidden && sub.Name() != "help" { // it prints what the pages say
				visit(sub)
			}
		}
	}
	visit(cli.Commands())
	if pages < 15 {
		t.Errorf("%d pages were checked", pages)
	}
	for _, name := range []string{"thingpress.bash", "_thingpress", "thingpress.fish", "thingpress.ps1"} {
		content, err := os.ReadFile(filepath.Join(dir, "completions", name))
		if err != nil || !strings.Contains(string(content), "thingpress") {
			t.Errorf("%s: %v, %d bytes", name, err, len(content))
		}
	}
}

// A line of a help text that begins with a dot would vanish, and a backslash would take the
// next letter with it.
func TestTextIsNotTakenForRoff(t *testing.T) {
	t.Parallel()
	c := &cobra.Command{
		Use: "thingpress", Short: "a-b", Long: "write \\, for a comma\n.csv is a suffix\n\n  'quoted' line\n\nExit codes:\n  0  fine\n",
		Run: func(*cobra.Command, []string) {},
	}
	c.Flags().String("file", "x-y", "a `name`\n.json or .csv")
	got := page(c, "1", "today")
	for _, want := range []string{
		`.TH "THINGPRESS" 1 "today" "thingpress 1" "Thingpress"`, `thingpress \- a\-b`, "write \\e, for a comma\n\\&.csv is a suffix\n",
		".nf\n  'quoted' line\n.fi\n", ".SH EXIT STATUS\n.PP\n.nf\n  0  fine\n.fi\n",
		"\\fB\\-\\-file\\fR \\fIname\\fR\na name\n\\&.json or .csv (default x\\-y)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}
