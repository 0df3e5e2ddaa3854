package verdict_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

const start = `{"Version":"2012-10-17","Statement":[`

func documents(t *testing.T, statements string) []*policy.Document {
	t.Helper()
	parsed, err := policy.Parse(start + statements + "]}")
	if err != nil {
		t.Fatal(err)
	}
	return []*policy.Document{parsed}
}

func requests(t *testing.T, texts ...string) (list []verdict.Request) {
	t.Helper()
	for _, text := range texts {
		r, err := verdict.ParseRequest(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func named(cn string) *manifest.Device {
	key := materialtest.Key("verdict")
	leaf := materialtest.Certificate(&x509.Certificate{Subject: pkix.Name{CommonName: cn}}, nil, &key.PublicKey, key)
	return &manifest.Device{Manifest: "reel.csv", ThingName: cn, Certificate: leaf, Attributes: map[string]string{}}
}

func judge(t *testing.T, s verdict.Settings, devices ...*manifest.Device) verdict.Verdict {
	t.Helper()
	s.Target = policy.Target{Region: "us-east-1", Account: "123456789012"}
	j, err := verdict.NewJudge(s)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range devices {
		d.Entry = i
		if err := j.Device(d, iot.Thing{Name: strings.ReplaceAll(d.ThingName, "+", "_")}); err != nil {
			t.Fatal(err)
		}
	}
	return j.Verdict()
}

// A certificate whose name AWS does not substitute is refused, and only that one.
func TestDeviceThatIsRefusedIsNamed(t *testing.T) {
	t.Parallel()
	s := verdict.Settings{
		Documents: documents(t, `{"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
			{"Effect":"Allow","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/${iot:Certificate.Subject.CommonName}/t"}`),
		Requests: requests(t, "connect", "publish:{cn}/t", "publish:{thing}/t", "subscribe:{cn}/t"),
	}
	v := judge(t, s, named("a"), named("b+1"), named("c"))
	got := map[string][3]int{}
	for _, row := range v.Rows {
		got[row.Text] = [3]int{row.Allowed, row.Refused(), len(row.Refusals)}
	}
	want := map[string][3]int{
		"connect": {3, 0, 0}, "publish {cn}/t": {2, 1, 1}, "publish {thing}/t": {2, 1, 1}, "subscribe {cn}/t": {0, 3, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	refusal := v.Rows[1].Refusals[0]
	if refusal.Reason != policy.ReasonSpecial || refusal.Variable != "iot:Certificate.Subject.CommonName" {
		t.Errorf("cause %+v", refusal.Cause)
	}
	if diff := cmp.Diff([]verdict.Example{{"reel.csv", 1, "b_1", "b_1"}}, refusal.Examples); diff != "" {
		t.Error(diff)
	}
	if v.Devices != 3 || v.Blocked != 1 || len(v.Concerned) != 1 || v.Concerned[0].Entry != 1 {
		t.Errorf("devices %d, blocked %d %v", v.Devices, v.Blocked, v.Concerned)
	}
}

// The statement that denies must be found, and causes must not be mixed up.
func TestRefusalsAreGroupedByCause(t *testing.T) {
	t.Parallel()
	s := verdict.Settings{
		Documents: documents(t, `{"Effect":"Allow","Action":"iot:*","Resource":"*"},
			{"Effect":"Deny","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/b/*"}`),
		Requests: requests(t, "publish:{thing}/{mac}"), Examples: 1,
	}
	withMAC := func(d *manifest.Device) *manifest.Device {
		d.Attributes["mac"] = "02A4A4596FF8"
		return d
	}
	v := judge(t, s, withMAC(named("a")), withMAC(named("b")), withMAC(named("b")), named("c"))
	if v.Rows[0].Allowed != 1 || len(v.Rows[0].Refusals) != 2 {
		t.Fatalf("%+v", v.Rows[0])
	}
	denied, without := v.Rows[0].Refusals[0], v.Rows[0].Refusals[1]
	if denied.Outcome != policy.ExplicitDeny || denied.Statement != 1 || denied.Devices != 2 || len(denied.Examples) != 1 {
		t.Errorf("denied %+v", denied)
	}
	if !without.NoTopic || without.Devices != 1 || without.Examples[0].Thing != "c" {
		t.Errorf("without a topic %+v", without)
	}
}

func TestDefaultRequestsAreThoseOfTheDocuments(t *testing.T) {
	t.Parallel()
	docs := documents(t, `{"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":[
		"arn:aws:iot:*:*:topic/dt/${iot:Connection.Thing.ThingName}/*","arn:aws:iot:*:*:topic/*","*"]},
		{"Effect":"Allow","Action":"iot:Subscribe","Resource":["arn:aws:iot:*:*:topicfilter/cmd/${iot:Connection.Thing.Attributes[line]}/#",
		"arn:aws:iot:*:*:topic/wrong"]}`)
	var got []string
	for _, r := range verdict.DefaultRequests(docs) {
		if r.Wanted == r.Other {
			continue // the device's own shadow and jobs
		}
		got = append(got, r.Text)
	}
	want := []string{
		"connect", "publish dt/{thing}/any", "receive dt/{thing}/any", "subscribe cmd/{line}/#",
		"connect as {other}", "publish dt/{other}/any", "receive dt/{other}/any",
		"publish $aws/things/{other}/shadow/update", "subscribe $aws/things/{other}/shadow/update/delta",
		"subscribe $aws/things/{other}/jobs/notify",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A topic has the value that the firmware uses, whether or not policies substitute it.
func TestTopicsAreFilledFromTheDevice(t *testing.T) {
	t.Parallel()
	topics := `"arn:aws:iot:*:*:topic/${iot:CertificateId}","arn:aws:iot:*:*:topic/${iot:Certificate.Issuer.CommonName}",
		"arn:aws:iot:*:*:topic/${iot:ClientId}/${iot:Certificate.Subject.CommonName}/a${?}b/${iot:Connection.Thing.ThingTypeName}"`
	docs := documents(t, `{"Effect":"Allow","Action":"iot:*","Resource":["*",`+topics+`]}`)
	requests := verdict.DefaultRequests(docs)
	v := judge(t, verdict.Settings{Documents: docs, Requests: requests}, named("a+b"))
	for _, row := range v.Rows {
		// The thing has no type, and the certificate of this test has no name of an issuer.
		if empty := strings.Contains(row.Text, "{ThingTypeName}"); row.Allowed != 1 && !empty {
			t.Errorf("%s: %+v", row.Text, row.Refusals)
		} else if empty && !row.Refusals[0].NoTopic {
			t.Errorf("%s: %+v", row.Text, row)
		}
	}
}

func TestRequestsWithoutSenseAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "connect:a", "publish", "publish:", "PUBLISH:a", "delete:a", "publish:{nosuch}", "publish:{cn"} {
		if r, err := verdict.ParseRequest(text); err == nil {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// The client ID decides which thing the connection belongs to, and so what the variables are.
func TestClientIDOfTheFirmwareCounts(t *testing.T) {
	t.Parallel()
	template, err := manifest.ParseTemplate("fw-{cn}")
	if err != nil {
		t.Fatal(err)
	}
	docs := documents(t, `{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/*",
		"Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}}}`)
	s := verdict.Settings{Documents: docs, Requests: requests(t, "connect"), Now: time.Now()}
	for _, test := range []struct {
		clientID  *manifest.Template
		exclusive bool
		allowed   int
	}{{nil, false, 1}, {&template, false, 0}, {&template, true, 1}} {
		s.ClientID, s.Exclusive = test.clientID, test.exclusive
		if v := judge(t, s, named("a")); v.Rows[0].Allowed != test.allowed {
			t.Errorf("%+v: %+v", test, v.Rows[0])
		}
	}
}

// Whatever an operator or a document has, judging a device must not panic.
func FuzzRequest(f *testing.F) {
	f.Add("publish:dt/{thing}/{cn|lower}", `{"Effect":"Allow","Action":"iot:*","Resource":"arn:aws:iot:*:*:topic/${iot:ClientId}/*"}`)
	f.Add("connect", `{"Effect":"Deny","Action":["iot:Subscribe"],"Resource":["arn:aws:iot:r:a:topic/${}${iot:Certificate.Issuer..1}"]}`)
	f.Add("retain:${*}{client}", `{"Effect":"Allow","NotAction":"iot:Publish","NotResource":"*"}`)
	device := named("a+b")
	f.Fuzz(func(t *testing.T, request, statement string) {
		var s verdict.Settings
		if parsed, err := policy.Parse(start + statement + "]}"); err == nil {
			s.Documents = []*policy.Document{parsed}
		}
		s.Requests = verdict.DefaultRequests(s.Documents)
		if r, err := verdict.ParseRequest(request); err == nil {
			s.Requests = append(s.Requests, r)
		}
		j, err := verdict.NewJudge(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Device(device, iot.Thing{Name: "t"}); err != nil {
			t.Fatal(err)
		}
		for _, row := range j.Verdict().Rows {
			if row.Allowed+row.Refused() != 1 {
				t.Errorf("%+v", row)
			}
		}
	})
}
