package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// page returns the man page of a command, as groff and mandoc read it (man(7)).
func page(c *cobra.Command, version, date string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 %s %s \"Thingpress\"\n", quoted(strings.ToUpper(pageName(c))), quoted(date), quoted("thingpress "+version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escaped(pageName(c)), escaped(c.Short))
	if !c.IsAdditionalHelpTopicCommand() {
		b.WriteString(".SH SYNOPSIS\n")
	}
	if c.Runnable() {
		fmt.Fprintf(&b, "\\fB%s\\fR%s\n", escaped(c.CommandPath()), escaped(strings.TrimPrefix(c.UseLine(), c.CommandPath())))
	}
	if subs := documented(c); len(subs) > 0 {
		fmt.Fprintf(&b, ".br\n\\fB%s\\fR \\fIcommand\\fR\n", escaped(c.CommandPath()))
	}
	writeDescription(&b, c.Long)
	if subs := documented(c); len(subs) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range subs {
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR(1)\n%s\n", escaped(pageName(sub)), escaped(sub.Short))
		}
	}
	if c.HasAvailableFlags() && !c.IsAdditionalHelpTopicCommand() {
		b.WriteString(".SH OPTIONS\n")
		c.Flags().VisitAll(func(f *pflag.Flag) { writeFlag(&b, f) })
	}
	if c.HasExample() {
		b.WriteString(".SH EXAMPLES\n")
		writeVerbatim(&b, c.Example)
	}
	if c.HasParent() {
		fmt.Fprintf(&b, ".SH SEE ALSO\n\\fB%s\\fR(1)\n", escaped(pageName(c.Parent())))
	}
	return b.String()
}

// writeDescription writes paragraphs, which a blank line separates. One with indented lines
// keeps its lines, and the exit codes have a section of their own.
func writeDescription(b *strings.Builder, text string) {
	if text == "" {
		return
	}
	b.WriteString(".SH DESCRIPTION\n")
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		codes, isCodes := strings.CutPrefix(paragraph, "Exit codes:\n")
		switch {
		case isCodes:
			b.WriteString(".SH EXIT STATUS\n")
			writeVerbatim(b, codes)
		case strings.Contains("\n"+paragraph, "\n "):
			writeVerbatim(b, paragraph)
		default:
			fmt.Fprintf(b, ".PP\n%s\n", escaped(paragraph))
		}
	}
}

func writeVerbatim(b *strings.Builder, text string) {
	fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", escaped(strings.TrimRight(text, "\n")))
}

func writeFlag(b *strings.Builder, f *pflag.Flag) {
	if f.Hidden || f.Deprecated != "" {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	b.WriteString(".TP\n")
	if f.Shorthand != "" {
		fmt.Fprintf(b, "\\fB\\-%s\\fR, ", escaped(f.Shorthand))
	}
	fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", escaped(f.Name))
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", escaped(value))
	}
	b.WriteString("\n" + escaped(usage))
	if value != "" && f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "0" && !strings.Contains(usage, "(default") {
		fmt.Fprintf(b, " (default %s)", escaped(f.DefValue))
	}
	b.WriteString("\n")
}

// escaped returns text in which roff sees no commands.
func escaped(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// quoted returns text as one argument of a roff macro.
func quoted(text string) string { return `"` + strings.ReplaceAll(escaped(text), `"`, `\(dq`) + `"` }
