package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/progress"
)

// The style and the script of a page are in it. Its Content-Security-Policy allows them by their
// hashes, and nothing else, so that no name in a manifest can become code or cause a request.
var (
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
)

// WritePage writes an import as one HTML page that needs no other file and no network. The records
// are listed in it, up to 10,000 in one block of compressed data, which the page reads when they are
// looked at.
func WritePage(to io.Writer, s Story, records iter.Seq2[ledger.Record, error]) error {
	w := pageWriter{bufio.NewWriterSize(to, 64<<10)}
	s.putHead(w)
	s.putHeadline(w)
	s.putCounts(w)
	s.putTimeline(w)
	s.putReasons(w)
	if err := s.putDevices(w, records); err != nil {
		return err
	}
	s.putDetails(w)
	w.put("</main>\n<script>%s</script>\n</body>\n</html>\n", markup(pageScript))
	return w.Flush()
}

// hashSource returns the source expression of a Content-Security-Policy that allows a text.
// https://www.w3.org/TR/CSP3/#grammardef-hash-source
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (s *Story) putHead(w pageWriter) {
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + hashSource(pageStyle) +
		"; script-src " + hashSource(pageScript)
	w.put(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
%s
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>%s: import report</title>
<style>%s</style>
</head>
<body>
<a class="skip" href="#devices">Skip to the devices</a>
`, markupf(reportMark, s.Import.ID), markup(policy), s.title(), markup(pageStyle))
}

func (s *Story) putHeadline(w pageWriter) {
	i := s.Import
	mark := "good"
	switch {
	case i.State != ledger.StateFinished:
		mark = "bad"
	case i.Counts.Failed > 0 || i.Counts.Rejected > 0:
		mark = "warn"
	}
	w.put("<header>\n<p class=\"state %s\">%s</p>\n<h1>%s</h1>\n", markup(mark), string(i.State), s.title())
	w.put("<p>%s of %s imported or unchanged", progress.Count(i.Counts.Imported+i.Counts.Unchanged),
		progress.Plural(i.Counts.Entries, "entry", "entries"))
	if took := i.Ended.Sub(i.Begun); !i.Ended.IsZero() && took > 0 {
		w.put(" in %s", progress.Duration(took))
	}
	w.put(", %s</p>\n", s.Target())
	w.put("<p class=\"quiet\">Import %s, begun %s</p>\n", markupf("<code>%s</code>", i.ID), timeElement(i.Begun))
	if i.Cause != "" {
		w.put("<p>Why it ended early: %s</p>\n", i.Cause)
	}
	w.put("</header>\n<main>\n")
}

// timeElement returns a time in UTC.
func timeElement(t time.Time) markup {
	t = t.UTC()
	return markupf(`<time datetime="%s">%s</time>`, t.Format(time.RFC3339), t.Format("2006-01-02 15:04:05")+" UTC")
}

// putCounts writes the balance of the entries as a bar and a table.
func (s *Story) putCounts(w pageWriter) {
	c := s.Import.Counts
	w.put("<section aria-labelledby=\"counts\">\n<h2 id=\"counts\">Entries</h2>\n")
	if c.Entries > 0 {
		w.put(`<svg class="bar" viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true">`)
		before := 0.0
		for name, n := range Outcomes(c, c.Pending()) {
			width := 1000 * float64(n) / float64(c.Entries)
			w.put(`<rect class="%s" x="%.2f" y="0" width="%.2f" height="24"/>`, markup(name), before, width)
			before += width
		}
		w.put("</svg>\n")
	}
	w.put("<dl class=\"counts\">\n<div><dt>entries</dt><dd>%s</dd></div>\n", progress.Count(c.Entries))
	for name, n := range Outcomes(c, c.Pending()) {
		w.put("<div><dt><span class=\"key %s\"></span>%s</dt><dd>%s</dd></div>\n", markup(name), name, progress.Count(n))
	}
	w.put("</dl>\n</section>\n")
}

// putReasons writes why entries were not imported, and what to do.
func (s *Story) putReasons(w pageWriter) {
	if len(s.Reasons) == 0 {
		return
	}
	w.put("<section aria-labelledby=\"reasons\">\n<h2 id=\"reasons\">Why entries were not imported</h2>\n")
	for _, r := range s.Reasons {
		w.put("<article>\n<h3><span class=\"key %s\"></span>%s %s: <code>%s</code></h3>\n",
			markup(r.Outcome), progress.Count(r.Count), string(r.Outcome), r.Reason.Reason)
		if r.Meaning != "" {
			w.put("<p>%s</p>\n", sentence(r.Meaning))
		}
		if r.Todo != "" {
			w.put("<p><strong>What to do:</strong> %s</p>\n", sentence(r.Todo))
		}
		w.put("<ul class=\"examples\">\n")
		for _, e := range r.Examples {
			w.put("<li>%s: %s</li>\n", s.placeOf(e), e.Detail)
		}
		w.put("</ul>\n</article>\n")
	}
	w.put("</section>\n")
}

// placeOf returns where the entry of a record is, and which device it is.
func (s *Story) placeOf(r ledger.Record) string {
	text := ""
	if len(s.Import.Manifests) > 1 {
		text = manifestName(s.Import, r.Manifest) + ", "
	}
	text += "entry " + progress.Count(r.Entry)
	if r.Line > 0 {
		text += " (line " + progress.Count(r.Line) + ")"
	}
	if r.ThingName != "" {
		return text + ", " + r.ThingName
	}
	if r.ID != "" {
		return text + ", " + r.ID
	}
	return text
}

// sentence returns a clause as a sentence.
func sentence(clause string) string {
	if clause == "" || strings.HasPrefix(clause, "-") {
		return clause
	}
	return strings.ToUpper(clause[:1]) + strings.TrimSuffix(clause[1:], ".") + "."
}

// putDetails writes what the import was asked to do, and with what.
func (s *Story) putDetails(w pageWriter) {
	i := s.Import
	w.put("<section aria-labelledby=\"details\">\n<h2 id=\"details\">The import</h2>\n<dl class=\"details\">\n")
	detail := func(name string, value markup) {
		if value != "" {
			w.put("<dt>%s</dt><dd>%s</dd>\n", name, value)
		}
	}
	if s.About.Command != "" {
		detail("Command", markupf("<code>%s</code>", s.About.Command))
	}
	detail("Version", markupf("%s", s.About.Version))
	detail("Target", markupf("%s", s.Target()))
	detail("Begun", timeElement(i.Begun))
	if !i.Ended.IsZero() {
		detail("Ended", timeElement(i.Ended))
	}
	for _, m := range i.Manifests {
		detail("Manifest", markupf("%s: %s, %s, %s bytes, SHA-256 <code>%s</code>", m.Name, m.Vendor,
			progress.Plural(m.Entries, "entry", "entries"), progress.Count(m.Size), m.SHA256))
	}
	w.put("</dl>\n</section>\n")
}
