package imports_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// Whoever resumes an import wants to know what is left of it, and whoever changed a flag by mistake
// that a second import would begin. The test sets the environment of the AWS SDK, so it is not
// parallel.
func TestTheQuestionIsAboutTheUnfinishedImport(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "XDG_STATE_HOME": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	url := clitest.StartSandbox(t)
	for _, thingType := range []string{"old", "new", "newer"} {
		clitest.CreateAttachments(t, clitest.Client(url), nil, nil, thingType)
	}
	imported := func(answer string, flags ...string) (code int, stderr string) {
		var out, errs bytes.Buffer
		args := append([]string{"import", "--endpoint-url", url, "--region", "us-east-1", "../../../examples/espressif.csv"}, flags...)
		code = cli.Main(t.Context(), args, terminal.Streams{
			In: strings.NewReader(answer), Out: &out, Err: &errs, InTerminal: answer != "", ErrTerminal: answer != "",
			Width: func() int { return 400 }, LookupEnv: func(string) (string, bool) { return "", false },
		})
		return code, errs.String()
	}
	if code, text := imported("y\n", "--thing-type", "old"); code != 0 || !strings.Contains(text, "import 12 devices into account ") {
		t.Fatalf("exit code %d\n%s", code, text)
	}
	// The things have another type, which fails every device.
	if code, text := imported("", "--yes", "--thing-type", "new", "--max-failures", "1"); code != 1 {
		t.Fatalf("exit code %d\n%s", code, text)
	}
	left := regexp.MustCompile(`\d+ of 12 left`)
	code, text := imported("n\n", "--thing-type", "new")
	if code != 1 || !regexp.MustCompile(`resume: \d+ of 12 left, into account `).MatchString(text) ||
		strings.Contains(text, "import 12 devices") {
		t.Errorf("exit code %d\n%s", code, text)
	}
	code, text = imported("n\n", "--thing-type", "newer")
	for _, want := range []string{
		" of the same manifests is unfinished, " + left.FindString(text) + "; it was started with --thing-type new instead of --thing-type newer",
		"start another import: import 12 devices into account ", "hint: finish the earlier one with 'thingpress import --resume ",
	} {
		if code != 1 || !strings.Contains(text, want) {
			t.Errorf("exit code %d, no %q in\n%s", code, want, text)
		}
	}
	// Without a terminal it is said.
	if code, text = imported("", "--yes", "--policy", "none", "--thing-type", "new"); strings.Contains(text, "unfinished") || code != 1 {
		t.Errorf("said before the attachments were checked: exit code %d\n%s", code, text)
	}
	if _, text = imported("", "--yes", "--max-failures", "1"); !strings.Contains(text, "it was started with --thing-type new") {
		t.Errorf("not said:\n%s", text)
	}
	// Whoever wants a new import knows it.
	if _, text = imported("n\n", "--thing-type", "newer", "--new"); strings.Contains(text, "unfinished") {
		t.Error(text)
	}
}
