package vendors_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

const vectorDir = "../testdata/vectors"

// A vector is a manifest and its expectation, as described in the README of the vectors.
type vector struct {
	path string
	data []byte

	Vendor, Row, Note, Outcome string
	Options                    struct {
		Signers            []string
		Slot, Bundle       string
		Label, Index       string
		JSONPointer        string `json:"json_pointer"`
		Columns, Delimiter string
		ThingName          string `json:"thing_name"`
		AllowExpired       bool   `json:"allow_expired"`
		AllowLate          bool   `json:"allow_late_signature"`
		AllowCA            bool   `json:"allow_ca"`
		Limits             struct {
			EntryBytes      int `json:"entry_bytes"`
			Entries         int
			Depth           int
			ArchiveMembers  int   `json:"archive_members"`
			ExpandedBytes   int64 `json:"expanded_bytes"`
			ExpansionRatio  int64 `json:"expansion_ratio"`
			DictionaryBytes int64 `json:"dictionary_bytes"`
		}
	}
	Entries []struct {
		Entry, Line    int
		Outcome        string
		Reason         manifest.Reason
		DetailContains string `json:"detail_contains"`
		ID             string
		ThingName      string `json:"thing_name"`
		Warnings       []manifest.Reason
	}
	FileError *struct {
		Reason         manifest.Reason
		DetailContains string `json:"detail_contains"`
	} `json:"file_error"`
	SignerErrorContains string `json:"signer_error_contains"`
}

// loadVectors reads the vectors of the given groups, or all.
func loadVectors(t testing.TB, groups ...string) []*vector {
	t.Helper()
	if len(groups) == 0 {
		groups = []string{"*"}
	}
	var all []*vector
	for _, group := range groups {
		files, err := filepath.Glob(filepath.Join(vectorDir, group, "*.expect.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no vectors of %s: %v", group, err)
		}
		for _, file := range files {
			all = append(all, loadVector(t, file))
		}
	}
	return all
}

func loadVector(t testing.TB, file string) *vector {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v := &vector{}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	stem := strings.TrimSuffix(file, ".expect.json")
	beside, err := filepath.Glob(stem + ".*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range beside {
		if path != file {
			v.path = path
		}
	}
	if v.data, err = os.ReadFile(v.path); err != nil {
		t.Fatalf("%s: no manifest next to it: %v", file, err)
	}
	return v
}

func (v *vector) input() manifest.Input {
	return manifest.Input{Name: filepath.Base(v.path), Reader: bytes.NewReader(v.data), Size: int64(len(v.data))}
}

// options returns the decoder's options. The error is that of the signers.
func (v *vector) options(t testing.TB) (manifest.Options, error) {
	t.Helper()
	o, l := v.Options, v.Options.Limits
	opts := manifest.Options{
		Slot: o.Slot, Bundle: o.Bundle, Label: o.Label, Index: o.Index, JSONPointer: o.JSONPointer, AllowExpired: o.AllowExpired,
		AllowLateSignature: o.AllowLate,
		AllowCA:            o.AllowCA, TempDir: t.TempDir(),
		Limits: manifest.Limits{
			EntryBytes: l.EntryBytes, Entries: l.Entries, Depth: l.Depth, ArchiveMembers: l.ArchiveMembers,
			ExpandedBytes: l.ExpandedBytes, ExpansionRatio: l.ExpansionRatio, DictionaryBytes: l.DictionaryBytes,
		},
	}
	if o.ThingName != "" {
		template, err := manifest.ParseTemplate(o.ThingName)
		if err != nil {
			t.Fatal(err)
		}
		opts.ThingName = template
	}
	var err error
	if opts.Columns, err = manifest.ParseColumns(o.Columns); err != nil {
		t.Fatal(err)
	}
	if o.Delimiter != "" {
		if opts.Delimiter, err = manifest.ParseDelimiter(o.Delimiter); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.Signers) == 0 {
		return opts, nil
	}
	paths := make([]string, len(o.Signers))
	for i, file := range o.Signers {
		paths[i] = filepath.Join(filepath.Dir(v.path), file)
	}
	signers, _, err := vendors.LoadSigners(paths...)
	for _, s := range signers {
		opts.Signers = append(opts.Signers, s.Certificate)
	}
	return opts, err
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		t.Run(filepath.Base(filepath.Dir(v.path))+"/"+filepath.Base(v.path), func(t *testing.T) {
			t.Parallel()
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
			decoder, err := vendors.Lookup(v.Vendor)
			if err != nil {
				t.Fatal(err)
			}
			v.compare(t, decode(t, decoder, v.input(), opts))
		})
	}
}

// If a vector has entries its content and its columns must suffice to find the decoder.
func TestVectorsAreDetectedFromContent(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		opts, err := v.options(t)
		if err != nil && v.SignerErrorContains == "" {
			t.Fatal(err)
		}
		got, err := vendors.Choose(t.Context(), v.input(), "", opts)
		switch {
		case err == nil && got.Vendor() != v.Vendor:
			t.Errorf("%s is taken for %s", v.path, got.Vendor())
		case err != nil && v.devices() > 0:
			t.Errorf("%s is not detected: %v", v.path, err)
		}
	}
}

// A decoded is the result of decoding a manifest.
type decoded struct {
	entries []element
	final   error
}

type element struct {
	device manifest.Device
	err    *manifest.EntryError
}

func decode(t testing.TB, format manifest.Format, in manifest.Input, opts manifest.Options) decoded {
	t.Helper()
	var got decoded
	for d, err := range format.Decode(t.Context(), in, opts) {
		var bad *manifest.EntryError
		switch {
		case got.final != nil:
			t.Errorf("the stream continues after the end: %v, %v", d, err)
		case err == nil:
			for attribute := range d.Attributes {
				if !slices.Contains(format.Attributes, attribute) {
					t.Errorf("the format %s does not list the attribute %s of its devices", format.Vendor(), attribute)
				}
			}
			got.entries = append(got.entries, element{device: d})
		case errors.As(err, &bad):
			got.entries = append(got.entries, element{err: bad})
		default:
			got.final = err
		}
		always := []manifest.LimitName{"", manifest.LimitEntries, manifest.LimitEntryBytes}
		if limit := manifest.LimitOf(err).Name; !slices.Contains(append(always, format.Limits...), limit) {
			t.Errorf("the format %s does not list the limit %s: %v", format.Vendor(), limit, err)
		}
		if err != nil && (len(err.Error()) > 1000 || strings.Contains(err.Error(), "-----BEGIN")) {
			t.Errorf("a message holds too much of the manifest: %v", err)
		}
	}
	return got
}

func (v *vector) compare(t *testing.T, got decoded) {
	t.Helper()
	if v.FileError != nil && v.FileError.Reason == manifest.ReasonPrivateKey {
		// Entries before a private key are discarded; their number does not matter.
		if manifest.ReasonOf(got.final) != manifest.ReasonPrivateKey {
			t.Errorf("ends with %v, want private-key", got.final)
		}
		// The message must not quote the file: any part of it could belong to the key.
		const longest = 16
		message := []byte(fmt.Sprint(got.final))
		for i := 0; i+longest <= len(message); i++ {
			if part := message[i : i+longest]; bytes.Contains(v.data, part) {
				t.Errorf("the message contains %q of the file", part)
			}
		}
		return
	}
	if len(got.entries) != len(v.Entries) {
		t.Errorf("%d entries, want %d; then %v", len(got.entries), len(v.Entries), got.final)
	}
	for i, want := range v.Entries[:min(len(v.Entries), len(got.entries))] {
		have, wanted := summary(got.entries[i]), fmt.Sprintf("device %s thing %s %v", want.ID, want.ThingName, want.Warnings)
		if want.Outcome == "rejected" {
			wanted = "rejected " + string(want.Reason)
			if bad := got.entries[i].err; bad != nil && !strings.Contains(bad.Detail(), want.DetailContains) {
				t.Errorf("entry %d: %q is not in %q", i, want.DetailContains, bad.Detail())
			}
		}
		if diff := cmp.Diff(wanted, have); diff != "" {
			t.Errorf("entry %d (-want +got):\n%s%v", i, diff, got.entries[i].err)
		}
		if line := got.entries[i].line(); want.Line != 0 && line != want.Line {
			t.Errorf("entry %d is on line %d, want %d", i, line, want.Line)
		}
	}
	var file *manifest.FileError
	switch {
	case v.FileError == nil && got.final != nil:
		t.Errorf("ends with %v", got.final)
	case v.FileError == nil:
	case !errors.As(got.final, &file) || file.Reason != v.FileError.Reason || !strings.Contains(file.Error(), v.FileError.DetailContains):
		t.Errorf("ends with %s %v\nwant %s: …%s…", manifest.ReasonOf(got.final), got.final, v.FileError.Reason, v.FileError.DetailContains)
	case file.Entry != len(got.entries):
		t.Errorf("reports an end after %d entries, want %d", file.Entry, len(got.entries))
	}
}

func summary(e element) string {
	if e.err != nil {
		return "rejected " + string(e.err.Reason)
	}
	var codes []manifest.Reason
	for _, w := range e.device.Warnings {
		codes = append(codes, w.Code)
	}
	return fmt.Sprintf("device %s thing %s %v", e.device.ID, e.device.ThingName, codes)
}

func (e element) line() int {
	if e.err != nil {
		return e.err.Line
	}
	return e.device.Line
}

// count returns the number of entries with an outcome.
func (v *vector) count(outcome string) int {
	n := 0
	for _, e := range v.Entries {
		if e.Outcome == outcome {
			n++
		}
	}
	return n
}

func (v *vector) devices() int { return v.count("device") }

// The outcome summarizes the rest for people, so it must match the entries.
func TestOutcomesOfVectorsAgreeWithTheirEntries(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		if v.SignerErrorContains != "" {
			continue
		}
		if (v.Outcome == "F") != (v.FileError != nil) || v.count("rejected") > 0 && v.Outcome != "E" && v.Outcome != "F" || v.Note == "" {
			t.Errorf("%s: outcome %s, note %q, %d rejected, file error %v", v.path, v.Outcome, v.Note, v.count("rejected"), v.FileError)
		}
	}
}
