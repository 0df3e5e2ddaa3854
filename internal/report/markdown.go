package report

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
	"github.com/thingpress/thingpress/internal/progress"
)

// markdownRows is the number of entries that a report in Markdown lists. Tickets and chats, for which
// it is meant, take no more.
const markdownRows = 500

// WriteMarkdown writes an import as GitHub Flavored Markdown: the numbers, the reasons with what to do,
// and a table of the failed and rejected ones among the first records, 500 at most.
func WriteMarkdown(to io.Writer, s Story, records iter.Seq2[ledger.Record, error]) error {
	w, i := bufio.NewWriter(to), s.Import
	put := func(format string, args ...any) { // a bufio.Writer keeps its first error for Flush
		for n, arg := range args {
			if text, ok := arg.(string); ok {
				args[n] = escapeMarkdown(text)
			}
		}
		fmt.Fprintf(w, format, args...)
	}
	fmt.Fprintf(w, "<!-- "+reportMark+" -->\n", plain.Text(i.ID))
	put("# Import of %s: %s\n\n", s.title(), string(i.State))
	put("%s\n\n", Balance(i.Counts, i.Counts.Pending()))
	put("| | |\n|---|---|\n| Import | %s |\n| Target | %s |\n| Begun | %s |\n", i.ID, s.Target(), i.Begun.UTC().Format(time.RFC3339))
	if !i.Ended.IsZero() {
		put("| Ended | %s |\n", i.Ended.UTC().Format(time.RFC3339))
	}
	if i.Cause != "" {
		put("| Why it ended early | %s |\n", i.Cause)
	}
	if s.About.Command != "" {
		put("| Command | %s |\n| Version | %s |\n", s.About.Command, s.About.Version)
	}
	if highest := s.Timeline.Highest(); highest > 0 {
		put("| Highest rate | %s devices/s, over %s |\n", progress.Rate(highest), progress.Duration(s.Timeline.Width))
	}
	if s.About.Ceiling > 0 {
		put("| Ceiling | %s devices/s, by the quota of %s |\n", progress.Rate(s.About.Ceiling), s.About.Binding)
	}
	for _, m := range i.Manifests {
		put("| Manifest | %s: %s, %s, SHA-256 %s |\n", m.Name, m.Vendor, progress.Plural(m.Entries, "entry", "entries"), m.SHA256)
	}
	if len(s.Reasons) > 0 {
		put("\n## Why entries were not imported\n\n| Entries | Outcome | Reason | Meaning | What to do |\n|--:|---|---|---|---|\n")
	}
	for _, r := range s.Reasons {
		put("| %s | %s | %s | %s | %s |\n", progress.Count(r.Count), string(r.Outcome), r.Reason.Reason, sentence(r.Meaning), sentence(r.Todo))
	}
	listed := 0
	for r, err := range records {
		if err != nil {
			return err
		}
		if r.Outcome != ledger.Failed && r.Outcome != ledger.Rejected {
			continue
		}
		switch listed++; {
		case listed > markdownRows:
			continue
		case listed == 1:
			put("\n## Failed and rejected entries\n\n| Entry | Outcome | Reason | Detail |\n|---|---|---|---|\n")
		}
		put("| %s | %s | %s | %s |\n", s.placeOf(r), string(r.Outcome), r.Reason, r.Detail)
	}
	if more := listed - markdownRows; more > 0 {
		put("\n%s more are in the report as CSV.\n", progress.Count(more))
	}
	return w.Flush()
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`,
	"|", `\|`, "#", `\#`, "~", `\~`, "&", `\&`, "!", `\!`)

// escapeMarkdown returns text on one line in which no character has a meaning to Markdown.
func escapeMarkdown(text string) string { return markdownEscapes.Replace(plain.Text(text)) }
