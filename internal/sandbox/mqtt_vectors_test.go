package sandbox

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/mqtt"
	"github.com/thingpress/thingpress/internal/policyvectors"
	"github.com/thingpress/thingpress/internal/proof"
	"github.com/thingpress/thingpress/internal/sandbox/broker"
	"github.com/thingpress/thingpress/policy"
)

// A vectorRequest is the request of a vector as a device makes it.
type vectorRequest struct {
	action, topic string // no topic for iot:Connect
}

// requestOf returns the request of a vector. It reports false if no device can make it: MQTT forbids the
// topic, or the connection would be another one than the vector describes.
func requestOf(v *policyvectors.Decision, documents string) (r vectorRequest, ok bool) {
	c := &v.Connection
	if !isOrdinary(c) || fromTheNetwork.MatchString(documents) || c.ClientID == "" || len(c.ClientID) > 128 ||
		strings.HasPrefix(c.ClientID, "$") {

		return r, false
	}
	kind, name, _ := strings.Cut(strings.TrimPrefix(v.Request.Resource, "arn:aws:iot:us-east-1:123456789012:"), "/")
	if name == "" && v.Request.Action != "iot:Connect" || strings.Count(name, "/") > 7 || len(name) > 256 {
		return r, false
	}
	switch v.Request.Action {
	case "iot:Connect":
		return vectorRequest{action: v.Request.Action}, v.Request.Resource == "" || kind == "client" && name == c.ClientID
	case "iot:Subscribe":
		return vectorRequest{v.Request.Action, name}, kind == "topicfilter" && filterOfMQTT.MatchString(name)
	case "iot:Publish", "iot:RetainPublish", "iot:Receive":
		return vectorRequest{v.Request.Action, name}, kind == "topic" && !strings.ContainsAny(name, "+#") &&
			!strings.HasPrefix(name, "$share/")
	}
	return r, false
}

var (
	// fromTheNetwork finds what a device on loopback cannot choose.
	fromTheNetwork = regexp.MustCompile(`(?i)aws:SourceIp|iot:DomainName|aws:CurrentTime|aws:EpochTime`)
	// filterOfMQTT matches topic filters with wildcards in the places that MQTT allows.
	filterOfMQTT = regexp.MustCompile(`^(?:\+|[^+#/]*)(?:/(?:\+|[^+#/]*))*(?:/#)?$|^#$`)
)

// The broker must decide as the library does, about a device that connects as a vector describes.
func TestBrokerDecidesTheVectors(t *testing.T) {
	t.Parallel()
	file := must[*policyvectors.Decisions](t)(policyvectors.ReadDecisions())
	asked := map[string]int{}
	for i := range file.Vectors {
		v := &file.Vectors[i]
		var documents strings.Builder
		for _, name := range v.Policies {
			documents.Write(file.Policies[name])
		}
		r, ok := requestOf(v, documents.String())
		if !ok {
			continue
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if (&vectorDevice{fleet: newFleet(t), vector: v, request: r}).decides(file.Policies) {
				asked[r.action]++
			}
		})
	}
	for action, least := range map[string]int{
		"iot:Connect": 45, "iot:Publish": 280, "iot:Receive": 20, "iot:RetainPublish": 4, "iot:Subscribe": 30,
	} {
		if asked[action] < least {
			t.Errorf("%d requests of %s were made, want %d", asked[action], action, least)
		}
	}
}

// A vectorDevice is the device that a vector is about.
type vectorDevice struct {
	*fleet
	vector  *policyvectors.Decision
	request vectorRequest
}

// decides reports false if AWS would not take the registry of the vector, or the device cannot connect.
func (d *vectorDevice) decides(policies map[string]json.RawMessage) bool {
	v := d.vector
	der, key := certificateOf(d.T, v)
	principal, ok := fill(d.T, d.clients, v, policies, der)
	if !ok {
		return false
	}
	// A request needs a connection, a message a subscription, and RetainPublish is asked about after Publish.
	if d.request.action != "iot:Connect" {
		d.attach(principal, "connect", `"iot:Connect"`)
	}
	switch d.request.action {
	case "iot:Receive":
		d.attach(principal, "subscribe", `"iot:Subscribe"`)
	case "iot:RetainPublish":
		d.attach(principal, "publish", `"iot:Publish"`)
	}
	_, port, _ := net.SplitHostPort(d.address)
	number, err := strconv.Atoi(port)
	if err != nil {
		d.Fatal(err)
	}
	b := &proof.Broker{Host: "localhost", At: "127.0.0.1", Port: number, Roots: d.roots}
	client, err := b.Connect(d.Context(), proof.Login{
		Certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ClientID: v.Connection.ClientID,
		Version: mqtt.Version5, Persistent: v.Connection.Persistent,
	})
	if err == nil {
		defer client.Close()
	}
	switch topic := d.request.topic; {
	case d.request.action == "iot:Connect":
	case err != nil:
		return false
	case d.request.action == "iot:Subscribe":
		err = client.Subscribe(topic)
	case d.request.action == "iot:Receive":
		if err = client.Subscribe(topic); err != nil {
			return false
		}
		content := []byte("content")
		err = client.Receive(topic, content, func() error {
			d.server.backend.serving.Load().broker.Publish(topic, content)
			return nil
		})
	default:
		err = client.Publish(topic, []byte("content"), d.request.action == "iot:RetainPublish")
	}
	var refused *proof.RefusedError
	switch {
	case err == nil:
		if v.Outcome != policy.Allowed {
			d.Errorf("%s: allowed, want %s", v.Name, v.Outcome)
		}
	case !errors.As(err, &refused):
		d.Errorf("%s: %v", v.Name, err)
	default:
		if e := d.wait(broker.Refused, v.Connection.ClientID); e.Decision.Outcome != v.Outcome || e.Request.Action != d.request.action {
			d.Errorf("%s: %s of %s %s (%s), want %s", v.Name, e.Decision.Outcome, e.Request.Action, e.Request.Resource, refused.Saw, v.Outcome)
		}
	}
	return true
}

// attach lets a device do something anywhere.
func (d *vectorDevice) attach(principal, name, action string) {
	d.Helper()
	d.policy(name, `{"Effect":"Allow","Action":`+action+`,"Resource":"*"}`)
	_ = must[*iot.AttachPolicyOutput](d)(d.AttachPolicy(d.Context(), &iot.AttachPolicyInput{PolicyName: &name, Target: &principal}))
}
