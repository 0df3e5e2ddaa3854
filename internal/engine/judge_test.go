package engine

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
	"github.com/thingpress/thingpress/manifest"
)

// made returns a device with a certificate of its own: the CN is its name, and the
// serial number makes it different.
func made(id, name string, serial, year int64) *manifest.Device {
	d := &manifest.Device{ID: id, Certificate: certificateOf(name, serial, year)}
	options := manifest.Options{AllowExpired: true}
	if err := options.Admit(d); err != nil {
		panic(err)
	}
	return d
}

func certificateOf(name string, serial, year int64) *x509.Certificate {
	key := materialtest.Key("judge tests")
	return materialtest.Certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(serial), SubjectKeyId: []byte{1},
		NotBefore: time.Date(int(year), 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(int(year)+8, 1, 1, 0, 0, 0, 0, time.UTC),
	}, nil, &key.PublicKey, key)
}

// with returns a copy of a device under another ID and name.
func with(d *manifest.Device, id, name string) *manifest.Device {
	c := *d
	c.ID, c.ThingName = id, name
	return &c
}

// A chip that is taken for a repetition of another is lost: it never gets a thing, and nobody
// is told.
func TestNoChipIsLostAsARepetition(t *testing.T) {
	t.Parallel()
	first := made("0A", "sn-1", 1, 2024)
	other := made("0B", "sn-2", 2, 2024)
	listed := *first
	listed.ID, listed.IDIsCN = "sn-1", true
	for name, test := range map[string]struct {
		d      *manifest.Device
		reason manifest.Reason
		detail string
	}{
		"equal": {
			with(first, "0A", "sn-1"), ReasonRepeated,
			"the same certificate and thing name as entry 0 of reel",
		},
		"equal, without a vendor ID": {
			&listed, ReasonRepeated,
			"entry 0 of reel",
		},
		"one certificate on two chips": {
			with(first, "0C", "sn-1"), "contradiction",
			"entry 0 of reel has the same certificate and thing name, but another vendor ID",
		},
		"the certificate alone": {
			with(first, "0C", "sn-9"), "contradiction",
			"the same certificate, but another vendor ID and another thing name",
		},
		"another name": {
			with(first, "0A", "sn-9"), "contradiction",
			"the same vendor ID and certificate, but another thing name",
		},
		"two certificates on one chip": {
			with(made("0A", "sn-9", 9, 2024), "0A", "sn-9"), "contradiction",
			"the same vendor ID, but another certificate and another thing name; " +
				"its certificate is valid from 2024-01-01 to 2032-01-01, this one from 2024",
		},
		"two chips with one name": {
			made("0C", "sn-1", 9, 2024), "contradiction",
			"the same thing name, but another vendor ID and another certificate",
		},
		"a renewed certificate": {
			made("0A", "sn-1", 9, 2025), "contradiction",
			"the same vendor ID and thing name, but another certificate; " +
				"its certificate is valid from 2024-01-01 to 2032-01-01, this one from 2025-01-01 to 2033-01-01",
		},
		"certificate and name of two": {
			with(first, "0A", "sn-2"), "contradiction",
			"entry 0 of reel",
		},
		"vendor ID and name of two": {
			with(made("0A", "x", 9, 2024), "0A", "sn-2"), "contradiction",
			"entry 1 of reel has the same thing name, but another vendor ID",
		},
		"vendor ID of one, rest another": {
			with(first, "0B", "sn-1"), "contradiction",
			"entry 0 of reel has the same certificate and thing name, but another vendor ID",
		},
		"nothing": {
			made("0D", "sn-4", 4, 2024), "",
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judge := NewJudge(Settings{})
			judge.Begin("reel")
			for _, d := range []*manifest.Device{first, other} {
				if v := judge.Next(d, nil); v.Outcome != "" {
					t.Fatalf("%+v", v)
				}
			}
			v := judge.Next(test.d, nil)
			skipped := test.reason == ReasonRepeated
			if v.Reason != test.reason || !strings.Contains(v.Detail, test.detail) || (v.Outcome == ledger.Skipped) != skipped {
				t.Errorf("%s, %s: %s\nwant %s: …%s…", v.Outcome, v.Reason, v.Detail, test.reason, test.detail)
			}
			again, err := judge.Again(2, test.d, nil)
			if err != nil || again.Reason != v.Reason || again.Detail != v.Detail || again.Remedy.Renewal != v.Remedy.Renewal {
				t.Errorf("asked again: %+v, %v", again, err)
			}
		})
	}
}

// With the serial number in its name, a renewed certificate would make a second thing, which
// the firmware does not connect to.
func TestARenewalIsNotMistakenForDevicesWithOneName(t *testing.T) {
	t.Parallel()
	one := func(serials, years []int64) (all []*manifest.Device) {
		for i := range serials {
			all = append(all, made("", "device", serials[i], years[i]))
		}
		return all
	}
	for name, test := range map[string]struct {
		devices []*manifest.Device
		renewal bool
		offers  string
	}{
		"a renewal":                     {one([]int64{1, 2}, []int64{2020, 2025}), true, ""},
		"renewed twice":                 {one([]int64{1, 2, 3}, []int64{2020, 2025, 2028}), true, ""},
		"a renewal among others":        {append(one([]int64{1, 2}, []int64{2020, 2025}), made("", "another", 5, 2020)), true, ""},
		"one name":                      {one([]int64{1, 2, 3}, []int64{2024, 2024, 2024}), false, "{serial}"},
		"one name, over the years":      {one([]int64{1, 2, 3, 4, 5}, []int64{2020, 2021, 2022, 2023, 2024}), false, "{serial}"},
		"one name and one other":        {append(one([]int64{1, 2}, []int64{2024, 2024}), made("", "another", 5, 2024)), false, ""},
		"one name, serial numbers too":  {one([]int64{1, 7, 7}, []int64{2024, 2024, 2025}), false, "{fingerprint}"},
		"one name, chips with IDs":      {[]*manifest.Device{made("0A", "device", 1, 2020), made("0B", "device", 2, 2025)}, false, "{id}"},
		"the same certificate repeated": {append(one([]int64{1}, []int64{2024}), made("0A", "device", 1, 2024)), false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judge := NewJudge(Settings{})
			judge.Begin("reel")
			for _, d := range test.devices {
				judge.Next(d, nil)
			}
			r := judge.Remedies()[manifest.ReasonContradiction]
			offers := ""
			if len(r.Namings) > 0 {
				offers = r.Namings[0].Template
			}
			if !r.Renewal.IsZero() != test.renewal || offers != test.offers {
				t.Errorf("renewal %s, offers %q; want %t, %q", r.Renewal, r.Namings, test.renewal, test.offers)
			}
		})
	}
}

// Names with different odd characters need one template that replaces them all.
func TestTheTemplateThatIsOfferedReplacesTheCharactersOfAllNames(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"{cn|replace: /.:_}":    {"a b", "c/d", "e.f", "g h"},
		`{cn|replace:\|\}\\:_}`: {"a|b", "c}d", `e\f`},
		"{cn|replace:.:}":       {"a.", ".b"},
		"{serial}":              {"a b", "a.b"}, // one name for both
	} {
		judge := NewJudge(Settings{})
		judge.Begin("reel")
		for i, name := range names {
			rejected := &manifest.EntryError{Reason: manifest.ReasonBadName, Err: manifest.ErrPrivateKey}
			rejected.Namings = manifest.Namings(&manifest.Device{
				IDIsCN: true, Certificate: certificateOf(name, int64(i+1), 2024),
			})
			judge.Next(&manifest.Device{}, rejected)
		}
		if got := judge.Remedies()[manifest.ReasonBadName].Namings; len(got) == 0 || got[0].Template != want {
			t.Errorf("%q: %v; want %s", names, got, want)
		}
	}
}

// --allow-ca is not advised to those who gave it.
func TestTheRemedyForAnAuthorityTellsWhetherItIsAllowed(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		judge := NewJudge(Settings{Decode: manifest.Options{AllowCA: allowed}})
		judge.Begin("reel")
		judge.Next(&manifest.Device{}, &manifest.EntryError{Reason: manifest.ReasonCACertificate, Err: manifest.ErrPrivateKey})
		if got := judge.Remedies()[manifest.ReasonCACertificate].AllowCA; got != allowed {
			t.Errorf("allowed %t, remedy %t", allowed, got)
		}
	}
}

// A template that works for the first entry only sends the operator round in a circle.
func TestTheTemplateThatIsOfferedWorksForAllEntries(t *testing.T) {
	t.Parallel()
	judge := NewJudge(Settings{})
	judge.Begin("reel")
	reject := func(namings ...manifest.Naming) {
		judge.Next(&manifest.Device{}, &manifest.EntryError{Reason: manifest.ReasonBadName, Err: manifest.ErrPrivateKey, Namings: namings})
	}
	reject(manifest.Naming{Template: "a", Name: "1"}, manifest.Naming{Template: "b", Name: "2"}, manifest.Naming{Template: "c", Name: "3"})
	reject(manifest.Naming{Template: "c", Name: "4"}, manifest.Naming{Template: "b", Name: "2"})
	got := judge.Remedies()[manifest.ReasonBadName].Namings
	if len(got) != 1 || got[0].Template != "c" {
		t.Errorf("%v", got)
	}
}
