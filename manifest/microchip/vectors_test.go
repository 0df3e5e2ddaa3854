package microchip_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest/vendors"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
)

const vectorDir = "../testdata/vectors/microchip"

// A vector is the expectation next to a manifest, as described in the README of the vectors.
type vector struct {
	Vendor, Row, Note, Outcome string
	Options                    struct {
		Signers      []string
		Slot         string
		ThingName    string `json:"thing_name"`
		AllowExpired bool   `json:"allow_expired"`
		AllowLate    bool   `json:"allow_late_signature"`
		AllowCA      bool   `json:"allow_ca"`
		Limits       struct {
			EntryBytes int `json:"entry_bytes"`
			Entries    int
		}
	}
	Entries []struct {
		Entry          int
		Outcome        string
		Reason         manifest.Reason
		DetailContains string `json:"detail_contains"`
		ID             string
		ThingName      string `json:"thing_name"`
		MAC            string
		Warnings       []manifest.Reason
	}
	FileError *struct {
		Reason         manifest.Reason
		DetailContains string `json:"detail_contains"`
	} `json:"file_error"`
	SignerErrorContains string `json:"signer_error_contains"`
}

// vectorNames returns the names of all vectors, without extension.
func vectorNames(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.expect.json"))
	if err != nil || len(files) < 33 {
		t.Fatalf("%d vectors found: %v", len(files), err)
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(file, ".expect.json")
	}
	return names
}

func loadVector(t testing.TB, name string) (vector, []byte) {
	t.Helper()
	text, err := os.ReadFile(name + ".expect.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return v, data
}

// options returns the decoder's options for a vector. The error is that of its signers.
func (v *vector) options(t testing.TB) (manifest.Options, error) {
	t.Helper()
	opts := manifest.Options{
		Slot: v.Options.Slot, AllowExpired: v.Options.AllowExpired, AllowLateSignature: v.Options.AllowLate, AllowCA: v.Options.AllowCA,
	}
	opts.Limits.EntryBytes, opts.Limits.Entries = v.Options.Limits.EntryBytes, v.Options.Limits.Entries
	if v.Options.ThingName != "" {
		template, err := manifest.ParseTemplate(v.Options.ThingName)
		if err != nil {
			t.Fatal(err)
		}
		opts.ThingName = template
	}
	paths := make([]string, len(v.Options.Signers))
	for i, file := range v.Options.Signers {
		paths[i] = filepath.Join(vectorDir, file)
	}
	signers, _, err := vendors.LoadSigners(paths...)
	for _, s := range signers {
		opts.Signers = append(opts.Signers, s.Certificate)
	}
	return opts, err
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, name := range vectorNames(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			v, data := loadVector(t, name)
			opts, err := v.options(t)
			if v.SignerErrorContains != "" {
				if err == nil || !strings.Contains(err.Error(), v.SignerErrorContains) {
					t.Fatalf("signers: %v, want an error with %q", err, v.SignerErrorContains)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := collect(t, data, opts)
			v.compare(t, got)
		})
	}
}

func (v *vector) compare(t *testing.T, got collected) {
	t.Helper()
	if len(got.entries) != len(v.Entries) {
		t.Errorf("%d entries, want %d; then %v", len(got.entries), len(v.Entries), got.final)
	}
	for i, want := range v.Entries[:min(len(v.Entries), len(got.entries))] {
		e := got.entries[i]
		switch {
		case want.Outcome == "device" && e.err != nil:
			t.Errorf("entry %d: %v", i, e.err)
		case want.Outcome == "device":
			d := e.device
			if d.ID != want.ID || d.ThingName != want.ThingName || d.Attributes[manifest.AttributeMAC] != want.MAC {
				t.Errorf("entry %d: %s, thing %s, MAC %q; want %s, %s, %q", i, d.ID, d.ThingName, d.Attributes[manifest.AttributeMAC], want.ID,
					want.ThingName, want.MAC)
			}
			var codes []manifest.Reason
			for _, w := range d.Warnings {
				codes = append(codes, w.Code)
			}
			if diff := cmp.Diff(want.Warnings, codes); diff != "" {
				t.Errorf("entry %d: warnings (-want +got):\n%s", i, diff)
			}
		case e.err == nil:
			t.Errorf("entry %d: accepted as %s, want %s", i, e.device.ThingName, want.Reason)
		case e.err.Reason != want.Reason || !strings.Contains(e.err.Detail(), want.DetailContains):
			t.Errorf("entry %d: %s: %v\nwant %s: …%s…", i, e.err.Reason, e.err, want.Reason, want.DetailContains)
		}
	}
	var final *manifest.FileError
	switch {
	case v.FileError == nil && got.final != nil:
		t.Errorf("ended by %v", got.final)
	case v.FileError == nil:
	case !errors.As(got.final, &final):
		t.Errorf("ended by %v, want %s", got.final, v.FileError.Reason)
	case final.Reason != v.FileError.Reason || !strings.Contains(final.Error(), v.FileError.DetailContains):
		t.Errorf("ended by %s: %v\nwant %s: …%s…", final.Reason, final, v.FileError.Reason, v.FileError.DetailContains)
	case final.Entry != len(v.Entries):
		t.Errorf("ended at entry %d, want %d", final.Entry, len(v.Entries))
	}
}
