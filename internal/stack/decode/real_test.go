package decode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/object"
	"github.com/thingpress/thingpress/internal/testkit/objecttest"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// realManifests are the vendors' own manifests, with their numbers of entries and
// devices.
func realManifests(t *testing.T) []realManifest {
	t.Helper()
	data := require.Data(t)
	all := []realManifest{
		{vendor: "espressif", file: "manifest-espressif.csv"},
		{vendor: "generated", file: "certificates_test.txt"},
		{vendor: "generated", file: "single.pem"},
		{vendor: "infineon", file: "manifest-infineon.7z"},
		{vendor: "microchip", file: "ECC608C-TNGTLSU-B.json"},
	}
	for i := range all {
		content, err := os.ReadFile(filepath.Join(data, all[i].vendor, all[i].file))
		if err != nil {
			t.Fatal(err)
		}
		all[i].content = content
	}
	return all
}

type realManifest struct {
	vendor, file string
	content      []byte
}

// upload puts the manifest and its signers into an S3 server.
func (m *realManifest) upload(t *testing.T, s *objecttest.Server) objecttest.Object {
	t.Helper()
	dir := filepath.Join(require.Data(t), "microchip", "signers")
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		s.Put("signers", "microchip/"+path.Base(name), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Put("signers", "microchip/", nil)
	return s.Put(m.vendor, "Reel 7+8/"+m.file, m.content)
}

// onServer is a handler in a world whose buckets are on a server.
func onServer(p *process, s *objecttest.Server, every int) *Handler {
	p.parameters["AllowExpired"] = "true" // real manifests become old
	h := p.handler(config())
	h.Objects, h.every = s.Client(), every
	return h
}

func TestRealManifestsAreSentAsTheyDecode(t *testing.T) {
	t.Parallel()
	for _, m := range realManifests(t) {
		t.Run(m.vendor+"/"+m.file, func(t *testing.T) {
			t.Parallel()
			s, w := objecttest.New(t), newWorld()
			o := m.upload(t, s)
			h := onServer(&process{world: w}, s, 3)
			body := event(record("ObjectCreated:Put", m.vendor,
				fmt.Sprintf(`"key":"Reel+7%%2B8/%s","size":%d,"eTag":%q,"versionId":%q,"sequencer":"1"`, m.file, o.Size, o.ETag, o.Version)))
			if err := h.handleMessage(t.Context(), body); err != nil {
				t.Fatal(err)
			}
			id, job := only(t, w)
			if job.Phase != stack.PhaseSent {
				t.Fatalf("phase %s: %s", job.Phase, job.Cause)
			}
			if m.vendor == "microchip" && len(job.Signers) != 5 {
				t.Errorf("pinned signers: %+v", job.Signers)
			}
			worker := &worker{h: h, job: job, soft: t.Context()}
			if err := worker.readJob(); err != nil {
				t.Fatal(err)
			}
			worker.settings.Decode.AllowExpired = true
			if err := worker.loadSigners(); err != nil {
				t.Fatal(err)
			}
			whole := m.decode(t, s, o, worker.options(&pass{}))
			var got []string
			for _, d := range w.devices {
				got = append(got, fmt.Sprintf("entry %d line %d id %s thing %s certificate %s", d.Entry, d.Line, d.ID, d.ThingName, d.CertificateID()))
			}
			if diff := cmp.Diff(whole.devices, got); diff != "" || len(got) == 0 {
				t.Errorf("%d devices: %s", len(got), diff)
			}
			if i := w.imports[id]; i.Manifests[0].Entries != whole.pass.Entries || len(w.records[id]) != whole.pass.rejected() ||
				i.Manifests[0].Size != o.Size {
				t.Errorf("%+v, %d rejected; decoded %+v", i.Manifests, len(w.records[id]), whole.pass)
			}
		})
	}
}

// A decoded is what a pass sees of a manifest from one position on.
type decoded struct {
	devices, rejected []string
	pass              pass
	places            []pass // before each entry
}

func (m *realManifest) decode(t *testing.T, s *objecttest.Server, o objecttest.Object, opts manifest.Options) decoded {
	t.Helper()
	r, err := object.Open(t.Context(), s.Client(), object.Version{Bucket: o.Bucket, Key: o.Key, ID: o.Version})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	decoder, err := vendors.Lookup(m.vendor)
	if err != nil {
		t.Fatal(err)
	}
	d := decoded{pass: pass{Entries: opts.Start.Entry}}
	opts.TempDir = t.TempDir()
	for device, err := range decoder.Decode(t.Context(), manifest.Input{Name: o.Key, Reader: r, Size: r.Size()}, opts) {
		var bad *manifest.EntryError
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		d.places = append(d.places, d.pass.clone())
		d.pass.count(&entry{device: device, rejected: bad})
		if bad != nil {
			d.rejected = append(d.rejected, bad.Error())
			continue
		}
		d.devices = append(d.devices, fmt.Sprintf("entry %d line %d id %s thing %s certificate %s", device.Entry, device.Line, device.ID,
			device.ThingName, device.CertificateID))
	}
	return d
}

// Handing on must not change what is decoded, whatever the position: not even line
// numbers, with blank lines and line ends of all kinds.
func TestDecodingGoesOnAtAnyEntryWithIdenticalDevices(t *testing.T) {
	t.Parallel()
	manifests := realManifests(t)
	spaced := manifests[0]
	spaced.file = "spaced.csv"
	spaced.content = []byte(strings.ReplaceAll(string(spaced.content), "\"\r\n", "\"\r\n\r\n# remark\r\n\n"))
	if len(spaced.content) == len(manifests[0].content) {
		t.Fatal("nothing is spaced")
	}
	for _, m := range append(manifests, spaced) {
		t.Run(m.vendor+"/"+m.file, func(t *testing.T) {
			t.Parallel()
			s := objecttest.New(t)
			o := m.upload(t, s)
			w := &worker{h: onServer(&process{world: newWorld()}, s, 1), soft: t.Context()}
			w.job.Vendor, w.job.Signers = m.vendor, signersOf(s)
			w.settings.Decode.AllowExpired = true
			if err := w.loadSigners(); err != nil {
				t.Fatal(err)
			}
			whole := m.decode(t, s, o, w.options(&pass{}))
			if whole.pass.Entries == 0 {
				t.Fatal("no entries")
			}
			tried := 0
			for i, place := range whole.places {
				if i > 40 && i < len(whole.places)-3 {
					continue
				}
				tried++
				rest := m.decode(t, s, o, w.options(&place))
				if !endsWith(whole.devices, rest.devices) || !endsWith(whole.rejected, rest.rejected) {
					t.Fatalf("resumed at entry %d (byte %d): %q and %q are not how the whole ends", place.Entries, place.Offset, rest.devices,
						rest.rejected)
				}
				if len(rest.devices)+len(rest.rejected) != whole.pass.Entries-place.Entries || rest.pass.Entries != whole.pass.Entries {
					t.Fatalf("resumed at entry %d (byte %d): %d entries in all, want %d", place.Entries, place.Offset, rest.pass.Entries,
						whole.pass.Entries)
				}
			}
			t.Logf("%d entries, resumed at %d of them", whole.pass.Entries, tried)
		})
	}
}

func endsWith(whole, end []string) bool {
	return len(end) <= len(whole) && slices.Equal(whole[len(whole)-len(end):], end)
}

func signersOf(s *objecttest.Server) []stack.ObjectVersion {
	var all []stack.ObjectVersion
	for _, o := range s.Objects("signers") {
		if o.Size > 0 {
			all = append(all, stack.ObjectVersion{Bucket: o.Bucket, Key: o.Key, Version: o.Version})
		}
	}
	return all
}
