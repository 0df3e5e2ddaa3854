package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/sandbox"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/espressif"
)

// devices decodes a manifest.
func (w *world) devices(content []byte) []manifest.Device {
	w.Helper()
	var all []manifest.Device
	for d, err := range (espressif.Decoder{}).Decode(w.Context(), w.sources(content)[0].Input, manifest.Options{}) {
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// only returns a list of one device.
func (w *world) only(name string) *engine.Filter {
	w.Helper()
	f, err := engine.ReadFilter(strings.NewReader(name))
	w.ok(err)
	return f
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Each case changes an account in which one device was imported or created. Then the same
// command runs again.
func TestWhatExistsIsJudgedAndAdopted(t *testing.T) {
	t.Parallel()
	content := espressifManifest(t, 2, "existing")
	conflict := func(reason manifest.Reason) ledger.Reason {
		return ledger.Reason{Reason: string(reason), Count: 1}
	}
	for _, test := range []struct {
		name     string
		imported bool // before
		prepare  func(w *world, ctx context.Context, d, other manifest.Device)
		plain    any // an outcome, or a failure
		adopt    any
	}{
		{
			"certificate was deactivated", true,
			func(w *world, ctx context.Context, d, _ manifest.Device) {
				w.ok(w.client.UpdateCertificate(ctx, d.CertificateID.String(), iot.StatusInactive))
			},
			conflict(device.ReasonConflictStatus), ledger.Imported,
		},
		{
			"certificate was revoked", true,
			func(w *world, ctx context.Context, d, _ manifest.Device) {
				w.ok(w.client.UpdateCertificate(ctx, d.CertificateID.String(), iot.StatusRevoked))
			},
			conflict(device.ReasonConflictStatus), conflict(device.ReasonConflictStatus),
		},
		{
			"only the certificate exists", false,
			func(w *world, ctx context.Context, d, _ manifest.Device) {
				_, err := w.client.RegisterCertificateWithoutCA(ctx, d.PEM(), iot.StatusActive)
				w.ok(err)
			},
			ledger.Imported, ledger.Imported,
		},
		{
			"certificate is on another thing", false,
			func(w *world, ctx context.Context, d, other manifest.Device) {
				arn, err := w.client.RegisterCertificateWithoutCA(ctx, d.PEM(), iot.StatusActive)
				w.ok(err)
				w.ok(w.client.CreateThing(ctx, iot.Thing{Name: other.ThingName}))
				w.ok(w.client.AttachThingPrincipal(ctx, other.ThingName, arn, false))
			},
			conflict(device.ReasonConflictOtherThing), ledger.Imported,
		},
		{
			"thing has another type", false,
			func(w *world, ctx context.Context, d, _ manifest.Device) {
				_, err := w.server.Ensure(nil, "lamp", nil, "")
				w.ok(err)
				w.ok(w.client.CreateThing(ctx, iot.Thing{Name: d.ThingName, Type: "lamp", Attributes: map[string]string{"mac": d.Attributes["mac"]}}))
			},
			conflict(device.ReasonConflictThingType), ledger.Imported,
		},
		{
			"thing has another attribute value", false,
			func(w *world, ctx context.Context, d, _ manifest.Device) {
				w.ok(w.client.CreateThing(ctx, iot.Thing{Name: d.ThingName, Type: "sensor", Attributes: map[string]string{"mac": "other"}}))
			},
			conflict(device.ReasonConflictAttribute), ledger.Imported,
		},
		{
			"thing differs and has another certificate", false,
			func(w *world, ctx context.Context, d, other manifest.Device) {
				arn, err := w.client.RegisterCertificateWithoutCA(ctx, other.PEM(), iot.StatusActive)
				w.ok(err)
				w.ok(w.client.CreateThing(ctx, iot.Thing{
					Name: d.ThingName, Type: "sensor",
					Attributes: map[string]string{"mac": d.Attributes["mac"], "more": "x"},
				}))
				w.ok(w.client.AttachThingPrincipal(ctx, d.ThingName, arn, false))
			},
			conflict(device.ReasonConflictOtherCert), ledger.Imported,
		},
		{
			"thing has additional attributes", false,
			func(w *world, ctx context.Context, d, _ manifest.Device) {
				w.ok(w.client.CreateThing(ctx, iot.Thing{
					Name: d.ThingName, Type: "sensor",
					Attributes: map[string]string{"mac": d.Attributes["mac"], "more": "x"},
				}))
			},
			ledger.Imported, ledger.Imported,
		},
		{"all is there", true, nil, ledger.Unchanged, ledger.Unchanged},
	} {
		for adopt, want := range map[bool]any{false: test.plain, true: test.adopt} {
			name := test.name
			if adopt {
				name += ", adopt"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, sandbox.Options{}, sandbox.Transport)
				w.ledger = &memoryLedger{}
				devices := w.devices(content)
				w.settings.Adopt = adopt
				w.settings.Only = w.only(devices[0].ThingName)
				if test.imported {
					w.must(w.sources(content))
				}
				if test.prepare != nil {
					test.prepare(w, t.Context(), devices[0], devices[1])
				}
				w.settings.Only = w.only(devices[0].ThingName)
				summary, id, err := w.run(w.sources(content), attempt{})
				w.ok(err)
				record := w.records(id)[0]
				switch want := want.(type) {
				case ledger.Outcome:
					if record.Outcome != want || len(summary.Failures) > 0 {
						t.Errorf("%s (%s), want %s", record.Outcome, record.Detail, want)
					}
					w.settings.Only = w.only(devices[0].ThingName)
					if again := w.must(w.sources(content)); again.Counts.Unchanged != 1 {
						t.Errorf("and again: %+v %+v", again.Counts, again.Failures)
					}
				case ledger.Reason:
					if record.Outcome != ledger.Failed || record.Reason != want.Reason || len(summary.Failures) != 1 ||
						advice.For(summary.Failures[0].Reason, advice.CLI).Todo == "" {
						t.Errorf("%s %s (%s), want %s", record.Outcome, record.Reason, record.Detail, want.Reason)
					}
				}
			})
		}
	}
}

func TestExclusiveAttachmentIsExclusive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.Transport)
	w.ledger = &memoryLedger{}
	w.settings.Exclusive = true
	content := espressifManifest(t, 3, "exclusive")
	if s := w.must(w.sources(content)); s.Counts.Imported != 3 {
		t.Fatalf("%+v %+v", s.Counts, s.Failures)
	}
	links, _, err := w.client.ListThingPrincipalsV2(t.Context(), w.devices(content)[0].ThingName, "")
	if err != nil || len(links) != 1 || links[0].Type != "EXCLUSIVE_THING" {
		t.Errorf("%v %+v", err, links)
	}
	if s := w.must(w.sources(content)); s.Counts.Unchanged != 3 {
		t.Errorf("again: %+v %+v", s.Counts, s.Failures)
	}
}
