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

// A brokerCase is a request, and how the broker must answer.
type brokerCase struct {
	device   testDevice
	clientID string
	will     string
	action   string // connect, publish, retain or subscribe
	topic    string
	want     broker.Kind // Connected, or why not
}

// cases registers devices and returns the requests of all of them. There must be at least 40.
func (f *fleet) cases() (all []brokerCase) {
	f.Helper()
	p := f.policy("own", own)
	good := f.device("a", p, nil)
	for line := range strings.Lines(strings.TrimSpace(requests)) {
		fields := strings.Fields(line)
		c := brokerCase{device: good, clientID: "a", action: fields[0], topic: fields[1], want: broker.Connected}
		if fields[2] == "no" {
			c.want = broker.Refused
		}
		all = append(all, c)
	}
	inactive, without := f.device("inactive", p, nil), f.device("without", "", nil)
	_ = must[*iot.UpdateCertificateOutput](f)(f.UpdateCertificate(f.Context(),
		&iot.UpdateCertificateInput{CertificateId: &inactive.id, NewStatus: types.CertificateStatusInactive}))
	expired := f.device("expired", p, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	foreign := f.device("foreign", p, nil)
	for _, err := range []error{f.detach(foreign, p), f.remove(foreign)} {
		if err != nil {
			f.Fatal(err)
		}
	}
	for _, c := range []brokerCase{
		{device: good, clientID: "a", want: broker.Connected},
		{device: good, clientID: "b", want: broker.Refused},
		{device: good, clientID: "without", want: broker.Refused}, // the name of another thing
		{device: good, clientID: "a", will: "dt/a/gone", want: broker.Connected},
		{device: good, clientID: "a", will: "dt/b/gone", want: broker.Refused},
		{device: inactive, clientID: "inactive", want: broker.Inactive},
		{device: without, clientID: "without", want: broker.Refused}, // it has no policy
		{device: expired, clientID: "expired", want: broker.Expired},
		{device: foreign, clientID: "foreign", want: broker.Unregistered},
		{device: good, clientID: "$a", want: broker.BadClientID},
		{device: good, clientID: strings.Repeat("a", 129), want: broker.BadClientID},
	} {
		c.action = "connect"
		all = append(all, c)
	}
	return all
}

// decides fails the test unless a client is allowed and refused what it must be, and the operator learns
// why. Perform makes a request with a connection of its own.
func (f *fleet) decides(perform func(c brokerCase) error) {
	f.Helper()
	all := f.cases()
	if len(all) < 40 {
		f.Errorf("%d cases", len(all))
	}
	for _, c := range all {
		err := perform(c)
		if allowed := err == nil; allowed != (c.want == broker.Connected) {
			f.Fatalf("%s %s by %s with the will %q: %v", c.action, c.topic, c.clientID, c.will, err)
		}
		e := f.wait(c.want, c.clientID)
		if c.want == broker.Refused && (e.Decision.Outcome == policy.Allowed || !strings.Contains(e.Request.Resource, c.topic) ||
			len(e.Names) != 1 && c.device.name != "without") {
			f.Errorf("%+v: event %+v", c, e)
		}
		if err == nil {
			f.wait(broker.Disconnected, c.clientID)
		}
	}
}

// Clients of others must be allowed and refused what the policies say, with both versions of MQTT. A
// client of MQTT 3.1.1 that is refused is disconnected.
func TestBrokerDecidesByPolicies(t *testing.T) {
	t.Parallel()
	withWitnesses(t, func(f *fleet, create func() witness) {
		f.decides(func(c brokerCase) error {
			w := create()
			err := w.connect(f, c.device, c.clientID, sessionOptions{will: c.will})
			if err != nil || c.action == "connect" {
				if err == nil {
					w.disconnect()
				}
				return err
			}
			if c.action == "subscribe" {
				err = w.subscribe(c.topic)
			} else {
				err = w.publish(c.topic, c.action == "retain")
			}
			select {
			case <-w.ended():
			default:
				w.disconnect()
			}
			return err
		})
	})
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
	withWitnesses(t, func(f *fleet, create func() witness) {
		p := f.policy("own", own)
		a, b := create(), create()
		deviceA, deviceB := f.device("a", p, nil), f.device("b", p, nil)
		for _, err := range []error{
			a.connect(f, deviceA, "a", sessionOptions{will: "all"}), b.connect(f, deviceB, "b", sessionOptions{persistent: true}),
			b.subscribe("all"), b.subscribe("others/+/#"), b.subscribe("$aws/events/presence/disconnected/a"),
			a.publish("all", false),
		} {
			if err != nil {
				f.Fatal(err)
			}
		}
		if topic := <-b.messages(); topic != "all" {
			f.Errorf("received %s", topic)
		}
		// A subscription is not a permission to receive: the presence event is one that b may not.
		a.disconnect()
		f.wait(broker.Disconnected, "a")
		if e := f.wait(broker.Refused, "b"); e.Request.Action != "iot:Receive" {
			f.Errorf("%+v", e)
		}
		// A persistent session keeps its subscriptions, and what was sent meanwhile.
		b.disconnect()
		f.wait(broker.Disconnected, "b")
		a = create()
		for _, err := range []error{a.connect(f, deviceA, "a", sessionOptions{}), a.publish("all", false)} {
			if err != nil {
				f.Fatal(err)
			}
		}
		b = create()
		if err := b.connect(f, deviceB, "b", sessionOptions{persistent: true}); err != nil {
			f.Fatal(err)
		}
		if topic := <-b.messages(); topic != "all" {
			f.Errorf("received %s", topic)
		}
		// A second client with the ID takes its place.
		second := create()
		if err := second.connect(f, deviceA, "a", sessionOptions{}); err != nil {
			f.Fatal(err)
		}
		<-a.ended()
		f.wait(broker.TakenOver, "a")
		// A policy that is taken away counts for the next message.
		if err := f.detach(deviceA, p); err != nil {
			f.Fatal(err)
		}
		if err := second.publish("all", false); err == nil {
			f.Error("a message without a policy was accepted")
		}
	})
}

// A retained message is for filters without wildcards.
func TestRetainedMessageIsForTheExactTopic(t *testing.T) {
	t.Parallel()
	withWitnesses(t, func(f *fleet, create func() witness) {
		d := f.device("a", f.policy("own", own), nil)
		w := create()
		for _, err := range []error{
			w.connect(f, d, "a", sessionOptions{}), w.publish("dt/a/state", true), w.subscribe("dt/a/+"), w.subscribe("dt/a/state"),
		} {
			if err != nil {
				f.Fatal(err)
			}
		}
		if topic := <-w.messages(); topic != "dt/a/state" {
			f.Errorf("received %s", topic)
		}
		select {
		case topic := <-w.messages():
			f.Errorf("received %s as well", topic)
		default:
		}
		w.disconnect()
	})
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
	if want := "localhost" + f.address[strings.LastIndex(f.address, ":"):]; *endpoint.EndpointAddress != want {
		t.Errorf("endpoint %s", *endpoint.EndpointAddress)
	}
}
