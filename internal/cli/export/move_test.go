package export_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/cli"
	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m, cli.Main, cli.System) }

// A held device is what a registry holds of a certificate on a thing. In JSON it is an entry of an export.
type held struct {
	Export       int               `json:"thingpressExport"`
	Name         string            `json:"thingName"`
	Type         string            `json:"thingTypeName,omitempty"`
	Attributes   map[string]string `json:"attributes,omitempty"`
	Groups       []string          `json:"thingGroupNames,omitempty"`
	BillingGroup string            `json:"billingGroupName,omitempty"`
	Policies     []string          `json:"policyNames,omitempty"`
	Status       string            `json:"status"`
	ID           string            `json:"certificateId"`
	PEM          string            `json:"certificatePem"`
}

// fleet returns devices that differ in everything that an import can set.
func fleet(t *testing.T, devices int) (all []held) {
	t.Helper()
	var text bytes.Buffer
	if err := material.Generate(t.Context(), material.Options{Vendor: "pem-json", N: devices, Seed: "fleet", Out: &text}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		d := &all[i]
		d.Export, d.Name, d.Status = 1, fmt.Sprintf("%s-%04d", []string{"pump", "lamp", "a:b"}[i%3], i), "ACTIVE"
		if i%7 == 0 {
			d.Status = "INACTIVE"
		}
		if i%11 > 0 {
			d.Type = fmt.Sprintf("type-%d", i%4)
			d.Attributes = map[string]string{"lot": fmt.Sprint("lot.", i), "site": "north:[2]"}
		}
		for p := range i % 4 {
			d.Policies = append(d.Policies, fmt.Sprintf("policy-%d", p+i%2))
		}
		for g := range i % 3 {
			d.Groups = append(d.Groups, fmt.Sprintf("group-%d", g+i%2))
		}
		if i%5 == 0 {
			d.BillingGroup = fmt.Sprintf("billing-%d", i%2)
		}
	}
	return all
}

// write writes devices as a manifest.
func write(t *testing.T, path string, devices []held) string {
	t.Helper()
	var text bytes.Buffer
	for _, d := range devices {
		if err := json.NewEncoder(&text).Encode(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// entriesIn returns the entries of a manifest.
func entriesIn(t *testing.T, path string) (all []held) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var d held
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// registered reads what a registry holds, thing by thing and certificate by certificate, in the order of their
// names. It reads with the SDK, and shares no code with the export.
func registered(t *testing.T, c *iot.Client) (all []held) {
	t.Helper()
	ctx := t.Context()
	for things := iot.NewListThingsPaginator(c, &iot.ListThingsInput{}); things.HasMorePages(); {
		page, err := things.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, thing := range page.Things {
			principals := must[*iot.ListThingPrincipalsOutput](t)(c.ListThingPrincipals(ctx, &iot.ListThingPrincipalsInput{
				ThingName: thing.ThingName,
			}))
			for _, arn := range principals.Principals {
				if _, id, ok := strings.Cut(arn, ":cert/"); ok {
					all = append(all, describe(t, c, *thing.ThingName, arn, id))
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b held) int { return strings.Compare(a.Name+" "+a.ID, b.Name+" "+b.ID) })
	return all
}

func describe(t *testing.T, c *iot.Client, thing, arn, id string) held {
	t.Helper()
	ctx := t.Context()
	is := must[*iot.DescribeThingOutput](t)(c.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: &thing}))
	certificate := must[*iot.DescribeCertificateOutput](t)(c.DescribeCertificate(ctx, &iot.DescribeCertificateInput{CertificateId: &id}))
	d := held{
		Export: 1, Name: thing, Type: aws.ToString(is.ThingTypeName), Attributes: is.Attributes, BillingGroup: aws.ToString(is.BillingGroupName),
		ID: id, Status: string(certificate.CertificateDescription.Status), PEM: *certificate.CertificateDescription.CertificatePem,
	}
	if len(d.Attributes) == 0 {
		d.Attributes = nil
	}
	for _, g := range must[*iot.ListThingGroupsForThingOutput](t)(c.ListThingGroupsForThing(ctx, &iot.ListThingGroupsForThingInput{
		ThingName: &thing,
	})).ThingGroups {
		d.Groups = append(d.Groups, *g.GroupName)
	}
	for _, p := range must[*iot.ListAttachedPoliciesOutput](t)(c.ListAttachedPolicies(ctx, &iot.ListAttachedPoliciesInput{
		Target: &arn,
	})).Policies {
		d.Policies = append(d.Policies, *p.PolicyName)
	}
	slices.Sort(d.Groups)
	slices.Sort(d.Policies)
	return d
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// A machine runs thingpress in a directory of its own.
type machine struct {
	*testing.T
	dir string
	env []string
}

func newMachine(t *testing.T) *machine {
	return &machine{t, t.TempDir(), clitest.Environment(t)}
}

// run runs thingpress and returns what it printed on both streams and its exit code.
func (m *machine) run(args ...string) (out, problems string, code int) {
	m.Helper()
	c := exec.CommandContext(m.Context(), clitest.Program(m.T), args...)
	c.Env, c.Dir = m.env, m.dir
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil && c.ProcessState.ExitCode() < 0 {
		m.Fatal(err)
	}
	return stdout.String(), stderr.String(), c.ProcessState.ExitCode()
}

// must is like run and fails the test unless the exit code is this one.
func (m *machine) must(code int, args ...string) (out, problems string) {
	m.Helper()
	out, problems, got := m.run(args...)
	if got != code {
		m.Fatalf("%v: exit code %d, want %d\n%s%s", args, got, code, out, problems)
	}
	return out, problems
}

// A move must lose nothing of a device and mix up no two, although a fifth of the calls fail.
func TestMovedFleetIsTheSameDeviceByDevice(t *testing.T) {
	t.Parallel()
	const devices = 120
	m, wanted := newMachine(t), fleet(t, devices)
	from, to, fleetFile := filepath.Join(m.dir, "from"), filepath.Join(m.dir, "to"), filepath.Join(m.dir, "fleet.json")
	m.must(0, "import", "--sandbox", "--sandbox-state", from, write(t, filepath.Join(m.dir, "made.json"), wanted))
	source := clitest.StartSandbox(t, "--state", from, "--fault", "error=0.1,drop=0.1")
	out, _ := m.must(0, "export", "--endpoint-url", source, "--out", fleetFile, "--output", "json")
	if _, line := leftIn(t, out); line.Things != devices || line.Devices != devices || line.Inactive != (devices+6)/7 {
		t.Errorf("%s", out)
	}
	m.must(0, "import", "--sandbox", "--sandbox-state", to, fleetFile)
	slices.SortFunc(wanted, func(a, b held) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(wanted, registered(t, clitest.Client(clitest.StartSandbox(t, "--state", to)))); diff != "" {
		t.Errorf("(-wanted +moved):\n%s", diff)
	}
}
