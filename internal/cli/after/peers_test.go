package after_test

import (
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
