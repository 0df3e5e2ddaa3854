package decode

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/object"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// A fault of the manifest or the stack is reported once, in the ledger and by
// completion, and nothing is sent.
func TestImportStopsWithItsCauseAndSendsNothing(t *testing.T) {
	t.Parallel()
	espressif, microchip := generated(t, "espressif", 30, 0), generated(t, "microchip", 10, 0)
	for _, test := range []struct {
		name   string
		made   made
		change func(w *world, c *stack.Config)
		cause  []string
		read   int // entries in the ledger
	}{
		{
			"policy that does not exist", espressif, func(w *world, _ *stack.Config) { w.policies = nil },
			[]string{"policy sensors: does not exist", "create it"},
			0,
		},
		{"more importers than the quota feeds", espressif, func(_ *world, c *stack.Config) { c.MaxConcurrency = 11 }, []string{
			"MaxConcurrency is 11", "RegisterCertificateWithoutCA", "10 times a second", "set MaxConcurrency to 10 or less",
		}, 0},
		{"share of a quota that feeds fewer", espressif, func(w *world, c *stack.Config) {
			w.applied, c.Share, c.MaxConcurrency = map[string]float64{"L-4671C7C8": 8}, 0.5, 5
		}, []string{"MaxConcurrency is 5", "4 times a second", "quota 8 × QuotaShare 0.5"}, 0},
		{
			"share that feeds not even two", espressif, func(_ *world, c *stack.Config) { c.Share = 0.1 },
			[]string{"1 times a second", "needs one of them: raise QuotaShare"},
			0,
		},
		{"material for tests", espressif, func(_ *world, c *stack.Config) { c.AllowTestMaterial = false }, []string{
			"entry 0 was made by thingpress generate", "--parameter AllowTestMaterial=true",
		}, 0},
		{"object that is gone", espressif, func(w *world, _ *stack.Config) { clear(w.objects) }, []string{"espressif/reel+1", "deleted"}, 0},
		{"another vendor's", espressif, func(w *world, _ *stack.Config) { w.objects["espressif/reel+1"] = microchip.content }, []string{
			"reel+1 is a manifest of microchip", "upload it to bucket microchip",
		}, 0},
		{
			"nobody's", espressif, func(w *world, _ *stack.Config) { w.objects["espressif/reel+1"] = []byte("hello\nworld\n") },
			[]string{"reel+1"},
			0,
		},
		{
			"empty", espressif, func(w *world, _ *stack.Config) { w.objects["espressif/reel+1"] = []byte("MAC,cn,cert\r\n") },
			[]string{"no record"},
			0,
		},
		{"truncated", espressif, func(w *world, _ *stack.Config) {
			w.objects["espressif/reel+1"] = bytes.TrimSuffix(espressif.content, espressif.content[len(espressif.content)-100:])
		}, []string{"after 29 entries"}, 29},
		{"private key at the end", espressif, func(w *world, _ *stack.Config) {
			key := "\r\n-----BEGIN PRIVATE KEY-----\r\nsecret\r\n-----END PRIVATE KEY-----\r\n"
			w.objects["espressif/reel+1"] = append(bytes.Clone(espressif.content), key...)
		}, []string{"private key", "compromised"}, -1},
		{
			"signer bucket that is empty", microchip, func(w *world, _ *stack.Config) { delete(w.objects, "signers/signer.pem") },
			[]string{"signer bucket signers is empty", "signers add"},
			0,
		},
		{"signer bucket with foreign files only", microchip, func(w *world, _ *stack.Config) {
			delete(w.objects, "signers/signer.pem")
			w.objects["signers/README.txt"] = []byte("hello")
		}, []string{"no file in signer bucket signers is a signer, such as README.txt", "signers add"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, c := newWorld(), config()
			body := test.made.put(w)
			test.change(w, &c)
			h := (&process{world: w}).handler(c)
			h.every = 4
			if err := h.handleMessage(t.Context(), body); err != nil {
				t.Fatal(err)
			}
			id, job := only(t, w)
			if job.Phase != stack.PhaseStopped || len(w.devices) > 0 || len(w.records[id]) > 0 || len(w.leases) > 0 {
				t.Errorf("phase %s, %d devices sent, %d entries recorded, leases %v", job.Phase, len(w.devices), len(w.records[id]), w.leases)
			}
			for _, text := range test.cause {
				if !strings.Contains(job.Cause, text) {
					t.Errorf("%q is not in %q", text, job.Cause)
				}
			}
			if strings.Contains(job.Cause, "secret") {
				t.Errorf("the cause holds the key: %q", job.Cause)
			}
			i, ok := w.imports[id]
			if !ok || test.read >= 0 && i.Manifests[0].Entries != test.read || i.Target.Account == "" || i.Key == "" {
				t.Errorf("the ledger has %+v, want %d entries", i, test.read)
			}
			if len(w.inbox) != 1 || w.inbox[0].Body != fmt.Sprintf(`{"thingpress":"complete","import":%q}`, id) {
				t.Errorf("messages %+v", w.inbox)
			}
		})
	}
}

// only returns the only job.
func only(t *testing.T, w *world) (string, stack.Job) {
	t.Helper()
	if len(w.jobs) != 1 {
		t.Fatalf("%d jobs", len(w.jobs))
	}
	for id, job := range w.jobs {
		return id, job
	}
	panic("unreachable")
}

// A README or a key that somebody left in the bucket must not stop the imports of a factory.
func TestForeignFilesInTheSignerBucketRefuseNothing(t *testing.T) {
	t.Parallel()
	w, m := newWorld(), generated(t, "microchip", 5, 0)
	body := m.put(w)
	w.objects["signers/README.txt"], w.objects["signers/large.crt"] = []byte("hello"), make([]byte, 1<<20)
	w.objects["signers/leaked.pem"] = []byte("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n")
	if err := (&process{world: w}).handler(config()).handleMessage(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	id, job := only(t, w)
	if job.Phase != stack.PhaseSent || len(w.reasons(id)) != 0 || len(job.Signers) != 4 {
		t.Errorf("%s %s %v, signers %v", job.Phase, job.Cause, w.reasons(id), job.Signers)
	}
}

// A manifest without a matching signer in the bucket is not broken: its entries are
// rejected one by one.
func TestForeignSignerRejectsEntriesAndStopsNothing(t *testing.T) {
	t.Parallel()
	w, m := newWorld(), generated(t, "microchip", 5, 0)
	body := m.put(w)
	w.objects["signers/signer.pem"] = materialtest.PEM(materialtest.SignerCertificate("another", materialtest.Key("another")))
	if err := (&process{world: w}).handler(config()).handleMessage(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	id, job := only(t, w)
	if job.Phase != stack.PhaseSent || w.reasons(id)["unknown-signer"] != 5 {
		t.Errorf("%s %s %v", job.Phase, job.Cause, w.reasons(id))
	}
}

func TestStorageAdviceNamesTheParameterAndAValueThatIsEnough(t *testing.T) {
	t.Parallel()
	w := &worker{h: &Handler{}}
	for need, want := range map[int64]string{
		600 << 20:   "DecoderStorage to 1024",
		511 << 20:   "DecoderStorage to 512",
		512 << 20:   "DecoderStorage to 1024",
		9000 << 20:  "DecoderStorage to 9216",
		11000 << 20: "10240 MB at most",
	} {
		err := w.classify(fmt.Errorf("copy: %w", &object.SpaceError{Need: need, Have: 500 << 20}))
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "has 500 MB") {
			t.Errorf("%d: %v", need, err)
		}
	}
}
