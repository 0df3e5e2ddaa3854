package report

import (
	"encoding/json"
	"iter"
	"slices"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/plain"
)

// certificateDigits is how many digits of a certificate ID a page has. They are enough to find a device,
// and all 64 would be most of the page.
const certificateDigits = 6

// putDevices writes the records as blocks of compressed data, and what searches and lists them.
func (s *Story) putDevices(w pageWriter, records iter.Seq2[ledger.Record, error]) error {
	names := []string{}
	for _, m := range s.Import.Manifests {
		names = append(names, plain.Text(m.Name))
	}
	reasons := []string{}
	for _, r := range s.Reasons {
		if code := plain.Text(r.Reason.Reason); !slices.Contains(reasons, code) {
			reasons = append(reasons, code)
		}
	}
	about, err := json.Marshal(map[string]any{ // escapes < and >, so that it cannot end the element
		"outcomes": ledger.Outcomes(), "manifests": names, "reasons": reasons, "digits": certificateDigits,
	})
	if err != nil {
		return err
	}
	w.put(`<section aria-labelledby="devices">
<h2 id="devices" tabindex="-1">Devices</h2>
<noscript><p>The list of devices needs JavaScript. thingpress report --format csv writes it as a table.</p></noscript>
<form id="search" hidden>
<label>Search <input type="search" id="query" autocomplete="off" spellcheck="false" placeholder="name, ID, certificate, reason"></label>
<label>Outcome <select id="outcome"><option value="">all</option>`)
	for _, o := range ledger.Outcomes() {
		w.put("<option>%s</option>", string(o))
	}
	w.put(`</select></label>
</form>
<p id="found" role="status" aria-live="polite"></p>
<div class="scroll" role="region" aria-labelledby="devices" tabindex="0">
<table id="list" hidden>
<thead><tr><th scope="col">Device</th><th scope="col">Outcome</th><th scope="col" class="wide">ID</th>
<th scope="col" class="wide">Certificate</th><th scope="col">Entry</th><th scope="col">Reason</th></tr></thead>
<tbody></tbody>
</table>
</div>
<nav id="pages" aria-label="Pages of devices" hidden>
<button type="button" id="first">First</button> <button type="button" id="previous">Previous</button>
<span id="page"></span>
<button type="button" id="next">Next</button> <button type="button" id="last">Last</button>
</nav>
<script type="application/json" id="about">%s</script>
`, markup(about))
	b := newBlock(reasons)
	for record, err := range records {
		if err != nil {
			return err
		}
		if b.add(record); b.rows == blockRows {
			b.put(w)
		}
	}
	if b.rows > 0 {
		b.put(w)
	}
	w.put("</section>\n")
	return nil
}
