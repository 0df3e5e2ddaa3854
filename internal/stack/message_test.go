package stack_test

import (
	"crypto/x509"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

func TestDeviceComesOutOfItsMessageAsItWentIn(t *testing.T) {
	t.Parallel()
	leaf := materialtest.NewReel("message").Leaf("device-1", materialtest.Key("message"), "AABBCCDDEEFF")
	message := stack.NewDeviceMessage("id", &manifest.Device{
		Entry: 7, Line: 9, ID: "AABBCC", ThingName: "device-1", Certificate: leaf,
		Settings: &manifest.Settings{
			Policies: []string{"p"}, ThingGroups: []string{"g"}, ThingType: "t", BillingGroup: "b", Status: "INACTIVE",
			Attributes: map[string]string{"mac": "AABBCCDDEEFF"},
		},
	}, map[string]string{"mac": "AABBCCDDEEFF"}, time.Now())
	parsed, err := stack.ParseDeviceMessage(message.Message(0).Body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(message, parsed); diff != "" {
		t.Error(diff)
	}
	device, err := parsed.Device()
	if err != nil {
		t.Fatal(err)
	}
	if !device.Certificate.Equal(leaf) || device.Entry != 7 || device.Line != 9 || device.ID != "AABBCC" || device.ThingName != "device-1" {
		t.Errorf("%+v", device)
	}
	want := &manifest.Settings{Policies: []string{"p"}, ThingGroups: []string{"g"}, ThingType: "t", BillingGroup: "b", Status: "INACTIVE"}
	if diff := cmp.Diff(want, device.Settings); diff != "" {
		t.Error(diff)
	}
	if device.CertificateID != parsed.CertificateID() {
		t.Errorf("certificate ID %q", device.CertificateID)
	}
}

// SQS accepts a mebibyte in one call of SendMessageBatch, which is ten messages.
func TestTenDevicesWithLargeCertificatesFitOneBatch(t *testing.T) {
	t.Parallel()
	message := stack.NewDeviceMessage(strings.Repeat("i", 36), &manifest.Device{
		ID: strings.Repeat("x", 128), ThingName: strings.Repeat("n", 128), Certificate: &x509.Certificate{Raw: make([]byte, 64<<10)},
	}, nil, time.Now())
	body, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if 10*len(body) > 1<<20 {
		t.Errorf("a message of %d bytes", len(body))
	}
}

func TestGarbageIsNoDevice(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "{}", "null", `{"import":"i","entry":-1,"thing_name":"n","certificate":"AA=="}`,
		`{"import":"i","thing_name":"n"}`,
	} {
		if _, err := stack.ParseDeviceMessage(body); err == nil {
			t.Errorf("%q is taken", body)
		}
	}
	broken := stack.DeviceMessage{Import: "i", ThingName: "n", Certificate: []byte{1}}
	if _, err := broken.Device(); err == nil {
		t.Error("a byte is taken for a certificate")
	}
}

func TestTasksAreToldFromEventsAndGarbage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body    string
		want    stack.Task
		ok, bad bool
	}{
		{body: `{"Records":[]}`},
		{body: `{"Service":"Amazon S3","Event":"s3:TestEvent"}`},
		{body: `{"thingpress":"sweep"}`, want: stack.Task{Kind: stack.TaskSweep}, ok: true},
		{
			body: `{"thingpress":"continue","import":"i","attempt":2}`, want: stack.Task{Kind: stack.TaskContinue, Import: "i", Attempt: 2},
			ok: true,
		},
		{body: `{"thingpress":"complete","import":"i"}`, want: stack.Task{Kind: stack.TaskComplete, Import: "i"}, ok: true},
		{body: `{"thingpress":"complete"}`, want: stack.Task{Kind: stack.TaskComplete}, ok: true, bad: true},
		{body: `{"thingpress":"explode","import":"i"}`, want: stack.Task{Kind: "explode", Import: "i"}, ok: true, bad: true},
		{body: `{`, bad: true},
	} {
		task, ok, err := stack.ParseTask(test.body)
		if task != test.want || ok != test.ok || (err != nil) != test.bad {
			t.Errorf("ParseTask(%s) = %+v, %v, %v", test.body, task, ok, err)
		}
	}
}
