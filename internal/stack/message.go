package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/thingpress/thingpress/internal/backoff"
	"github.com/thingpress/thingpress/manifest"
)

// A DeviceMessage is one device on the devices queue. The queue delivers at least
// once and in any order; Import and Entry identify the outcome.
type DeviceMessage struct {
	// Import is the import's ID, Entry the position in its only manifest.
	Import string `json:"import"`
	Entry  int    `json:"entry"`
	Line   int    `json:"line,omitempty"`
	// Member is the file that has the entry, if the manifest is a container; empty in messages of versions that did
	// not know it.
	Member string `json:"member,omitempty"`
	// ID is the vendor's identifier of the device, or the certificate's CN unless
	// HasVendorID is set; messages of versions that did not know vendor IDs have it unset.
	ID          string `json:"id,omitempty"`
	HasVendorID bool   `json:"has_vendor_id,omitempty"`
	ThingName   string `json:"thing_name"`
	// Alone is set if no other entry of the manifest has the vendor ID, the name or the
	// certificate. Versions that did not know it claim the three.
	Alone bool `json:"alone,omitempty"`
	// Attributes of the thing, filled from the device; nil if the stack has none, and
	// in messages of versions that did not know them.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Settings is what the entry asks for its own device, without attributes; nil for nothing, and in
	// messages of versions that did not know it.
	Settings *MessageSettings `json:"settings,omitempty"`
	// Certificate is the DER of the leaf.
	Certificate []byte `json:"certificate"`
	// First is when the device was first sent; Attempt is how often it was handed
	// back since.
	First   time.Time `json:"first"`
	Attempt int       `json:"attempt,omitempty"`
	// Since is when it was first handed back without any progress of its import. It is nil
	// before that, and in messages of versions that did not know it.
	Since *time.Time `json:"since,omitempty"`
	// Cause is why it was last handed back.
	Cause string `json:"cause,omitempty"`
}

// MessageSettings are a [manifest.Settings] in a message.
type MessageSettings struct {
	Policies     []string `json:"policies,omitempty"`
	ThingGroups  []string `json:"thing_groups,omitempty"`
	ThingType    string   `json:"thing_type,omitempty"`
	BillingGroup string   `json:"billing_group,omitempty"`
	Status       string   `json:"status,omitempty"`
}

// NewDeviceMessage returns the first message of a device, with the attributes of its
// thing.
func NewDeviceMessage(importID string, d *manifest.Device, attributes map[string]string, now time.Time) DeviceMessage {
	m := DeviceMessage{
		Import: importID, Entry: d.Entry, Line: d.Line, Member: d.Member, ID: d.ID, HasVendorID: d.VendorID() != "", ThingName: d.ThingName,
		Attributes: attributes, Certificate: d.Certificate.Raw, First: now.UTC().Truncate(time.Second),
	}
	if s := d.Settings; s != nil && (len(s.Policies)+len(s.ThingGroups) > 0 || s.ThingType+s.BillingGroup+s.Status != "") {
		m.Settings = &MessageSettings{s.Policies, s.ThingGroups, s.ThingType, s.BillingGroup, s.Status}
	}
	return m
}

// Message returns the message that carries the device.
func (m DeviceMessage) Message(delay time.Duration) Message {
	body, _ := json.Marshal(m) // text, numbers and times of this century cannot fail
	return Message{Body: string(body), Delay: delay, Group: m.Import}
}

// ParseDeviceMessage parses the body of a message of the devices queue.
func ParseDeviceMessage(body string) (DeviceMessage, error) {
	var m DeviceMessage
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return m, fmt.Errorf("device message: %w", err)
	}
	if m.Import == "" || m.Entry < 0 || m.ThingName == "" || len(m.Certificate) == 0 {
		return m, errors.New("device message: import, entry, thing_name or certificate is missing")
	}
	return m, nil
}

// Device returns the device in the form that the engine needs. The message has
// neither its vendor nor its other fields, because name and attributes were filled
// before it was sent.
func (m *DeviceMessage) Device() (manifest.Device, error) {
	certificate, err := manifest.ParseCertificate(m.Certificate)
	if err != nil {
		return manifest.Device{}, fmt.Errorf("import %s: entry %d: parse certificate: %w", m.Import, m.Entry, err)
	}
	d := manifest.Device{
		Entry: m.Entry, Line: m.Line, Member: m.Member, ID: m.ID, IDIsCN: !m.HasVendorID, ThingName: m.ThingName,
		Certificate: certificate, CertificateID: m.CertificateID(),
	}
	if s := m.Settings; s != nil {
		d.Settings = &manifest.Settings{
			Policies: s.Policies, ThingGroups: s.ThingGroups, ThingType: s.ThingType, BillingGroup: s.BillingGroup, Status: s.Status,
		}
	}
	return d, nil
}

// CertificateID returns the ID of the certificate.
func (m *DeviceMessage) CertificateID() manifest.CertificateID {
	return manifest.CertificateIDOf(m.Certificate)
}

// Kinds of a [Task].
const (
	// TaskContinue continues an import whose manifest was not yet sent completely.
	TaskContinue = "continue"
	// TaskComplete ends an import without pending entries, with report and notice.
	TaskComplete = "complete"
	// TaskSweep checks every open import; a schedule sends it.
	TaskSweep = "sweep"
)

// A Task is a message of our own on the manifests queue, next to the events of S3.
type Task struct {
	Kind string `json:"thingpress"`
	// Import is the import's ID; empty for a sweep.
	Import string `json:"import,omitempty"`
	// Attempt is how often the task was sent again without any progress.
	Attempt int `json:"attempt,omitempty"`
	// Report is the part of the report that an earlier invocation has written; empty to
	// begin it.
	Report string `json:"report,omitempty"`
}

// Message returns the message that carries the task.
func (t Task) Message(delay time.Duration) Message {
	body, _ := json.Marshal(t) // strings and numbers cannot fail
	return Message{Body: string(body), Delay: min(max(delay, 0), MaxDelay)}
}

// ParseTask parses the body of a message of the manifests queue; ok is false
// for a body that is not a task, such as an event of S3.
func ParseTask(body string) (task Task, ok bool, err error) {
	if err := json.Unmarshal([]byte(body), &task); err != nil {
		return Task{}, false, fmt.Errorf("manifest message: %w", err)
	}
	switch task.Kind {
	case "":
		return Task{}, false, nil
	case TaskSweep:
		return task, true, nil
	case TaskContinue, TaskComplete:
		if task.Import == "" {
			return task, true, fmt.Errorf("manifest message: task %q names no import", task.Kind)
		}
		return task, true, nil
	}
	return task, true, fmt.Errorf("manifest message: unknown task %q", task.Kind)
}

// MaxDelay is the longest delay of a message (SQS, DelaySeconds).
const MaxDelay = 15 * time.Minute

// HandBack is the delay of a message that was handed back, by the number of times in
// a row without progress.
var HandBack = backoff.Span{First: 15 * time.Second, Most: MaxDelay}

// GiveUpAfter is how long a device is handed back before it fails as undeliverable. The
// time that it waited before it was first tried does not count.
const GiveUpAfter = 10 * 24 * time.Hour
