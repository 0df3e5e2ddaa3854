package verify_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/objecttest"
)

// deleted deletes the certificate of a device by hand.
func (w *world) deleted(name string) {
	w.Helper()
	c, ctx := w.hand, w.Context()
	w.did(c.DetachThingPrincipal(ctx, &iot.DetachThingPrincipalInput{ThingName: &name, Principal: w.arn(name)}))
	w.did(c.UpdateCertificate(ctx, &iot.UpdateCertificateInput{
		CertificateId: aws.String(w.ids[name]), NewStatus: types.CertificateStatusInactive,
	}))
	w.did(c.DeleteCertificate(ctx, &iot.DeleteCertificateInput{CertificateId: aws.String(w.ids[name]), ForceDelete: true}))
}

// run runs a command to its end, and returns its exit code and what it printed.
func (w *world) run(args ...string) (code int, printed string) {
	w.Helper()
	c := exec.CommandContext(w.Context(), clitest.Program(w.T), append(args, "--yes")...)
	c.Env = w.env
	out, _ := c.CombinedOutput() // the exit code is returned
	return c.ProcessState.ExitCode(), string(out)
}

// A certificate that was deleted by hand must get the status that was wanted last. One that thingpress deleted,
// perhaps because its key leaked, must not come back.
func TestFixTakesNothingBackThatLaterCommandsDid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	one := w.names[0]
	if code, out := w.run("deactivate", w.id); code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	w.deleted(one)
	last, _, code := w.verify(w.id, "--fix")
	if code != 0 || last.Fixed == nil || last.Fixed.Mended != 1 || last.Calls["UpdateCertificate"] != 0 {
		t.Fatalf("exit code %d: %+v %+v", code, last, last.Fixed)
	}
	got, err := w.hand.DescribeCertificate(t.Context(), &iot.DescribeCertificateInput{CertificateId: aws.String(w.ids[one])})
	if err != nil || got.CertificateDescription.Status != types.CertificateStatusInactive {
		t.Errorf("%+v, %v", got, err)
	}

	// A certificate that was replaced is still wanted by the import, and is not registered again.
	two := w.names[1]
	if code, out := w.run("replace", "--endpoint-url", w.url, "--grace", "0", "--thing-name", two,
		clitest.Generate(t, "generated", 1)); code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	last, _, code = w.verify(w.id, "--fix")
	if code != 3 || last.Fixed == nil || last.Fixed.Left != 1 || last.Calls["RegisterCertificateWithoutCA"] != 0 {
		t.Errorf("exit code %d: %+v %+v", code, last, last.Fixed)
	}
	if got, err := w.hand.DescribeCertificate(t.Context(), &iot.DescribeCertificateInput{CertificateId: aws.String(w.ids[two])}); err == nil {
		t.Errorf("the replaced certificate is %s again", got.CertificateDescription.Status)
	}

	// A manifest that is another one now is not read, and the command that helps is named.
	w.deleted(one)
	w.did(nil, os.WriteFile(w.manifest, []byte("MAC,cn,cert\n"), 0o600))
	code, out := w.run("verify", w.id, "--fix")
	if code != 3 || !strings.Contains(out, "is not what was imported") ||
		!strings.Contains(out, "thingpress verify --fix --endpoint-url "+w.url+" --region us-east-1 --policy p --thing-group g") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// A manifest that was imported in a directory must be found in it again.
func TestFixReadsAManifestInADirectory(t *testing.T) {
	t.Parallel()
	w := start(t)
	directory := t.TempDir()
	w.did(nil, os.Rename(clitest.Generate(t, "espressif", 1), filepath.Join(directory, "reel.csv")))
	w.importedFrom(directory)
	w.deleted(w.names[0])
	last, _, code := w.verify(w.id, "--fix")
	if code != 0 || last.Fixed == nil || last.Fixed.Mended != 1 {
		t.Errorf("exit code %d: %+v %+v", code, last, last.Fixed)
	}
}

// A certificate must be registered again from a manifest in S3 that has been replaced since.
func TestFixReadsTheVersionInS3ThatWasImported(t *testing.T) {
	t.Parallel()
	w := start(t)
	text, err := os.ReadFile(clitest.Generate(t, "espressif", 1))
	w.did(nil, err)
	s := objecttest.New(t)
	s.Put("factory", "reel.csv", text)
	w.env = append(w.env, "AWS_ENDPOINT_URL_S3="+s.URL())
	w.importedFrom("s3://factory/reel.csv")
	s.Put("factory", "reel.csv", []byte("MAC,cn,cert\n"))
	w.deleted(w.names[0])
	last, _, code := w.verify(w.id, "--fix")
	if code != 0 || last.Fixed == nil || last.Fixed.Mended != 1 {
		t.Errorf("exit code %d: %+v %+v", code, last, last.Fixed)
	}
}
