package stacks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// stackFields reads the tables of docs/stack.md under "For scripts". It maps
// "command: type" to its fields, and each field to whether it is optional.
func stackFields(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../../docs/stack.md")
	if err != nil {
		t.Fatal(err)
	}
	_, scripts, _ := strings.Cut(string(text), "## For scripts")
	scripts, _, _ = strings.Cut(scripts, "\n## ")
	names := func(cell string) []string {
		var list []string
		for name := range strings.SplitSeq(cell, ",") {
			if name = strings.Trim(name, " `"); name != "" {
				list = append(list, name)
			}
		}
		return list
	}
	lines := map[string]map[string]bool{}
	for line := range strings.Lines(scripts) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.HasPrefix(line, "| `") {
			continue
		}
		fields := map[string]bool{"type": false}
		for _, name := range names(cells[3]) {
			fields[name] = false
		}
		for _, name := range names(cells[4]) {
			fields[name] = true
		}
		for _, command := range names(cells[1]) {
			lines[command+": "+strings.Trim(cells[2], " `")] = fields
		}
	}
	return lines
}

// documented compares docs/stack.md with what every command prints, as
// TestPrintedJSONIsWhatThePageSays does for docs/json.md.
func (d *deployed) documented(t *testing.T) {
	fields, seen := stackFields(t), map[string]bool{}
	hold := func(command, output string) {
		if output == "" {
			t.Errorf("%s prints nothing", command)
		}
		for line := range strings.Lines(output) {
			var object map[string]json.RawMessage
			if err := json.Unmarshal([]byte(line), &object); err != nil {
				t.Fatalf("%s: %v: %s", command, err, line)
			}
			section := command + ": " + strings.Trim(string(object["type"]), `"`)
			seen[section] = true
			documented, ok := fields[section]
			if !ok {
				t.Errorf("docs/stack.md has no line %q", section)
			}
			for name := range object {
				if _, ok := documented[name]; !ok {
					t.Errorf("%s: %s is printed and not documented", section, name)
				}
			}
			for name, optional := range documented {
				if _, printed := object[name]; !printed && !optional {
					t.Errorf("%s: %s is documented and not printed", section, name)
				}
			}
		}
	}
	run := func(command string, exit int, args ...string) {
		out, _ := d.exits(exit, append(strings.Fields(command), append(args, "--output", "json")...)...)
		hold(command, out)
	}
	examples, err := filepath.Abs("../../../examples")
	if err != nil {
		t.Fatal(err)
	}
	hold("deploy", d.deployment)
	run("status", 3)
	run("imports", 0)
	for id, exit := range map[string]int{idMixed: 3, idStopped: 1, idRunning: 0, idResting: 0, idReading: 0} {
		run("import", exit, id)
	}
	run("report", 0, idMixed, filepath.Join(d.dir, "report.csv"))
	run("signers add", 0, filepath.Join(examples, "microchip-signer.pem"))
	if _, err := d.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(d.resources["SignerBucket"]), Key: aws.String("README.txt"), Body: strings.NewReader("hello"),
	}); err != nil {
		t.Fatal(err)
	}
	run("signers list", 0)
	run("signers remove", 0, "--yes", "README.txt")
	run("upload", 0, "--no-follow", filepath.Join(examples, "microchip.json"))
	d.park("DevicesParkedQueue", stack.DeviceMessage{Import: idGood, ThingName: "a", Certificate: []byte("c")}.Message(0).Body)
	run("redrive", 0)
	for _, order := range []string{"pause", "resume", "cancel", "retry"} {
		run(order, 0, "--yes", idResting)
	}
	// moto creates no alarms from a template.
	alarm, err := json.Marshal(struct {
		Type string `json:"type"`
		operate.Alarm
	}{"alarm", operate.Alarm{LogicalID: "StalledAlarm", State: "ALARM", Reason: "1 datapoint"}})
	if err != nil {
		t.Fatal(err)
	}
	hold("status", string(alarm)+"\n")
	hold("upload", d.follows(t))
	// Imports are running.
	refusal := "nothing was deleted: 3 imports have not ended: " + idRunning + " (running.txt)"
	if _, said := d.exits(1, "delete", "--yes"); !strings.Contains(said, refusal) {
		t.Errorf("delete says %s", said)
	}
	run("delete", 0, "--yes", "--force")
	for section := range fields {
		if !seen[section] {
			t.Errorf("nothing printed a line of %q", section)
		}
	}
	want := []string{
		"cancel", "delete", "deploy", "import", "imports", "pause", "redrive", "report", "resume", "retry", "signers add",
		"signers list", "signers remove", "status", "upload",
	}
	if !slices.Equal(want, commandsOf(seen)) {
		t.Errorf("commands with JSON: %v", commandsOf(seen))
	}
}

func commandsOf(sections map[string]bool) []string {
	var list []string
	for section := range sections {
		command, _, _ := strings.Cut(section, ": ")
		list = append(list, command)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
