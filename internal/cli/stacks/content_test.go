package stacks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// IDs of imports, oldest first.
const (
	idMixed   = "0199f1c2-0001-7d4e-9a51-0b6f4a1f2c3d" // finished, with every outcome
	idGood    = "0199f1c2-0002-7d4e-9a51-0b6f4a1f2c3d"
	idStopped = "0199f1c2-0003-7d4e-9a51-0b6f4a1f2c3d" // before anything was sent
	idRunning = "0199f1c2-0004-7d4e-9a51-0b6f4a1f2c3d"
	idResting = "0199f1c2-0005-7d4e-9a51-0b6f4a1f2c3d" // stalled
	idReading = "0199f1c2-0006-7d4e-9a51-0b6f4a1f2c3d"
)

// imports puts one of each kind into a stack.
func (d *deployed) imports() {
	d.Helper()
	upload := func(id, vendor, bucket, key string) {
		d.read(id, vendor, stack.Upload{Bucket: d.resources[bucket], Key: key, Version: "v-" + key, Size: 123456})
	}
	now := time.Now()
	upload(idMixed, "espressif", "EspressifBucket", "line 7/mixed.csv")
	d.send(idMixed, 15, now.Add(-100*time.Second), slices.Concat(
		outcomes(8, ledger.Imported, "", ""), outcomes(1, ledger.Unchanged, "", ""),
		outcomes(2, ledger.Failed, "conflict-thing-type", "thing failed-0: has type a, not b"),
		outcomes(3, ledger.Rejected, "expired", "line 9: certificate expired on 2020-01-01"),
		outcomes(1, ledger.Skipped, "repeated", "the same as entry 2"),
	)...)
	d.complete(idMixed)
	upload(idGood, "infineon", "InfineonBucket", "good.7z")
	d.send(idGood, 3, now.Add(-10*time.Second), outcomes(3, ledger.Imported, "", "")...)
	d.complete(idGood)
	upload(idStopped, "microchip", "MicrochipBucket", "stopped.json")
	d.stop(idStopped, "no signers: the signer bucket is empty")
	upload(idRunning, "generated", "GeneratedBucket", "running.txt")
	d.send(idRunning, 2000, now.Add(-1000*time.Second), outcomes(500, ledger.Imported, "", "")...)
	upload(idResting, "espressif", "EspressifBucket", "resting.csv")
	d.send(idResting, 10, now.Add(-time.Minute), outcomes(4, ledger.Imported, "", "")...)
	if err := d.ledger.SetCause(d.Context(), idResting, "AccessDeniedException: no iot:CreateThing", now.Add(15*time.Minute)); err != nil {
		d.Fatal(err)
	}
	upload(idReading, "espressif", "EspressifBucket", "reading.csv")
}

// Operators rely on these commands: every number of an import must be printed, as text
// and as JSON, and the exit code must report whether something needs attention.
func TestStackCommandsTellWhatTheFunctionsRecorded(t *testing.T) {
	t.Parallel()
	d := deployStack(t)
	d.imports()
	t.Run("imports", func(t *testing.T) { d.in(t).lists(t) })
	t.Run("import", func(t *testing.T) { d.in(t).shows(t) })
	t.Run("report", func(t *testing.T) { d.in(t).reports(t) })
	t.Run("status", func(t *testing.T) { d.in(t).tells(t) })
	t.Run("orders", func(t *testing.T) { d.in(t).obeys(t) })
	t.Run("redrive", func(t *testing.T) { d.in(t).redrives(t) })
	t.Run("json", func(t *testing.T) { d.in(t).documented(t) })
}

func (d *deployed) lists(t *testing.T) {
	table, _ := d.exits(0, "imports")
	var rows []string
	for line := range strings.Lines(table) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		fields[2] = "BEGUN"
		rows = append(rows, strings.Join(fields, " "))
	}
	want := []string{
		idReading + " reading BEGUN 0 0 0 0 0 0 0 espressif reading.csv",
		idResting + " running BEGUN 10 4 0 0 0 0 6 espressif resting.csv",
		idRunning + " running BEGUN 2000 500 0 0 0 0 1500 generated running.txt",
		idStopped + " stopped BEGUN 0 0 0 0 0 0 0 microchip stopped.json",
		idGood + " finished BEGUN 3 3 0 0 0 0 0 infineon good.7z",
		idMixed + " finished BEGUN 15 8 1 2 3 1 0 espressif line 7/mixed.csv",
	}
	if len(rows) > len(want) { // the heading
		rows = rows[len(rows)-len(want):]
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("-want +printed:\n%s\n%s", diff, table)
	}
	lines, _ := d.exits(0, "imports", "--output", "json", "--limit", "2")
	if n := strings.Count(lines, "\n"); n != 2 || !strings.Contains(lines, idResting) {
		t.Errorf("--limit 2 printed %d lines:\n%s", n, lines)
	}
	if _, said := d.exits(0, "imports", "--limit", "2"); said != "these are the latest 2; show all with --limit 0\n" {
		t.Errorf("--limit 2 says %q", said)
	}
	for filter, want := range map[string][]string{
		"--state running --state stopped":                   {idResting, idRunning, idStopped},
		"--manifest GOOD.7Z":                                {idGood},
		"--manifest READING --since 1h":                     {idReading},
		"--since 2000-01-01 --state finished --manifest 00": {idGood, idMixed}, // by the SHA-256
		"--since 2100-01-01":                                nil,
		"--state paused":                                    nil,
	} {
		for _, command := range [][]string{{"imports"}, {"imports", "--stack", "thingpress"}} {
			out, said := d.exits(0, slices.Concat(command, strings.Fields(filter), []string{"--output", "json"})...)
			var got []string
			for line := range strings.Lines(out) {
				var i struct{ Import string }
				if err := json.Unmarshal([]byte(line), &i); err != nil {
					t.Fatal(err)
				}
				got = append(got, i.Import)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v %s: -want +listed:\n%s%s", command, filter, diff, said)
			}
		}
	}
	_, said := d.exits(2, "imports", "--stack", "thingpress", "--state", "interrupted")
	if !strings.Contains(said, `--state "interrupted" is none of reading, checking,`) {
		t.Error(said)
	}
	if _, said := d.exits(0, "imports", "--state", "paused"); said != "stack thingpress has no such imports\n" {
		t.Errorf("without a match: %q", said)
	}
}

func (d *deployed) shows(t *testing.T) {
	for _, test := range []struct {
		id   string
		exit int
		want string // a regular expression, of all that is printed
	}{
		{idMixed, 3, `import ID: finished
s3://thingpress-espressifbucket-\w+/line 7/mixed.csv, espressif, 123,456 bytes
15 entries = 8 imported \+ 1 unchanged \+ 2 failed \+ 3 rejected \+ 1 skipped \+ 0 pending
0\.\d+ devices/s on average
  3 rejected, expired: line 9: certificate expired on 2020-01-01
    the device cannot connect with it; to import it anyway, run: thingpress stack deploy --parameter AllowExpired=true, then upload the manifest again
  2 failed, conflict-thing-type: thing failed-0: has type a, not b
    import with the type that it has; a stack does not take over existing things, but thingpress import can
  1 skipped, repeated: the same as entry 2
to try again what failed: thingpress retry ID
`},
		{idGood, 0, `import ID: finished
s3://\S+/good.7z, infineon, 123,456 bytes
3 entries = 3 imported \+ 0 unchanged \+ 0 failed \+ 0 rejected \+ 0 skipped \+ 0 pending
0\.\d+ devices/s on average
`},
		{idStopped, 1, `import ID: stopped
s3://\S+/stopped.json, microchip, 123,456 bytes
cause: no signers: the signer bucket is empty
0 entries = .*
to go on when the cause is removed: thingpress retry ID
`},
		{idRunning, 0, `import ID: running
s3://\S+/running.txt, generated, 123,456 bytes
2,000 entries = 500 imported .* \+ 1,500 pending
0\.[45]\d devices/s on average, (50m|51m|52m|53m|54m|55m|56m)\d\ds left at that rate
`},
		{idResting, 0, `import ID: running
s3://\S+/resting.csv, espressif, 123,456 bytes
cause: AccessDeniedException: no iot:CreateThing
next try at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d
10 entries = 4 imported .* \+ 6 pending
0\.\d+ devices/s on average
`},
		{idReading, 0, `import ID: reading
s3://\S+/reading.csv, espressif, 123,456 bytes
`},
	} {
		out, _ := d.exits(test.exit, "import", test.id)
		if !regexp.MustCompile(`^` + strings.ReplaceAll(test.want, "ID", test.id) + `$`).MatchString(out) {
			t.Errorf("%s\nis not\n%s", out, test.want)
		}
	}
	out, _ := d.exits(3, "import", "--output", "json", idMixed)
	var mixed struct {
		State, Key, Bucket string
		Size               int64
		Counts             ledger.Counts
		Pending            int
		Rate               float64 `json:"devices_per_second"`
		Left               float64 `json:"seconds_left"`
		Reasons            []struct {
			Outcome, Reason, Example string
			Count                    int
		}
	}
	if err := json.Unmarshal([]byte(out), &mixed); err != nil {
		t.Fatal(err)
	}
	if mixed.Counts != (ledger.Counts{Entries: 15, Imported: 8, Unchanged: 1, Failed: 2, Rejected: 3, Skipped: 1}) ||
		mixed.State != "finished" ||
		mixed.Key != "line 7/mixed.csv" || mixed.Bucket != d.resources["EspressifBucket"] || mixed.Size != 123456 || mixed.Pending != 0 ||
		mixed.Left != 0 || mixed.Rate <= 0 {
		t.Errorf("%s", out)
	}
	if r := mixed.Reasons; len(r) != 3 || r[0].Count != 3 || r[0].Outcome != "rejected" ||
		r[1].Reason != "conflict-thing-type" || r[1].Count != 2 || r[2].Example == "" {
		t.Errorf("reasons %+v", r)
	}
	out, _ = d.exits(0, "import", "--output", "json", idRunning)
	mixed.Rate, mixed.Left = 0, 0
	if err := json.Unmarshal([]byte(out), &mixed); err != nil || mixed.Pending != 1500 || mixed.Rate*mixed.Left < 1499 ||
		mixed.Rate*mixed.Left > 1501 {
		t.Errorf("%v: %s", err, out)
	}
	// Following a finished import shows it.
	d.exits(3, "import", "--follow", idMixed)
	d.exits(1, "import", "--follow", idStopped)
}

func (d *deployed) reports(t *testing.T) {
	out, _ := d.exits(0, "report", idMixed)
	counts := map[string]int{}
	for line := range strings.Lines(out) {
		var row struct{ Type, Import, Manifest, Outcome string }
		if err := json.Unmarshal([]byte(line), &row); err != nil || row.Type != "outcome" || row.Import != idMixed ||
			row.Manifest != "line 7/mixed.csv" {
			t.Fatalf("%v: %s", err, line)
		}
		counts[row.Outcome]++
	}
	if diff := cmp.Diff(map[string]int{"imported": 8, "unchanged": 1, "failed": 2, "rejected": 3, "skipped": 1}, counts); diff != "" {
		t.Error(diff)
	}
	file := filepath.Join(d.dir, "reel.csv")
	said, _ := d.exits(0, "report", "--output", "json", idMixed, file)
	content, err := os.ReadFile(file)
	if err != nil || strings.Count(string(content), idMixed) != 15 || !strings.Contains(said, `"file":`) {
		t.Errorf("%v, %s:\n%s", err, said, content)
	}
	_, said = d.exits(1, "report", idRunning)
	if !strings.Contains(said, "import "+idRunning+" is running; it has no report yet") ||
		!strings.Contains(said, "hint: it is written when the import ends") {
		t.Error(said)
	}
}

func (d *deployed) tells(t *testing.T) {
	out, _ := d.exits(3, "status")
	for _, want := range []string{
		"\nnotices  nobody is subscribed; deploy with --parameter NotificationEmail=ADDRESS\n", "\nimports  3 have not ended\n",
		idReading + `  \S+\n    reading`, idResting + `  \S+\n    running .*, stalled`,
		idRunning + `  \S+\n    running 500/2,000 \(25%\), 0.\d+/s, 5\dm\d\ds left\n`,
		"needs attention:\n  import " + idResting + " is stalled: AccessDeniedException: no iot:CreateThing\n" +
			"  import " + idStopped + " of stopped.json was stopped: no signers: the signer bucket is empty; " +
			"fix the cause, then run thingpress retry " + idStopped + "\n" +
			"  import " + idMixed + " of mixed.csv ended with 2 failed, 3 rejected; see why with thingpress stack import " + idMixed + "\n$",
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, idGood) {
		t.Errorf("an import that ended as wanted is shown:\n%s", out)
	}
}
