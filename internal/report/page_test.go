package report_test

import (
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/report"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
)

// manyDevices returns an import of n devices of which every fiftieth failed, with the names of a
// Microchip manifest, which are the longest.
func manyDevices(n int) report.Source {
	begun := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	failed := n / 50
	i := ledger.Import{
		ID: "0199f1c2-7f0a-7d4e-9a51-0b6f4a1f2c3d", State: ledger.StateFinished, Begun: begun,
		Ended:     begun.Add(time.Duration(n/100) * time.Second),
		Target:    ledger.Target{Partition: "aws", Account: "111122223333", Region: "eu-west-1"},
		Manifests: []ledger.Manifest{{Name: "/reels/reel.json", Vendor: "microchip", Entries: n}},
		Counts:    ledger.Counts{Entries: n, Imported: n - failed, Failed: failed},
	}
	random := rand.New(rand.NewPCG(1, 2))
	records := make([]ledger.Record, n)
	for e := range records {
		chip := fmt.Sprintf("0123%012x01", random.Int64N(1<<48))
		r := ledger.Record{
			Place: ledger.Place{Entry: e}, Outcome: ledger.Imported, ID: chip, ThingName: "sn" + strings.ToUpper(chip),
			CertificateID: manifest.CertificateIDOf([]byte(chip)), At: begun.Add(time.Duration(e) * 10 * time.Millisecond),
		}
		if e%50 == 7 {
			r.Outcome, r.Reason, r.Detail = ledger.Failed, "thing-conflict", "thing "+r.ThingName+" has another certificate"
		}
		records[e] = r
	}
	return report.Source{
		Import: i, About: report.About{Version: "1.2.3", Command: "thingpress import reel.json", Ceiling: 120, Binding: "CreateThing"},
		Records: func() iter.Seq2[ledger.Record, error] { return all(records, nil) },
	}
}

func pageOf(t *testing.T, s report.Source) string {
	t.Helper()
	var b strings.Builder
	if err := s.Write(&b, ".html"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	blocks  = regexp.MustCompile(`<script type="text/plain" class="block" data-rows="(\d+)">([^<]*)</script>`)
	inlined = regexp.MustCompile(`(?s)<(style|script)>(.*?)</(?:style|script)>`)
)

func rowsIn(t *testing.T, page string) (rows [][]string) {
	t.Helper()
	for _, match := range blocks.FindAllStringSubmatch(page, -1) {
		text, err := io.ReadAll(flate.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(strings.Split(match[2], ".")[0]))))
		if err != nil {
			t.Fatal(err)
		}
		before := len(rows)
		for line := range strings.Lines(string(text)) {
			rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
		if fmt.Sprint(len(rows)-before) != match[1] {
			t.Errorf("a block of %s rows has %d", match[1], len(rows)-before)
		}
	}
	return rows
}

// The page goes by mail and into tickets.
func TestPageOfTenThousandDevicesIsSmall(t *testing.T) {
	t.Parallel()
	page := pageOf(t, manyDevices(10_000))
	if len(page) > 300_000 {
		t.Errorf("%d bytes", len(page))
	}
	if rows := rowsIn(t, page); len(rows) != 10_000 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestPageAllowsItsOwnStyleAndScriptAndNothingElse(t *testing.T) {
	t.Parallel()
	page := pageOf(t, manyDevices(10))
	_, policy, _ := strings.Cut(page, `http-equiv="Content-Security-Policy" content="`)
	policy, _, _ = strings.Cut(policy, `"`)
	want := map[string]string{"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
	for _, match := range inlined.FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(match[2]))
		want[match[1]+"-src"] = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	got := map[string]string{}
	for part := range strings.SplitSeq(policy, "; ") {
		name, sources, _ := strings.Cut(part, " ")
		got[name] = sources
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 5 {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	for _, outside := range []string{"http://", "https://", "url(", "@import", "style=\"", "onclick", "src="} {
		if strings.Contains(strings.ReplaceAll(page, policy, ""), outside) {
			t.Errorf("the page has %s", outside)
		}
	}
}

// Text that is too faint cannot be read. WCAG 2.2, 1.4.3 asks for a contrast of 4.5.
func TestTextContrastsWithItsBackground(t *testing.T) {
	t.Parallel()
	page := pageOf(t, manyDevices(1))
	themes := regexp.MustCompile(`:root\{[^}]*\}`).FindAllString(page, -1)
	if len(themes) != 3 {
		t.Fatalf("%d themes, want a light one, a dark one and one for paper", len(themes))
	}
	for _, theme := range themes {
		color := func(name string) float64 {
			// A theme takes the colors that it does not name from the first.
			found := regexp.MustCompile("--" + name + ":#([0-9a-f]{3,6})").FindStringSubmatch(theme + themes[0])
			if found == nil {
				t.Fatalf("no color %s in %s", name, theme)
			}
			return luminance(t, found[1])
		}
		for _, background := range []string{"paper", "shade"} {
			for _, text := range []string{"ink", "quiet", "link", "good", "warn", "bad"} {
				lighter, darker := max(color(text), color(background)), min(color(text), color(background))
				if contrast := (lighter + 0.05) / (darker + 0.05); contrast < 4.5 {
					t.Errorf("%s on %s has a contrast of %.2f in %s", text, background, contrast, theme)
				}
			}
		}
	}
}

// luminance returns the relative luminance of a color, as WCAG 2.2 defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// Names come from manifests and from answers of others.
func TestNoNameBecomesMarkup(t *testing.T) {
	t.Parallel()
	const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(1)>" onload='x' | a [b](c) <!-- ` + "\u202e\n# heading"
	s := manyDevices(10)
	s.Import.Manifests = []ledger.Manifest{{Name: hostile, Vendor: hostile, SHA256: hostile}, {Name: hostile}}
	s.Import.Cause, s.Import.ID, s.Import.Target.Endpoint, s.About.Command, s.About.Binding = hostile, hostile, hostile, hostile, hostile
	r := ledger.Record{Outcome: ledger.Failed, ID: hostile, ThingName: hostile, Reason: hostile, Detail: hostile, At: time.Unix(9, 0)}
	s.Records = func() iter.Seq2[ledger.Record, error] { return all([]ledger.Record{r}, nil) }
	page := pageOf(t, s)
	if n := strings.Count(page, "<script"); n != 3 {
		t.Errorf("%d scripts, want the data, the block and the program", n)
	}
	if strings.Contains(page, "<img") || strings.Contains(page, "\u202e") {
		t.Error("a name became markup, or can turn text around")
	}
	if rows := rowsIn(t, page); len(rows) != 1 || len(rows[0]) != 9 {
		t.Errorf("rows: %q", rows)
	}
	var md strings.Builder
	if err := s.Write(&md, ".md"); err != nil {
		t.Fatal(err)
	}
	unescaped := regexp.MustCompile(`(^|[^\\])(<[a-z/]|\[b\]|\n# heading)`)
	_, text, _ := strings.Cut(md.String(), "\n") // the first line is a comment
	if found := unescaped.FindString(text); found != "" {
		t.Errorf("Markdown has %q:\n%s", found, text)
	}
}

func TestReportForPeopleSaysOfWhichImportItIs(t *testing.T) {
	t.Parallel()
	s := manyDevices(10)
	for _, name := range []string{"r.html", "r.md", "r.csv", "r.jsonl"} {
		path := filepath.Join(t.TempDir(), name)
		if err := report.WriteFile(path, s); err != nil {
			t.Fatal(err)
		}
		if id, err := report.ImportIn(path); err != nil || id != s.Import.ID {
			t.Errorf("%s: %q, %v", name, id, err)
		}
	}
}

// shownRows matches the devices that the page lists after its script has run.
var shownRows = regexp.MustCompile(`<td class="name">([^<]*)</td>`)

func TestPageWorksInABrowser(t *testing.T) {
	type wanted struct {
		query  string
		status string
		rows   int
		first  string
	}
	for n, queries := range map[int]func(last ledger.Record) []wanted{
		10: func(last ledger.Record) []wanted {
			return []wanted{{"", "10 devices", 10, ""}, {"none", "0 of 10 devices", 0, ""}, {
				colons(last.ID),
				"1 of 10 devices", 1, last.ThingName,
			}}
		},
		100_000: func(last ledger.Record) []wanted {
			return []wanted{
				{"", "100,000 devices", 100, ""},
				{last.ThingName, "1 of 100,000 devices", 1, last.ThingName},
				{last.CertificateID.String(), "1 of 100,000 devices", 1, last.ThingName},
				{"another%20certificate", "2,000 of 100,000 devices", 100, ""},
			}
		},
	} {
		s := manyDevices(n)
		path := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(path, []byte(pageOf(t, s)), 0o600); err != nil {
			t.Fatal(err)
		}
		var last ledger.Record
		for r, err := range s.Records() {
			if last = r; err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range queries(last) {
			document, console := require.Chromium(t, "file://"+path+"#search="+want.query)
			if console != "" {
				t.Errorf("%d devices, %q: %s", n, want.query, console)
			}
			rows := shownRows.FindAllStringSubmatch(document, -1)
			if !strings.Contains(document,
				">"+want.status+"</p>") || len(rows) != want.rows || want.first != "" && rows[0][1] != want.first {
				_, status, _ := strings.Cut(document, `id="found"`)
				t.Errorf("%d devices, %q: %d rows, %.90s", n, want.query, len(rows), status)
			}
		}
	}
}

// A dollar sign in a name is not a pattern of a replacement.
func TestBrowserShowsNamesInDetailsAsTheyAre(t *testing.T) {
	s := manyDevices(1)
	s.Records = func() iter.Seq2[ledger.Record, error] {
		return all([]ledger.Record{{
			Outcome: ledger.Rejected, ThingName: "a$$b$'c", Reason: "bad-name", Detail: "thing name a$$b$'c is not allowed",
		}}, nil)
	}
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(pageOf(t, s)), 0o600); err != nil {
		t.Fatal(err)
	}
	document, _ := require.Chromium(t, "file://"+path)
	if _, list, _ := strings.Cut(document, "<tbody>"); !strings.Contains(list, "thing name a$$b$'c is not allowed</td>") {
		t.Errorf("the list is %.400s", list)
	}
}

// colons returns an ID as some write it.
func colons(id string) string {
	raw, _ := hex.DecodeString(id)
	return strings.ToUpper(strings.ReplaceAll(fmt.Sprintf("% x", raw), " ", ":"))
}
