package integration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/awsiot"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

// TestUpgrade updates a stack while an import runs. The functions of the version before
// have checked the manifest and sent half of it. Some of these devices are claimed, some
// are registered by an importer that was killed, one has failed. The new functions must
// end the import as if nothing had happened. The items are those of testdata/before.json
// in package stack, which a test of package jobtable compares.
func TestUpgrade(t *testing.T) {
	w := newWorld(t, sandbox.Faults{})
	l := newLine(t, w, lineOptions{name: "upgrade", kill: 0.1, visibility: 2 * importerTimeout, env: []string{"THINGPRESS_IN_FLIGHT=100000"}})
	content, want := generated(t, "espressif", "upgrade", 600, 0.05)
	o := w.upload(t, l.buckets["espressif"], "reel.csv", content, nil) // the version before has the event
	b := l.leaveBehind(t, o, content, len(want)/2)
	want[b.failed] = outcome{ledger.Failed, "conflict"}
	l.start(t)
	l.rest(t, []stacktest.Object{o})
	job := l.finished(t, o, w.iot.State(), want)
	for r, err := range l.ledger.Records(t.Context(), job.Import) {
		if err != nil {
			t.Fatal(err)
		}
		mine := slices.ContainsFunc(r.Steps, func(s ledger.Step) bool { return s.Created && s.Operation == "RegisterCertificateWithoutCA" })
		if b.registered[r.Entry] && !mine {
			t.Errorf("entry %d: the certificate that the version before registered is not known as ours: %+v", r.Entry, r.Steps)
		}
	}
	l.empty(t)
}

// leftBehind is what the version before has done.
type leftBehind struct {
	registered map[int]bool // entries without an outcome
	failed     int          // an entry
}

// leaveBehind does what the version before did with the first entries of a manifest.
func (l *line) leaveBehind(t *testing.T, o stacktest.Object, content []byte, sent int) leftBehind {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, now, id := t.Context(), time.Now().UTC(), uuid.Must(uuid.NewV7()).String()
	attributes, err := device.ParseAttributes([]string{"certificate={fingerprint}", "line=" + l.name})
	must(err)
	settings := engine.Settings{Status: iot.StatusActive, Attachments: device.Attachments{
		Policies: policies, ThingGroups: groups, ThingType: thingType, BillingGroup: billingGroup, Attributes: attributes,
	}}
	frozen, err := stack.FreezeSettings(settings, stack.Allowed{}, now)
	must(err)

	type pass struct {
		Entries  int                     `json:"entries"`
		Offset   int64                   `json:"offset"`
		Rejected map[manifest.Reason]int `json:"rejected,omitempty"`
	}
	var check, send pass
	var devices []manifest.Device // of the entries that were sent
	var rejected []ledger.Record
	census := stack.NewCensus(1 << 20)
	check.Rejected = map[manifest.Reason]int{}
	in := manifest.Input{Name: o.Key, Reader: bytes.NewReader(content), Size: int64(len(content))}
	for d, err := range (espressif.Decoder{}).Decode(ctx, in, manifest.Options{Now: now}) {
		var bad *manifest.EntryError
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		if bad != nil {
			check.Rejected[bad.Reason]++
			check.Offset = bad.End
			if check.Entries < sent {
				rejected = append(rejected, ledger.Record{
					Place: ledger.Place{Entry: bad.Entry}, Line: bad.Line, Outcome: ledger.Rejected, ID: bad.ID,
					Reason: string(bad.Reason), Detail: bad.Detail(), At: now,
				})
			}
		} else {
			census.Add(&d)
			check.Offset = d.End
			if check.Entries < sent {
				devices = append(devices, d)
			}
		}
		if check.Entries++; check.Entries == sent {
			send = check
			send.Rejected = map[manifest.Reason]int{}
			for reason, n := range check.Rejected {
				send.Rejected[reason] = n
			}
		}
	}
	sum := sha256.Sum256(content)
	progress, err := json.Marshal(map[string]any{
		"ready": true, "hashed": len(content), "sha256": hex.EncodeToString(sum[:]), "check": check, "send": send,
	})
	must(err)

	upload := stack.Upload{Bucket: o.Bucket, Key: o.Key, Version: o.Version, ETag: o.ETag, Size: o.Size}
	job, _, err := l.ledger.Start(ctx, upload, stack.Job{
		Import: id, Upload: upload, Vendor: "espressif", Created: now, Updated: now, Phase: stack.PhaseHash, Settings: frozen,
	})
	must(err)
	lease, err := l.ledger.Lease(ctx, id, "version before", now.Add(time.Minute))
	must(err)
	job.Phase, job.Progress = stack.PhaseSend, progress
	must(l.ledger.Save(ctx, lease, job))
	must(l.ledger.Release(ctx, lease))
	journal, err := l.ledger.Begin(ctx, ledger.Import{
		ID: id, Key: "version before", Begun: now, Settings: frozen,
		Target: ledger.Target{Partition: "aws", Account: stacktest.Account, Region: stacktest.Region},
		Manifests: []ledger.Manifest{{
			Name: o.Key, SHA256: hex.EncodeToString(sum[:]), Size: o.Size, Vendor: "espressif", Entries: check.Entries,
		}},
	})
	must(err)
	must(journal.Record(ctx, rejected))

	claims := make([]stack.Claim, 0, len(devices)/2)
	for _, d := range devices[:len(devices)/2] {
		claims = append(claims, stack.Claim{
			Entry: d.Entry, VendorID: d.VendorID(), ThingName: d.ThingName, CertificateID: d.CertificateID, At: now,
		})
	}
	answers, err := l.ledger.Claim(ctx, id, claims)
	must(err)
	client, err := awsiot.Open(ctx, awsiot.Options{Sandbox: true, Region: stacktest.Region, Endpoint: l.iotURL})
	must(err)
	defer client.Close()
	b := leftBehind{registered: map[int]bool{}, failed: -1}
	for n := range claims {
		d := &devices[n]
		switch {
		case !answers[n].Mine:
		case len(b.registered) < 20:
			_, err := client.AWS().Certificates.RegisterCertificateWithoutCA(ctx, d.PEM(), iot.StatusActive)
			must(err)
			b.registered[d.Entry] = true
		case b.failed < 0 && !census.Shared().Has(d):
			must(journal.Record(ctx, []ledger.Record{{
				Place: ledger.Place{Entry: d.Entry}, Line: d.Line, Outcome: ledger.Failed, Reason: "conflict", ID: d.ID,
				ThingName: d.ThingName, CertificateID: d.CertificateID, At: now,
			}}))
			b.failed = d.Entry
		}
	}
	for n := range devices {
		thing, err := settings.Attachments.Thing(&devices[n])
		must(err)
		must(l.devices.Send(ctx, stack.NewDeviceMessage(id, &devices[n], thing.Attributes, now).Message(0).Body))
	}
	must(l.manifests.Send(ctx, stack.Task{Kind: stack.TaskContinue, Import: id}.Message(0).Body))
	if b.failed < 0 || len(b.registered) < 20 || len(rejected) == 0 || send.Entries == 0 {
		t.Fatalf("that is not a trial: %+v, %d rejected, %+v", b, len(rejected), send)
	}
	return b
}
