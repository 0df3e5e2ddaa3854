package stacks_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/stack"
)

// follows uploads a manifest and follows its import to the end. In step with the
// progress that the command prints, the test does what the functions do. It returns the
// printed JSON.
func (d *deployed) follows(t *testing.T) string {
	t.Helper()
	const id = "0199f1c2-0007-7d4e-9a51-0b6f4a1f2c3d"
	reel, err := filepath.Abs("../../../examples/espressif.csv")
	if err != nil {
		t.Fatal(err)
	}
	c := d.command("upload", "--key", "2026/followed.csv", "--output", "json", reel)
	var out bytes.Buffer
	c.Stdout = &out
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	until := func(part string) {
		t.Helper()
		var before []string
		for lines.Scan() {
			if strings.Contains(lines.Text(), part) {
				return
			}
			before = append(before, lines.Text())
		}
		t.Fatalf("%q was not printed, but %q", part, before)
	}
	until("uploaded to s3://" + d.resources["EspressifBucket"] + "/2026/followed.csv")
	d.read(id, "espressif", stack.Upload{Bucket: d.resources["EspressifBucket"], Key: "2026/followed.csv", Size: 1})
	until("import " + id)
	if err := d.ledger.SetCause(t.Context(), id, "ThrottlingException: the account is busy", time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	until("stalled: ThrottlingException: the account is busy")
	if err := d.ledger.SetCause(t.Context(), id, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	d.send(id, 12, time.Now(),
		slices.Concat(outcomes(11, ledger.Imported, "", ""), outcomes(1, ledger.Failed, "conflict-status", "it is INACTIVE"))...)
	d.complete(id)
	rest, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("%v, want exit code 3, for one device failed: %s", err, rest)
	}
	for _, want := range []string{`"type":"upload"`, `"devices":12`, `"state":"finished"`, `"imported":11`, `"reason":"conflict-status"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
	return out.String()
}
