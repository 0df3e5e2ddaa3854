package material_test

import (
	"bytes"
	"crypto/x509"
	"io"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/bodgit/sevenzip"

	"github.com/thingpress/thingpress/internal/material"
)

type member struct{ name, content string }

func extract(t *testing.T, archive string) []member {
	t.Helper()
	r, err := sevenzip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var members []member
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		members = append(members, member{f.Name, string(content)})
	}
	return members
}

func TestInfineonHasTheVendorsLayout(t *testing.T) {
	t.Parallel()
	want := extract(t, realFile(t, "infineon", "manifest-infineon.7z"))
	got := extract(t, manifestOf(t, material.Options{Vendor: "infineon", N: 2, Key: material.RSA}))
	outer := regexp.MustCompile(`^[0-9A-F]{16}_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}_`)
	file := regexp.MustCompile(`^[0-9A-F]{20}_`)
	for i := range want {
		sameShape(t, outer.ReplaceAllString(got[i].name, "REEL_"), outer.ReplaceAllString(want[i].name, "REEL_"))
		if !strings.HasSuffix(want[i].name, "_Certs.7z") {
			continue
		}
		ours, theirs := extract(t, got[i].content), extract(t, want[i].content)
		sameShape(t, file.ReplaceAllString(ours[0].name, "CHIP_"), file.ReplaceAllString(theirs[0].name, "CHIP_"))
		sameShape(t, pemShape(ours[0].content), pemShape(theirs[0].content))
		leaf, vendors := crlfLeaf(t, ours[0].content), crlfLeaf(t, theirs[0].content)
		sameCertificateShape(t, leaf, vendors)
		sameShape(t, subjectShape(leaf), subjectShape(vendors))
	}
}

// pemShape keeps line ends and the lengths of whole lines.
func pemShape(text string) string {
	text = regexp.MustCompile(`(?m)^[A-Za-z0-9+/=]{1,63}\r\n`).ReplaceAllString(text, "rest\n")
	return regexp.MustCompile(`(?m)(^[A-Za-z0-9+/=]{64}\r\n)+`).ReplaceAllString(text, "64\n")
}

func crlfLeaf(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	return pemLeaf(t, []byte(strings.ReplaceAll(text, "\r\n", "\n")))
}

func TestInfineonKeysAreShutAwayAndTheReadmeSaysTest(t *testing.T) {
	t.Parallel()
	archive := manifestOf(t, material.Options{Vendor: "infineon", N: 3})
	if bytes.Contains([]byte(archive), []byte("0A09")) {
		t.Error("a chip ID is not encrypted")
	}
	r, err := sevenzip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case f.Name == "README.txt":
			if !bytes.HasPrefix(content, []byte("TEST MATERIAL\n")) {
				t.Errorf("README.txt begins with %.40q", content)
			}
		case strings.HasSuffix(f.Name, "_keys.7z"):
			keys, err := sevenzip.NewReader(bytes.NewReader(content), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys.File {
				if path.Ext(key.Name) != ".txt" {
					t.Errorf("unexpected file %s", key.Name)
				}
				if open, err := key.Open(); err == nil {
					if text, err := io.ReadAll(open); err == nil {
						t.Errorf("%s can be read: %d bytes", key.Name, len(text))
					}
				}
			}
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A chip has the same ID, but different certificates, in all bundles.
func TestInfineonBundlesAreOfTheSameChips(t *testing.T) {
	t.Parallel()
	members := extract(t, manifestOf(t, material.Options{Vendor: "infineon", N: 40}))
	chips := map[string][]string{}
	for _, m := range members[:2] {
		for _, file := range extract(t, m.content) {
			chip, _, _ := strings.Cut(file.name, "_")
			chips[chip] = append(chips[chip], crlfLeaf(t, file.content).Subject.CommonName)
		}
	}
	if len(chips) != 40 {
		t.Errorf("%d chips, want 40", len(chips))
	}
	names := map[string]bool{}
	for chip, of := range chips {
		if len(of) != 2 {
			t.Errorf("chip %s has %d certificates", chip, len(of))
		}
		for _, name := range of {
			if names[name] {
				t.Errorf("CN %s twice", name)
			}
			names[name] = true
		}
	}
}
