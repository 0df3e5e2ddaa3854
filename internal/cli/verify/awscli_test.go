package verify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// A hand changes the registry with the AWS CLI, behind the back of Thingpress.
type hand struct {
	*world
	cli *require.AWSSession
}

func (h *hand) aws(args ...string) string {
	h.Helper()
	status, out, failure := h.cli.Run(append([]string{"iot"}, args...)...)
	if status != 0 {
		h.Fatalf("aws iot %v: %s", args, failure)
	}
	return out
}

// Each kind of drift that the AWS CLI makes must be found, and what --fix made must be there for it.
func TestDriftThatTheAWSCLIMakesIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 14)
	h := &hand{w, require.StartAWS(t, w.url, "us-east-1")}
	h.aws("create-thing-group", "--thing-group-name", "other")
	h.aws("create-thing-type", "--thing-type-name", "lamp")
	h.aws("create-thing", "--thing-name", "stranger")
	arnOf := func(name string) string { return *w.arn(name) }
	detach := func(name string) {
		h.aws("detach-thing-principal", "--thing-name", name, "--principal", arnOf(name))
	}
	inactive := func(name string) {
		h.aws("update-certificate", "--certificate-id", w.ids[name], "--new-status", "INACTIVE")
	}
	changes := []struct {
		kinds string
		do    func(name string)
	}{
		{"certificate-gone", func(name string) {
			detach(name)
			inactive(name)
			h.aws("delete-certificate", "--certificate-id", w.ids[name], "--force-delete")
		}},
		{"status", inactive},
		{"thing-gone", func(name string) {
			detach(name)
			h.aws("delete-thing", "--thing-name", name)
		}},
		{"thing-type", func(name string) { h.aws("update-thing", "--thing-name", name, "--thing-type-name", "lamp") }},
		{"attribute", func(name string) {
			h.aws("update-thing", "--thing-name", name, "--attribute-payload", `{"attributes":{"mac":"x"},"merge":true}`)
		}},
		{"billing-group", func(name string) {
			h.aws("remove-thing-from-billing-group", "--thing-name", name, "--billing-group-name", "bills")
		}},
		{"detached", detach},
		{"other-thing", func(name string) {
			h.aws("attach-thing-principal", "--thing-name", "stranger", "--principal", arnOf(name))
		}},
		{"policy-missing", func(name string) { h.aws("detach-policy", "--policy-name", "p", "--target", arnOf(name)) }},
		{"policy-extra", func(name string) { h.aws("attach-policy", "--policy-name", "q", "--target", arnOf(name)) }},
		{"group-missing", func(name string) {
			h.aws("remove-thing-from-thing-group", "--thing-name", name, "--thing-group-name", "g")
		}},
		{"group-extra", func(name string) {
			h.aws("add-thing-to-thing-group", "--thing-name", name, "--thing-group-name", "other")
		}},
		{"other-certificate", func(name string) {
			h.aws("attach-thing-principal", "--thing-name", name, "--principal", arnOf(w.names[13]))
		}},
	}
	want := map[string][]string{w.names[13]: {"other-thing"}}
	for i, change := range changes {
		change.do(w.names[i])
		want[w.names[i]] = []string{change.kinds}
	}
	_, drift, code := w.verify(w.id)
	if diff := cmp.Diff(want, drift); diff != "" || code != 3 {
		t.Errorf("exit code %d (-made +found):\n%s", code, diff)
	}

	if last, _, code := w.verify(append(append(w.flags(), "--fix"), w.manifest)...); code != 3 || last.Fixed.Mended != 6 {
		t.Errorf("exit code %d, %+v", code, last.Fixed)
	}
	gone, lost, detached := w.names[0], w.names[2], w.names[6]
	for _, name := range []string{gone, lost, detached} {
		if out := h.aws("list-thing-principals", "--thing-name", name); !strings.Contains(out, w.ids[name]) {
			t.Errorf("%s: %s", name, out)
		}
	}
	if out := h.aws("list-attached-policies", "--target", arnOf(gone)); !strings.Contains(out, `"p"`) {
		t.Errorf("%s", out)
	}
	if out := h.aws("list-things-in-thing-group", "--thing-group-name", "g"); !strings.Contains(out, lost) ||
		!strings.Contains(out, w.names[10]) {
		t.Errorf("%s", out)
	}
	if out := h.aws("describe-thing", "--thing-name", w.names[4]); !strings.Contains(out, `"mac": "x"`) {
		t.Errorf("--fix changed a value: %s", out)
	}
	_, drift, _ = w.verify(w.id)
	var left []string
	for _, kinds := range drift {
		left = append(left, kinds...)
	}
	slices.Sort(left)
	if diff := cmp.Diff([]string{
		"attribute", "group-extra", "other-certificate", "other-thing", "other-thing", "policy-extra", "status", "thing-type",
	}, left); diff != "" {
		t.Errorf("after --fix: %s", diff)
	}
}

// The IDs of moto's certificates are not those of AWS, and --fix must mend their devices all the same.
func TestFixMendsDevicesOfMoto(t *testing.T) {
	t.Parallel()
	url, ctx := require.Moto(t).URL, t.Context()
	w := &world{T: t, env: clitest.Environment(t), url: url, hand: clitest.Client(url)}
	clitest.CreateAttachments(t, w.hand, []string{"p"}, []string{"g"}, "sensor")
	s, code := clitest.Import(t, w.env, "--endpoint-url", url, "--policy", "p", clitest.Generate(t, "espressif", 3))
	if code != 0 {
		t.Fatalf("exit code %d: %+v", code, s)
	}
	targets := func() []string {
		out, err := w.hand.ListTargetsForPolicy(ctx, &iot.ListTargetsForPolicyInput{PolicyName: aws.String("p")})
		if err != nil {
			t.Fatal(err)
		}
		return out.Targets
	}
	w.did(w.hand.DetachPolicy(ctx, &iot.DetachPolicyInput{PolicyName: aws.String("p"), Target: &targets()[0]}))
	last, _, code := w.verify(s.Import, "--fix")
	if code != 0 || last.Fixed == nil || last.Fixed.Mended != 1 || last.Fixed.Changed != 1 || len(targets()) != 3 {
		t.Errorf("exit code %d: %+v %+v, %d attached", code, last, last.Fixed, len(targets()))
	}
}
