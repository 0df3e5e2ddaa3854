package decode

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
)

// A job keeps the settings with which it began, and the importers read them from the job.
func TestPrefixOfTheKeyDecidesWhatDevicesGet(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		`{"prefixes": {"reel": {"policies": ["gateways"]}, "other/": {"policies": []}}}`: {"gateways"},
		`{"prefixes": {"other/": {"policies": ["gateways"]}}}`:                           {"sensors"},
		"": {"sensors"},
	} {
		w, m := newWorld(), generated(t, "espressif", 3, 0)
		w.policies = append(w.policies, "gateways")
		w.parameters["SettingsPolicies"] = "gateways"
		if file != "" {
			w.objects["settings/settings.json"] = []byte(file)
		}
		if err := (&process{world: w}).handler(config()).handleMessage(t.Context(), m.put(w)); err != nil {
			t.Fatal(err)
		}
		id, job := only(t, w)
		settings, err := stack.ParseSettings(job.Settings)
		if err != nil || job.Phase != stack.PhaseSent || len(w.devices) != 3 {
			t.Fatalf("%s: phase %s (%s), %d devices, %v", file, job.Phase, job.Cause, len(w.devices), err)
		}
		if diff := cmp.Diff(want, settings.Attachments.Policies); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
		if w.imports[id].Settings != job.Settings || !settings.Decode.Now.Equal(job.Created) {
			t.Errorf("%s: the ledger has %s, the job %s", file, w.imports[id].Settings, job.Settings)
		}
	}
}

func TestSettingsThatCannotBeUsedStopTheImport(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(w *world)
		cause  string
	}{
		"a policy that the parameters do not list": {
			func(w *world) {
				w.objects["settings/settings.json"] = []byte(`{"prefixes": {"reel": {"policies": ["admin"]}}}`)
			},
			`settings s3://settings/settings.json: prefix "reel": policies: "admin" is not in the stack's parameter SettingsPolicies`,
		},
		"a file that is too large": {
			func(w *world) { w.objects["settings/settings.json"] = make([]byte, stack.MaxSettings+1) }, "settings/settings.json: 262145 bytes",
		},
		"parameters that are wrong": {
			func(w *world) { w.parameters["IoTPolicies"] = "a,,b" }, "parameters of the stack: IoTPolicies has an empty name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, m := newWorld(), generated(t, "espressif", 3, 0)
			test.change(w)
			if err := (&process{world: w}).handler(config()).handleMessage(t.Context(), m.put(w)); err != nil {
				t.Fatal(err)
			}
			if _, job := only(t, w); job.Phase != stack.PhaseStopped || !strings.Contains(job.Cause, test.cause) || len(w.devices) > 0 {
				t.Errorf("phase %s, %d devices: %s", job.Phase, len(w.devices), job.Cause)
			}
		})
	}
}

// A missing permission is not the manifest's fault, and without the settings devices would get the
// wrong policies.
func TestSettingsThatCannotBeReadDelayTheImport(t *testing.T) {
	t.Parallel()
	w, m := newWorld(), generated(t, "espressif", 3, 0)
	c := config()
	for name, h := range map[string]*Handler{
		"no answer":                  (&process{world: w}).handler(c),
		"an environment from before": (&process{world: w}).handler(stack.Config{Buckets: c.Buckets, Share: 1, MaxConcurrency: 2}),
	} {
		h.Parameters = func(context.Context, string) (string, error) { return "", errors.New("AccessDeniedException") }
		w.inbox = nil
		if err := h.handleMessage(t.Context(), m.put(w)); err != nil {
			t.Fatal(err)
		}
		if _, job := only(t, w); job.Phase != stack.PhaseHash || job.Cause == "" || len(w.inbox) != 1 || len(w.devices) > 0 {
			t.Errorf("%s: phase %s (%s), %d messages", name, job.Phase, job.Cause, len(w.inbox))
		}
	}
}

// Signers that the vendor has published need no file, and are pinned like the others.
func TestPublishedSignersAreTrustedOnlyIfTheParameterSaysSo(t *testing.T) {
	t.Parallel()
	for parameter, published := range map[string]bool{"published": true, "None": false} {
		w, m := newWorld(), generated(t, "microchip", 3, 0)
		w.parameters["MicrochipSigners"] = parameter
		body := m.put(w)
		if err := (&process{world: w}).handler(config()).handleMessage(t.Context(), body); err != nil {
			t.Fatal(err)
		}
		_, job := only(t, w)
		want := []stack.ObjectVersion{{Bucket: "signers", Key: "signer.pem", Version: "v1"}}
		if published {
			want = append([]stack.ObjectVersion{stack.PublishedSigners}, want...)
		}
		if diff := cmp.Diff(want, job.Signers); diff != "" || len(w.devices) != 3 {
			t.Errorf("%s: %d devices, pinned (-want +got):\n%s", parameter, len(w.devices), diff)
		}
		delete(w.objects, "signers/signer.pem")
		w.jobs, w.uploads = map[string]stack.Job{}, map[stack.Upload]string{}
		if err := (&process{world: w}).handler(config()).handleMessage(t.Context(), body); err != nil {
			t.Fatal(err)
		}
		if _, job := only(t, w); published != (job.Phase == stack.PhaseSent) {
			t.Errorf("%s: with an empty bucket the job is in phase %s: %s", parameter, job.Phase, job.Cause)
		}
	}
}
