package engine_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/sandbox"
)

// other returns a client of the AWS SDK for what happens behind the back of Thingpress.
func (w *world) other() *sdk.Client {
	w.Helper()
	server := httptest.NewServer(w.server)
	w.Cleanup(server.Close)
	return sdk.New(sdk.Options{
		BaseEndpoint: &server.URL, Region: sandbox.DefaultRegion,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
	})
}

// verify compares the devices of a manifest, and returns the reasons of their drift by thing name.
func (w *world) verify(content []byte, full bool) (engine.Verification, map[string][]string) {
	w.Helper()
	sources := w.sources(content)
	scan, err := engine.Scan(w.Context(), sources, w.settings, nil)
	if err != nil {
		w.Fatal(err)
	}
	before := w.server.Created()
	found := map[string][]string{}
	result, err := engine.Verify(w.Context(), engine.Config{
		Target: w.target, AWS: w.aws, Limiters: w.limiters,
	}, engine.Verifying{
		Fleet: engine.FleetOfScan(sources, scan, w.settings), Survey: w.client, Full: full,
		Found: func(f engine.Finding) {
			for _, d := range f.Drift {
				found[f.ThingName] = append(found[f.ThingName], strings.TrimPrefix(string(d.Reason), "drift-"))
			}
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(before, w.server.Created()); diff != "" {
		w.Errorf("verifying changed something:\n%s", diff)
	}
	return result, found
}

// did fails the test if a change behind the back of Thingpress does not succeed.
func (w *world) did(_ any, err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// drifts makes drift of each kind on devices of its own. It returns the kinds by thing name.
func drifts(w *world, names []string, ids map[string]string) map[string][]string {
	w.Helper()
	c, ctx := w.other(), w.Context()
	arn := func(name string) *string {
		return aws.String("arn:aws:iot:" + sandbox.DefaultRegion + ":" + sandbox.DefaultAccount + ":cert/" + ids[name])
	}
	w.did(c.CreatePolicy(ctx, &sdk.CreatePolicyInput{PolicyName: aws.String("another"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`)}))
	w.did(c.CreateThingGroup(ctx, &sdk.CreateThingGroupInput{ThingGroupName: aws.String("elsewhere")}))
	w.did(c.CreateThingType(ctx, &sdk.CreateThingTypeInput{ThingTypeName: aws.String("lamp")}))
	w.did(c.CreateThing(ctx, &sdk.CreateThingInput{ThingName: aws.String("stranger")}))
	w.did(c.CreateBillingGroup(ctx, &sdk.CreateBillingGroupInput{BillingGroupName: aws.String("theirs")}))
	w.did(c.CreateDynamicThingGroup(ctx, &sdk.CreateDynamicThingGroupInput{
		ThingGroupName: aws.String("by-query"), QueryString: aws.String("thingName:*"),
	}))
	want := map[string][]string{}
	change := func(i int, kinds []string, do func(name *string)) {
		want[names[i]] = kinds
		do(&names[i])
	}
	detach := func(name *string) {
		w.did(c.DetachThingPrincipal(ctx, &sdk.DetachThingPrincipalInput{ThingName: name, Principal: arn(*name)}))
	}
	change(0, []string{"certificate-gone"}, func(name *string) {
		detach(name)
		w.did(c.UpdateCertificate(ctx, &sdk.UpdateCertificateInput{
			CertificateId: aws.String(ids[*name]), NewStatus: types.CertificateStatusInactive,
		}))
		w.did(c.DeleteCertificate(ctx, &sdk.DeleteCertificateInput{CertificateId: aws.String(ids[*name]), ForceDelete: true}))
	})
	change(1, []string{"status"}, func(name *string) {
		w.did(c.UpdateCertificate(ctx, &sdk.UpdateCertificateInput{
			CertificateId: aws.String(ids[*name]), NewStatus: types.CertificateStatusInactive,
		}))
	})
	change(2, []string{"thing-gone"}, func(name *string) {
		detach(name)
		w.did(c.DeleteThing(ctx, &sdk.DeleteThingInput{ThingName: name}))
	})
	change(3, []string{"thing-type"}, func(name *string) {
		w.did(c.UpdateThing(ctx, &sdk.UpdateThingInput{ThingName: name, ThingTypeName: aws.String("lamp")}))
	})
	change(4, []string{"attribute"}, func(name *string) {
		w.did(c.UpdateThing(ctx, &sdk.UpdateThingInput{
			ThingName: name, AttributePayload: &types.AttributePayload{Attributes: map[string]string{"mac": "other"}, Merge: true},
		}))
	})
	change(5, []string{"billing-group"}, func(name *string) {
		w.did(c.RemoveThingFromBillingGroup(ctx, &sdk.RemoveThingFromBillingGroupInput{
			ThingName: name, BillingGroupName: aws.String("bills"),
		}))
	})
	change(6, []string{"detached"}, detach)
	change(7, []string{"other-thing"}, func(name *string) {
		w.did(c.AttachThingPrincipal(ctx, &sdk.AttachThingPrincipalInput{
			ThingName: aws.String("stranger"), Principal: arn(*name),
		}))
	})
	change(8, []string{"policy-missing"}, func(name *string) {
		w.did(c.DetachPolicy(ctx, &sdk.DetachPolicyInput{PolicyName: aws.String("telemetry"), Target: arn(*name)}))
	})
	change(9, []string{"policy-extra"}, func(name *string) {
		w.did(c.AttachPolicy(ctx, &sdk.AttachPolicyInput{PolicyName: aws.String("another"), Target: arn(*name)}))
	})
	change(10, []string{"group-missing"}, func(name *string) {
		w.did(c.RemoveThingFromThingGroup(ctx, &sdk.RemoveThingFromThingGroupInput{
			ThingName: name, ThingGroupName: aws.String("line-1"),
		}))
	})
	change(11, []string{"group-extra"}, func(name *string) {
		w.did(c.AddThingToThingGroup(ctx, &sdk.AddThingToThingGroupInput{
			ThingName: name, ThingGroupName: aws.String("elsewhere"),
		}))
	})
	change(12, []string{"other-certificate"}, func(name *string) {
		made, err := c.CreateKeysAndCertificate(ctx, &sdk.CreateKeysAndCertificateInput{SetAsActive: true})
		if err != nil {
			w.Fatal(err)
		}
		w.did(c.AttachThingPrincipal(ctx, &sdk.AttachThingPrincipalInput{
			ThingName: name, Principal: made.CertificateArn,
		}))
	})
	change(13, []string{"detached", "other-thing"}, func(name *string) {
		detach(name)
		w.did(c.AttachThingPrincipal(ctx, &sdk.AttachThingPrincipalInput{
			ThingName: aws.String("stranger"), Principal: arn(*name),
		}))
	})
	return want
}

// imported imports a manifest, and returns the names of the things and their certificate IDs.
func (w *world) imported(content []byte) (names []string, ids map[string]string) {
	w.Helper()
	_, id, err := w.run(w.sources(content), attempt{})
	if err != nil {
		w.Fatal(err)
	}
	ids = map[string]string{}
	for _, r := range w.records(id) {
		names = append(names, r.ThingName)
		ids[r.ThingName] = r.CertificateID.String()
	}
	return names, ids
}

func TestDriftOfEachKindIsFound(t *testing.T) {
	t.Parallel()
	for _, n := range []int{14, 60} {
		w := newWorld(t, sandbox.Options{}, sandbox.Transport)
		w.ledger = &memoryLedger{}
		w.settings.Attachments.BillingGroup = "bills"
		if _, err := w.server.Ensure(nil, "", nil, "bills"); err != nil {
			t.Fatal(err)
		}
		content := espressifManifest(t, n, "drift")
		names, ids := w.imported(content)
		if result, found := w.verify(content, false); result.Drifted != 0 || len(found) != 0 || result.Sample != n {
			t.Errorf("after the import: %+v, %v", result, found)
		}
		want := drifts(w, names, ids)
		result, found := w.verify(content, false)
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%d devices (-made +found):\n%s", n, diff)
		}
		if result.Drifted != len(want) || result.Whole != device.PartAll {
			t.Errorf("%+v", result)
		}
		kinds := map[string]bool{}
		for _, f := range result.Findings {
			kinds[f.Reason] = true
			if f.Count < 1 || f.Examples[0].Detail == "" {
				t.Errorf("%+v", f)
			}
		}
		for _, kind := range device.Drifts() {
			if !kinds[string(kind)] && kind != device.DriftNotExclusive {
				t.Errorf("no %s", kind)
			}
		}
	}
}

// An account whose lists lag would otherwise look as if half of the devices were gone.
func TestDriftIsNotFoundWhereListsLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, func(h http.Handler) http.RoundTripper { return sandbox.Transport(withoutLines(h)) })
	w.ledger = &memoryLedger{}
	content := espressifManifest(t, 40, "lag")
	w.imported(content)
	if result, found := w.verify(content, false); result.Drifted != 0 {
		t.Errorf("%v", found)
	}
}

// withoutLines leaves out every list that shows many devices.
func withoutLines(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		lists := []string{"/certificates", "/things"}
		if r.Method == http.MethodGet && slices.Contains(lists, path) || strings.HasPrefix(path, "/policy-targets/") ||
			strings.HasPrefix(path, "/thing-groups/") && strings.HasSuffix(path, "/things") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
			return
		}
		h.ServeHTTP(w, r)
	})
}

func TestVerifyLosesNothingIfAFifthOfTheCallsFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Faults: sandbox.Faults{Error: 0.2, Seed: 5}}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	content := espressifManifest(t, 30, "faults")
	w.imported(content)
	if result, found := w.verify(content, false); result.Drifted != 0 || result.Unread != 0 {
		t.Errorf("%+v %v", result, found)
	}
}

// An attachment that is no longer exclusive lets the certificate be another thing, too.
func TestAttachmentThatIsNotExclusiveIsDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	w.settings.Exclusive = true
	content := espressifManifest(t, 3, "exclusive")
	names, ids := w.imported(content)
	if _, found := w.verify(content, false); len(found) != 0 {
		t.Errorf("after the import: %v", found)
	}
	c, arn := w.other(), aws.String("arn:aws:iot:"+sandbox.DefaultRegion+":"+sandbox.DefaultAccount+":cert/"+ids[names[1]])
	w.did(c.DetachThingPrincipal(t.Context(), &sdk.DetachThingPrincipalInput{ThingName: &names[1], Principal: arn}))
	w.did(c.AttachThingPrincipal(t.Context(), &sdk.AttachThingPrincipalInput{ThingName: &names[1], Principal: arn}))
	_, found := w.verify(content, false)
	if diff := cmp.Diff(map[string][]string{names[1]: {"not-exclusive"}}, found); diff != "" {
		t.Error(diff)
	}
}

// In a sample of a large import, the lists still show what is missing from devices outside it. All devices
// that a killed import had in flight are read. Counting those outside the sample would let the whole import
// look much worse than it is.
func TestDriftOutsideTheSampleIsFoundAndNotCountedAsTheSamples(t *testing.T) {
	t.Parallel()
	a := account{devices: 4000, times: 1, killed: 3900, gone: 3990}
	result, _ := verifyAccount(t, a, false)
	// That the sample has all 90 that were killed has a probability of 10⁻¹¹.
	if result.Drifted != 100 || result.Sample != engine.SampleSize || result.SampleDrifted == 0 || result.SampleDrifted >= 90 {
		t.Errorf("%+v", result)
	}
}
