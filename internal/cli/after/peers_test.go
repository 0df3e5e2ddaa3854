package after_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// The sandbox is ours: others must see the same after the commands.
func TestOthersSeeWhatTheCommandsDid(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]func(*testing.T) string{
		"moto": func(t *testing.T) string { return require.Moto(t).URL },
		"sandbox": func(t *testing.T) string {
			require.AWSCLI(t)
			return clitest.StartSandbox(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := endpoint(t)
			aws := require.StartAWS(t, url, "us-east-1")
			count := func(query string, args ...string) string {
				t.Helper()
				status, out, failure := aws.Run(append(args, "--query", query, "--output", "text")...)
				if status != 0 {
					t.Fatalf("aws %v: %s", args, failure)
				}
				return strings.TrimSpace(out)
			}
			clitest.CreateAttachments(t, clitest.Client(url), []string{"p"}, []string{"g"}, "sensor")
			w := &world{url: url, env: clitest.Environment(t)}
			const devices = 4
			first := clitest.Generate(t, "espressif", devices)
			second := renewed(t, first, generateSeeded(t, "peer", devices))
			id := w.importAll(t, first, "--thing-name", "{mac}")
			check := func(when, status, certificates, things, targets string) {
				t.Helper()
				got := []string{
					count("length(certificates[?status=='"+status+"'])", "iot", "list-certificates"),
					count("length(things)", "iot", "list-things"),
					count("length(targets)", "iot", "list-targets-for-policy", "--policy-name", "p"),
				}
				if want := []string{certificates, things, targets}; strings.Join(got, " ") != strings.Join(want, " ") {
					t.Errorf("%s: %v certificates that are %s, things, targets of the policy; want %v", when, got, status, want)
				}
			}
			later := func(want int, args ...string) {
				t.Helper()
				if s, code := w.later(t, args...); code != want {
					t.Errorf("%v: exit code %d, %+v", args, code, s)
				}
			}
			later(0, "deactivate", id)
			check("after deactivate", "INACTIVE", "4", "4", "4")
			later(0, "activate", id)
			replace := []string{"replace", "--endpoint-url", url, "--thing-name", "{mac}", second}
			later(0, replace...)
			check("in grace", "ACTIVE", "8", "4", "8")
			later(0, append(replace, "--grace", "0")...)
			check("after the grace", "ACTIVE", "4", "4", "4")
			// The things have certificates now that the import knows nothing of.
			later(3, "undo", id)
			check("after the undo of the import", "ACTIVE", "4", "4", "4")
		})
	}
}

func TestOthersSeeNothingAfterAnUndo(t *testing.T) {
	t.Parallel()
	moto := require.Moto(t)
	aws := require.StartAWS(t, moto.URL, "us-east-1")
	clitest.CreateAttachments(t, clitest.Client(moto.URL), []string{"p"}, []string{"g"}, "sensor")
	w := &world{url: moto.URL, env: clitest.Environment(t)}
	id := w.importAll(t, clitest.Generate(t, "espressif", 4))
	if s, code := w.later(t, "undo", id); code != 0 || s.Changed != 4 {
		t.Fatalf("exit code %d, %+v", code, s)
	}
	for _, list := range [][]string{
		{"list-certificates", "--query", "certificates"},
		{"list-things", "--query", "things"},
		{"list-targets-for-policy", "--policy-name", "p", "--query", "targets"},
		{"list-things-in-thing-group", "--thing-group-name", "g", "--query", "things"},
	} {
		if status, out, failure := aws.Run(append([]string{"iot"}, list...)...); status != 0 || strings.TrimSpace(out) != "[]" {
			t.Errorf("aws iot %v: %s%s", list, out, failure)
		}
	}
}

// What verify calls drift, and what it mends, must be what others see: moto decides here, and the AWS CLI makes the
// drift.
func TestOthersSeeWhatVerifyMended(t *testing.T) {
	t.Parallel()
	moto := require.Moto(t)
	aws := require.StartAWS(t, moto.URL, "us-east-1")
	iot := func(args ...string) string {
		t.Helper()
		status, out, failure := aws.Run(slices.Concat([]string{"iot"}, args, []string{"--output", "text"})...)
		if status != 0 {
			t.Fatalf("aws iot %v: %s", args, failure)
		}
		return strings.TrimSpace(out)
	}
	clitest.CreateAttachments(t, clitest.Client(moto.URL), []string{"p"}, []string{"g"}, "sensor")
	w := &world{url: moto.URL, env: clitest.Environment(t)}
	id := w.importAll(t, clitest.Generate(t, "espressif", 6))
	things := strings.Fields(iot("list-things", "--query", "things[].thingName"))
	principal := func(thing int) string {
		return iot("list-thing-principals", "--thing-name", things[thing], "--query", "principals")
	}
	certificates := []string{principal(0), principal(1), principal(2), principal(3), principal(4)}
	iot("detach-policy", "--policy-name", "p", "--target", certificates[0])
	iot("detach-thing-principal", "--thing-name", things[1], "--principal", certificates[1])
	iot("remove-thing-from-thing-group", "--thing-group-name", "g", "--thing-name", things[2])
	iot("detach-thing-principal", "--thing-name", things[3], "--principal", certificates[3])
	iot("delete-thing", "--thing-name", things[3])
	inactive := certificates[4][strings.LastIndexByte(certificates[4], '/')+1:]
	iot("update-certificate", "--certificate-id", inactive, "--new-status", "INACTIVE")

	verify := func(want int, reasons string, args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), clitest.Program(t), slices.Concat([]string{"verify", id, "--quiet", "--output", "json"}, args)...)
		c.Env = w.env
		out, _ := c.Output() // the exit code is compared
		var found []string
		for line := range strings.Lines(string(out)) {
			var drift struct{ Type, Reason string }
			if err := json.Unmarshal([]byte(line), &drift); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if drift.Type == "drift" {
				found = append(found, drift.Reason)
			}
		}
		slices.Sort(found)
		if got := strings.Join(found, " "); got != reasons || c.ProcessState.ExitCode() != want {
			t.Errorf("verify %v: exit code %d, found %s; want %d, %s\n%s", args, c.ProcessState.ExitCode(), got, want, reasons, out)
		}
	}
	all := "drift-detached drift-group-missing drift-policy-missing drift-status drift-thing-gone"
	verify(3, all)
	verify(3, all, "--fix", "--yes")
	if got, want := iot("list-attached-policies", "--target", certificates[0], "--query", "policies[].policyName"), "p"; got != want {
		t.Errorf("the certificate has the policies %q, want %q", got, want)
	}
	for _, thing := range []int{1, 3} {
		if got := principal(thing); got != certificates[thing] {
			t.Errorf("thing %s has %q, want %q", things[thing], got, certificates[thing])
		}
	}
	groups := iot("list-thing-groups-for-thing", "--thing-name", things[2], "--query", "thingGroups[].groupName")
	if groups != "g" {
		t.Errorf("the thing is in %q", groups)
	}
	verify(3, "drift-status") // which is not missing
	if s, code := w.later(t, "activate", id); code != 0 || s.Changed != 1 {
		t.Errorf("exit code %d, %+v", code, s)
	}
	verify(0, "")
}
