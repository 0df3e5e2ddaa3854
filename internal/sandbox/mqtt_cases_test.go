package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/sandbox/broker"
	"github.com/thingpress/thingpress/policy"
)

const own = `{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}",
		"Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}}},
	{"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":["arn:aws:iot:*:*:topic/dt/${iot:Connection.Thing.ThingName}/*",
		"arn:aws:iot:*:*:topic/cn/${iot:Certificate.Subject.CommonName}","arn:aws:iot:*:*:topic/all","arn:aws:iot:*:*:topic/some/?????/x"]},
	{"Effect":"Allow","Action":"iot:RetainPublish","Resource":"arn:aws:iot:*:*:topic/dt/${iot:Connection.Thing.ThingName}/state"},
	{"Effect":"Allow","Action":"iot:Subscribe","Resource":["arn:aws:iot:*:*:topicfilter/dt/${iot:Connection.Thing.ThingName}/*",
		"arn:aws:iot:*:*:topicfilter/all","arn:aws:iot:*:*:topicfilter/some/+/x","arn:aws:iot:*:*:topicfilter/$aws/events/*",
		"arn:aws:iot:*:*:topicfilter/$share/g/all","arn:aws:iot:*:*:topicfilter/others/*"]},
	{"Effect":"Deny","Action":["iot:Publish","iot:Subscribe"],"Resource":["arn:aws:iot:*:*:topic/dt/*/secret",
		"arn:aws:iot:*:*:topicfilter/dt/*/secret"]}`

// Each line is a request of the device a, and whether AWS IoT allows it.
const requests = `
publish dt/a/t yes
publish dt/a/t/u yes
publish dt/a/ yes
publish dt/a no
publish dt/b/t no
publish dt/a/secret no
publish dt/aa/t no
publish DT/a/t no
publish /dt/a/t no
publish cn/a yes
publish cn/b no
publish cn/a/x no
publish all yes
publish all/x no
publish some/abcde/x yes
publish some/abcd/x no
publish some/a/bcd/x yes
publish some/abcdef/x no
publish other no
publish $aws/things/a/shadow/update no
retain dt/a/state yes
retain dt/a/t no
retain all no
retain dt/b/state no
subscribe dt/a/t yes
subscribe dt/a/# yes
subscribe dt/a/+ yes
subscribe dt/a/+/u yes
subscribe dt/a no
subscribe dt/+/t no
subscribe dt/# no
subscribe # no
subscribe dt/b/t no
subscribe dt/a/secret no
subscribe all yes
subscribe all/# no
subscribe some/+/x yes
subscribe some/abcde/x no
subscribe some/# no
subscribe $aws/events/presence/connected/b yes
subscribe $aws/things/a/shadow/get no
subscribe $share/g/all yes
subscribe $share/h/all no
subscribe others/+/# yes
`

// Clients of others must be allowed and refused what the policies say, with both versions of MQTT. A
// client of MQTT 3.1.1 that is refused is disconnected.
func TestBrokerDecidesByPolicies(t *testing.T) {
	t.Parallel()
	for version, create := range witnesses {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			d := f.device("a", f.policy("own", own), nil)
			cases := 0
			for line := range strings.Lines(strings.TrimSpace(requests)) {
				fields := strings.Fields(line)
				w := create()
				if err := w.connect(f, d, "a", sessionOptions{}); err != nil {
					t.Fatal(err)
				}
				var err error
				switch fields[0] {
				case "publish":
					err = w.publish(fields[1], false)
				case "retain":
					err = w.publish(fields[1], true)
				case "subscribe":
					err = w.subscribe(fields[1])
				}
				if allowed := err == nil; allowed != (fields[2] == "yes") {
					t.Fatalf("%s: %v", strings.TrimSpace(line), err)
				}
				if fields[2] == "no" {
					e := f.wait(broker.Refused, "a")
					if e.Decision.Outcome == policy.Allowed || !strings.Contains(e.Request.Resource, fields[1]) || len(e.Names) != 1 {
						t.Errorf("%s: event %+v", line, e)
					}
				}
				if fields[2] == "yes" || version == "MQTT 5" && fields[0] == "subscribe" {
					w.disconnect()
				}
				cases++
			}
			if cases < 40 {
				t.Errorf("%d cases", cases)
			}
		})
	}
}

// Who may not connect gets no CONNACK with MQTT 3.1.1, and the operator learns why.
func TestBrokerRefusesConnections(t *testing.T) {
	t.Parallel()
	for version, create := range witnesses {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			p := f.policy("own", own)
			good := f.device("a", p, nil)
			inactive, without := f.device("inactive", p, nil), f.device("without", "", nil)
			_ = must[*iot.UpdateCertificateOutput](t)(f.UpdateCertificate(t.Context(),
				&iot.UpdateCertificateInput{CertificateId: &inactive.id, NewStatus: types.CertificateStatusInactive}))
			expired := f.device("expired", p, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
			foreign := f.device("foreign", p, nil)
			for _, err := range []error{
				f.detach(foreign, p),
				f.remove(foreign),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			for name, test := range map[string]struct {
				device   testDevice
				clientID string
				will     string
				want     broker.Kind
			}{
				"the name of the thing":       {good, "a", "", broker.Connected},
				"another client ID":           {good, "b", "", broker.Refused},
				"the name of another thing":   {good, "without", "", broker.Refused},
				"a will that may be sent":     {good, "a", "dt/a/gone", broker.Connected},
				"a will that may not":         {good, "a", "dt/b/gone", broker.Refused},
				"an inactive certificate":     {inactive, "inactive", "", broker.Inactive},
				"no policy":                   {without, "without", "", broker.Refused},
				"an expired certificate":      {expired, "expired", "", broker.Expired},
				"an unregistered certificate": {foreign, "foreign", "", broker.Unregistered},
				"a reserved client ID":        {good, "$a", "", broker.BadClientID},
				"a client ID that is long":    {good, strings.Repeat("a", 129), "", broker.BadClientID},
			} {
				w := create()
				err := w.connect(f, test.device, test.clientID, sessionOptions{will: test.will})
				if connected := err == nil; connected != (test.want == broker.Connected) {
					t.Errorf("%s: %v", name, err)
				}
				f.wait(test.want, test.clientID)
				if err == nil {
					w.disconnect()
					f.wait(broker.Disconnected, test.clientID)
				}
			}
		})
	}
}

func (f *fleet) detach(d testDevice, name string) error {
	_, err := f.DetachPolicy(f.Context(), &iot.DetachPolicyInput{PolicyName: &name, Target: &d.arn})
	return err
}

// remove deletes the certificate of a device.
func (f *fleet) remove(d testDevice) error {
	if _, err := f.DetachThingPrincipal(f.Context(), &iot.DetachThingPrincipalInput{ThingName: &d.name, Principal: &d.arn}); err != nil {
		return err
	}
	_, err := f.UpdateCertificate(f.Context(), &iot.UpdateCertificateInput{CertificateId: &d.id, NewStatus: types.CertificateStatusInactive})
	if err != nil {
		return err
	}
	_, err = f.DeleteCertificate(f.Context(), &iot.DeleteCertificateInput{CertificateId: &d.id})
	return err
}

// AWS IoT knows by the server name which account a certificate belongs to.
func TestBrokerDemandsTheServerName(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	d := f.device("a", f.policy("own", own), nil)
	for server, want := range map[string]broker.Kind{"": broker.NoSNI, "other.example": broker.WrongSNI} {
		if conn, err := f.dial(d, server); err == nil {
			_ = conn.Close()
			t.Errorf("%q was accepted", server)
		}
		f.wait(want, "")
	}
	d.pair = tls.Certificate{}
	if conn, err := f.dial(d, "localhost"); err == nil { // TLS 1.3 tells a client later
		_, err = conn.Read(make([]byte, 1))
		if err == nil {
			t.Error("a client without a certificate was accepted")
		}
		_ = conn.Close()
	}
	f.wait(broker.NoCertificate, "")
}

// What one device publishes must reach the others that may receive it, and nobody else.
func TestMessagesReachThoseWhoMayReceiveThem(t *testing.T) {
	t.Parallel()
	for version, create := range witnesses {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			p := f.policy("own", own)
			a, b := create(), create()
			deviceA, deviceB := f.device("a", p, nil), f.device("b", p, nil)
			for _, err := range []error{
				a.connect(f, deviceA, "a", sessionOptions{will: "all"}), b.connect(f, deviceB, "b", sessionOptions{persistent: true}),
				b.subscribe("all"), b.subscribe("others/+/#"), b.subscribe("$aws/events/presence/disconnected/a"),
				a.publish("all", false),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if topic := <-b.messages(); topic != "all" {
				t.Errorf("received %s", topic)
			}
			// A subscription is not a permission to receive: the presence event is one that b may not.
			a.disconnect()
			f.wait(broker.Disconnected, "a")
			if e := f.wait(broker.Refused, "b"); e.Request.Action != "iot:Receive" {
				t.Errorf("%+v", e)
			}
			// A persistent session keeps its subscriptions, and what was sent meanwhile.
			b.disconnect()
			f.wait(broker.Disconnected, "b")
			a = create()
			for _, err := range []error{a.connect(f, deviceA, "a", sessionOptions{}), a.publish("all", false)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			b = create()
			if err := b.connect(f, deviceB, "b", sessionOptions{persistent: true}); err != nil {
				t.Fatal(err)
			}
			if topic := <-b.messages(); topic != "all" {
				t.Errorf("received %s", topic)
			}
			// A second client with the ID takes its place.
			second := create()
			if err := second.connect(f, deviceA, "a", sessionOptions{}); err != nil {
				t.Fatal(err)
			}
			<-a.ended()
			f.wait(broker.TakenOver, "a")
			// A policy that is taken away counts for the next message.
			if err := f.detach(deviceA, p); err != nil {
				t.Fatal(err)
			}
			if err := second.publish("all", false); err == nil {
				t.Error("a message without a policy was accepted")
			}
		})
	}
}

// A retained message is for filters without wildcards.
func TestRetainedMessageIsForTheExactTopic(t *testing.T) {
	t.Parallel()
	for version, create := range witnesses {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			d := f.device("a", f.policy("own", own), nil)
			w := create()
			for _, err := range []error{
				w.connect(f, d, "a", sessionOptions{}), w.publish("dt/a/state", true), w.subscribe("dt/a/+"), w.subscribe("dt/a/state"),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if topic := <-w.messages(); topic != "dt/a/state" {
				t.Errorf("received %s", topic)
			}
			select {
			case topic := <-w.messages():
				t.Errorf("received %s as well", topic)
			default:
			}
			w.disconnect()
		})
	}
}

// The index knows which devices are connected.
func TestConnectedDevicesAreInTheIndex(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	d := f.device("a", f.policy("own", own), nil)
	_ = must[*iot.UpdateIndexingConfigurationOutput](t)(f.UpdateIndexingConfiguration(t.Context(), &iot.UpdateIndexingConfigurationInput{
		ThingIndexingConfiguration: &types.ThingIndexingConfiguration{
			ThingIndexingMode: types.ThingIndexingModeRegistry, ThingConnectivityIndexingMode: types.ThingConnectivityIndexingModeStatus,
		},
	}))
	connected := func() bool {
		out := must[*iot.GetThingConnectivityDataOutput](t)(f.GetThingConnectivityData(t.Context(),
			&iot.GetThingConnectivityDataInput{ThingName: &d.name}))
		return aws.ToBool(out.Connected)
	}
	w := &witness3{}
	if err := w.connect(f, d, "a", sessionOptions{}); err != nil {
		t.Fatal(err)
	}
	f.wait(broker.Connected, "a")
	if !connected() {
		t.Error("a connected device is not in the index")
	}
	w.disconnect()
	f.wait(broker.Disconnected, "a")
	if connected() {
		t.Error("a disconnected device is connected in the index")
	}
	endpoint := must[*iot.DescribeEndpointOutput](t)(f.DescribeEndpoint(t.Context(),
		&iot.DescribeEndpointInput{EndpointType: aws.String("iot:Data-ATS")}))
	if *endpoint.EndpointAddress != "localhost" {
		t.Errorf("endpoint %s", *endpoint.EndpointAddress)
	}
}
