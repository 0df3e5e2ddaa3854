package export_test

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
)

// A hand changes a registry without Thingpress.
type hand struct {
	*testing.T
	client *iot.Client
	pems   []held // certificates that were not registered yet
}

func newHand(t *testing.T, endpoint string) *hand {
	t.Helper()
	return &hand{t, clitest.Client(endpoint), fleet(t, 20)}
}

// register registers the next certificate, and returns its ARN.
func (h *hand) register(status types.CertificateStatus) (arn string) {
	h.Helper()
	next := h.pems[0]
	h.pems = h.pems[1:]
	out := must[*iot.RegisterCertificateWithoutCAOutput](h.T)(h.client.RegisterCertificateWithoutCA(h.Context(),
		&iot.RegisterCertificateWithoutCAInput{CertificatePem: &next.PEM, Status: status}))
	return *out.CertificateArn
}

// thing creates a thing with principals.
func (h *hand) thing(name string, principals ...string) {
	h.Helper()
	must[*iot.CreateThingOutput](h.T)(h.client.CreateThing(h.Context(), &iot.CreateThingInput{ThingName: &name}))
	for _, p := range principals {
		must[*iot.AttachThingPrincipalOutput](h.T)(h.client.AttachThingPrincipal(h.Context(), &iot.AttachThingPrincipalInput{
			ThingName: &name, Principal: &p,
		}))
	}
}

// withIdentity returns the URL of a registry in which the thing identity has a principal of Amazon Cognito, which a
// sandbox does not take. Its ID would clear a terminal.
func withIdentity(t *testing.T, registry string) string {
	t.Helper()
	to, err := url.Parse(registry)
	if err != nil {
		t.Fatal(err)
	}
	const identity = `us-east-1:0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f\u001b[2J\u202e`
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // a client may close its connections
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/things/identity/principals") {
			r.Host = to.Host
			proxy.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"principals":["`+identity+`"],"thingPrincipalObjects":[{"principal":"`+identity+`"}]}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func idOf(arn string) string {
	_, id, _ := strings.Cut(arn, ":cert/")
	return id
}

// What is not in the manifest must be named, and what is in it must be there after an import, also the further
// certificates of a thing.
func TestNothingIsLeftOutSilently(t *testing.T) {
	t.Parallel()
	m, endpoint := newMachine(t), clitest.StartSandbox(t)
	h := newHand(t, endpoint)
	endpoint = withIdentity(t, endpoint)
	first, second, old := h.register("ACTIVE"), h.register("ACTIVE"), h.register("INACTIVE")
	shared, revoked, loose := h.register("ACTIVE"), h.register("REVOKED"), h.register("ACTIVE")
	h.thing("several", old, first, second)
	h.thing("shared-1", shared)
	h.thing("shared-2", shared)
	h.thing("revoked", revoked)
	h.thing("bare")
	h.thing("identity")
	must[*iot.CreateThingOutput](t)(h.client.CreateThing(t.Context(), &iot.CreateThingInput{ThingName: aws.String("alone")}))
	must[*iot.AttachThingPrincipalOutput](t)(h.client.AttachThingPrincipal(t.Context(), &iot.AttachThingPrincipalInput{
		ThingName: aws.String("alone"), Principal: aws.String(h.register("ACTIVE")), ThingPrincipalType: types.ThingPrincipalTypeExclusiveThing,
	}))
	path, rows := filepath.Join(m.dir, "fleet.json"), filepath.Join(m.dir, "left.csv")
	out, _ := m.must(3, "export", "--endpoint-url", endpoint, "--out", path, "--report", rows, "--output", "json")
	want := []string{
		"left-no-certificate bare ", "left-no-thing  " + idOf(loose), "left-principal identity ", "left-status revoked " + idOf(revoked),
	}
	left, line := leftIn(t, out)
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if line.Things != 7 || line.Devices != 6 || line.Further != 3 || line.Exclusive != 1 || len(line.Files) != 3 {
		t.Errorf("%s", out)
	}
	for _, id := range []string{idOf(loose), idOf(revoked), "bare", "identity"} {
		if text, err := os.ReadFile(rows); err != nil || !strings.Contains(string(text), id) {
			t.Errorf("the report does not name %s: %v", id, err)
		}
	}

	to := filepath.Join(m.dir, "to")
	for i, file := range line.Files {
		args := []string{"import", "--sandbox", "--sandbox-state", to, file.Path}
		if i > 0 {
			args = append(args, "--adopt")
		}
		m.must(0, args...)
	}
	was := slices.DeleteFunc(registered(t, h.client), func(d held) bool { return d.Status == "REVOKED" })
	if diff := cmp.Diff(was, registered(t, clitest.Client(clitest.StartSandbox(t, "--state", to)))); diff != "" {
		t.Errorf("(-exported +imported):\n%s", diff)
	}

	// Standard output has no place for a second file.
	printed, problems := m.must(3, "export", "--endpoint-url", endpoint)
	if strings.ContainsAny(out+printed+problems, "\x1b\u202e") {
		t.Errorf("what a registry says reaches the terminal as it is: %q", problems)
	}
	if n := strings.Count(printed, "\n"); n != 3 || !strings.Contains(problems, "left-other-certificate") ||
		!strings.Contains(problems, "left-other-thing") || !strings.Contains(printed, `"EXCLUSIVE_THING"`) {
		t.Errorf("%d entries\n%s", n, problems)
	}
	for _, entry := range strings.Split(printed, "\n") {
		if strings.Contains(entry, `"several"`) && !strings.Contains(entry, `"ACTIVE"`) {
			t.Error("of a thing with several certificates, the one that is ACTIVE must come first")
		}
	}
}

// An exported line is the last one.
type exported struct {
	Things, Devices, Inactive, Exclusive int
	Dynamic                              int `json:"in_dynamic_groups"`
	Further                              int `json:"further_certificates"`
	Files                                []struct{ Path string }
}

// leftIn returns what an export left out, as reason, thing and certificate, and its last line.
func leftIn(t *testing.T, out string) (left []string, last exported) {
	t.Helper()
	for text := range strings.Lines(out) {
		var line struct {
			Type, Reason  string
			Thing         string `json:"thing_name"`
			CertificateID string `json:"certificate_id"`
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		switch line.Type {
		case "left":
			left = append(left, strings.Join([]string{line.Reason, line.Thing, line.CertificateID}, " "))
		case "export":
			if err := json.Unmarshal([]byte(text), &last); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(left)
	return left, last
}

// A group must bring the things of the groups below it, and a query what matches it. Neither may take dynamic
// groups for memberships that an import could make.
func TestGroupAndQueryChooseThings(t *testing.T) {
	t.Parallel()
	m, endpoint := newMachine(t), clitest.StartSandbox(t)
	h := newHand(t, endpoint)
	group := func(name, parent, query string) {
		if query != "" {
			must[*iot.CreateDynamicThingGroupOutput](t)(h.client.CreateDynamicThingGroup(t.Context(), &iot.CreateDynamicThingGroupInput{
				ThingGroupName: &name, QueryString: &query,
			}))
			return
		}
		in := &iot.CreateThingGroupInput{ThingGroupName: &name}
		if parent != "" {
			in.ParentGroupName = &parent
		}
		must[*iot.CreateThingGroupOutput](t)(h.client.CreateThingGroup(t.Context(), in))
	}
	must[*iot.UpdateIndexingConfigurationOutput](t)(h.client.UpdateIndexingConfiguration(t.Context(), &iot.UpdateIndexingConfigurationInput{
		ThingIndexingConfiguration: &types.ThingIndexingConfiguration{ThingIndexingMode: types.ThingIndexingModeRegistry},
	}))
	group("plant", "", "")
	group("hall", "plant", "")
	group("other", "", "")
	group("chosen", "", "thingName:in-*")
	for name, in := range map[string]string{"in-plant": "plant", "in-hall": "hall", "elsewhere": "other"} {
		h.thing(name, h.register("ACTIVE"))
		must[*iot.AddThingToThingGroupOutput](t)(h.client.AddThingToThingGroup(t.Context(), &iot.AddThingToThingGroupInput{
			ThingName: &name, ThingGroupName: &in,
		}))
	}
	h.register("ACTIVE") // without a thing, so of no group
	for _, test := range []struct {
		flag, value string
		want        []string
	}{
		{"--group", "plant", []string{"in-hall hall", "in-plant plant"}},
		{"--group", "hall", []string{"in-hall hall"}},
		{"--query", "thingName:in-plant OR thingName:elsewhere", []string{"elsewhere other", "in-plant plant"}},
	} {
		out, problems := m.must(0, "export", "--endpoint-url", endpoint, test.flag, test.value)
		var got []string
		for text := range strings.Lines(out) {
			var d held
			if err := json.Unmarshal([]byte(text), &d); err != nil {
				t.Fatal(err)
			}
			got = append(got, d.Name+" "+strings.Join(d.Groups, ","))
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.value, diff)
		}
		if !strings.Contains(problems, "dynamic thing groups") {
			t.Errorf("%s: the dynamic group is not named:\n%s", test.value, problems)
		}
	}
}

// A file that exists must stay, and an export that fails must leave none.
func TestExportLeavesFilesWholeOrAsTheyWere(t *testing.T) {
	t.Parallel()
	m, endpoint := newMachine(t), clitest.StartSandbox(t)
	h := newHand(t, endpoint)
	h.thing("one", h.register("ACTIVE"))
	path := func(name string) string { return filepath.Join(m.dir, name) }
	if err := os.WriteFile(path("fleet-2.json"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, problems, code := m.run("export", "--endpoint-url", endpoint, "--out", path("fleet.json"))
	if code != 2 || !strings.Contains(problems, "--overwrite") {
		t.Errorf("exit code %d: %s%s", code, out, problems)
	}
	for _, args := range [][]string{
		{"--group", "missing", "--out", path("group.json"), "--report", path("group.csv")},
		{"--query", "((", "--out", path("query.json")},
	} {
		_, problems := m.must(1, append([]string{"export", "--endpoint-url", endpoint}, args...)...)
		if !strings.Contains(problems, "thingpress: ") {
			t.Errorf("%v: %s", args, problems)
		}
	}
	m.must(3, "export", "--endpoint-url", clitest.StartSandbox(t), "--out", path("empty.json"))
	for _, args := range [][]string{{"--group", "g", "--query", "q"}, {"--output", "json"}, {"--out", path("no/such/directory")}} {
		if _, problems, code := m.run(append([]string{"export", "--endpoint-url", endpoint}, args...)...); code == 0 {
			t.Errorf("%v: exit code 0: %s", args, problems)
		}
	}
	found, err := filepath.Glob(path("*"))
	hidden, _ := filepath.Glob(path(".*"))
	if diff := cmp.Diff([]string{path("fleet-2.json")}, append(found, hidden...)); diff != "" || err != nil {
		t.Errorf("files (-want +got), %v:\n%s", err, diff)
	}
}
