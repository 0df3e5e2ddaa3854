package material

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"flag"
	"io"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/csv"
	"github.com/thingpress/thingpress/manifest/espressif"
	"github.com/thingpress/thingpress/manifest/generated"
	"github.com/thingpress/thingpress/manifest/infineon"
	"github.com/thingpress/thingpress/manifest/microchip"
	"github.com/thingpress/thingpress/manifest/nxp"
	"github.com/thingpress/thingpress/manifest/pemjson"
	"github.com/thingpress/thingpress/manifest/tpmxml"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// Each check of a property generates a manifest and reads it back, for Infineon
// with dictionaries of 16 MiB. The default number of checks is therefore small;
// -rapid.checks raises it.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	m.Run()
}

// facts are what an entry says about a device.
type facts struct {
	ID, Name   string
	Attributes map[string]string
	Key        string
	Warnings   int
}

func TestDecodingGivesWhatWasGenerated(t *testing.T) {
	t.Parallel()
	t.Run("espressif", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, "espressif", espressif.Decoder{}, func(s seed) source[*espressifEntry] { return newEspressif(s, EC) },
			func(e *espressifEntry) facts {
				return facts{ID: e.mac, Attributes: map[string]string{manifest.AttributeMAC: e.mac}}
			})
	})
	t.Run("infineon", func(t *testing.T) {
		t.Parallel()
		var id string
		roundTrip(t, "infineon", infineon.Decoder{}, func(s seed) source[*infineonEntry] {
			id, _, _ = strings.Cut(reelName(s), "_")
			return newInfineon(s, bundleE0E0)
		}, func(e *infineonEntry) facts {
			return facts{ID: e.chip, Warnings: 1, Attributes: map[string]string{ // the issuer is not Infineon
				manifest.AttributeChipID: e.chip, manifest.AttributeBundle: bundleE0E0, manifest.AttributeReelID: id,
			}}
		})
	})
	t.Run("microchip", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, "microchip", microchip.Decoder{}, func(s seed) source[*microchipEntry] { return newMicrochip(s, EC) },
			func(e *microchipEntry) facts {
				return facts{ID: e.uniqueID, Attributes: map[string]string{
					manifest.AttributeUniqueID: e.uniqueID, manifest.AttributeSlot: "0", manifest.AttributePartNumber: "ATECC608C-TNGTLSU-B",
				}}
			})
	})
	t.Run("csv", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, "csv", csv.Decoder{}, func(s seed) source[*tableEntry] { return newTable(s, EC) },
			func(e *tableEntry) facts { return facts{ID: e.commonName()} })
	})
	t.Run("generated", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, "generated", generated.Decoder{}, func(s seed) source[*linesEntry] { return newLines(s, EC) },
			func(e *linesEntry) facts { return facts{ID: e.commonName()} })
	})
}

func TestDecodingGivesWhatWasGeneratedForOtherSources(t *testing.T) {
	t.Parallel()
	t.Run("nxp", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, "nxp", nxp.Decoder{}, func(s seed) source[*nxpEntry] { return newNXP(s, EC) }, func(e *nxpEntry) facts {
			uid, _ := new(big.Int).SetString(e.id.(string), 10)
			return facts{ID: e.id.(string), Attributes: map[string]string{manifest.AttributeUID: uid.Text(16), manifest.AttributeLabel: nxpLabel}}
		})
	})
	t.Run("pem-json", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, "pem-json", pemjson.Decoder{}, func(s seed) source[*pemJSONEntry] { return newPEMJSON(s, EC) },
			func(e *pemJSONEntry) facts { return facts{ID: e.commonName()} })
	})
	t.Run("tpm-xml", func(t *testing.T) {
		t.Parallel()
		roundTrip(t, "tpm-xml", tpmxml.Decoder{}, func(s seed) source[*tpmEntry] { return newTPM(s, EC) }, func(e *tpmEntry) facts {
			return facts{ID: e.mac, Attributes: map[string]string{manifest.AttributeTPMMAC: e.mac}}
		})
	})
}

func roundTrip[E entry](t *testing.T, vendor string, decoder manifest.Decoder, open func(seed) source[E], factsOf func(E) facts) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Draw(rt, "seed")
		n := rapid.IntRange(1, 40).Draw(rt, "n")
		var out, signer bytes.Buffer
		o := Options{Vendor: vendor, N: n, Seed: text, Bundles: oneBundle(vendor), Out: &out, SignerOut: &signer}
		if err := Generate(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		f := open(newSeed(text))
		var opts manifest.Options
		if signer.Len() > 0 {
			opts.Signers = signersOf(t, signer.Bytes())
		}
		in := manifest.Input{Name: "x", Reader: bytes.NewReader(out.Bytes()), Size: int64(out.Len())}
		seen := 0
		for device, err := range decoder.Decode(t.Context(), in, opts) {
			if err != nil {
				t.Fatal(err)
			}
			e, key := f.entry(seen)
			want := factsOf(e)
			want.Name, want.Key = e.leaf().commonName(), point(t, key.Public())
			got := facts{device.ID, device.ThingName, device.Attributes, point(t, device.Certificate.PublicKey), len(device.Warnings)}
			if len(got.Attributes) == 0 {
				got.Attributes = nil
			}
			if diff := cmp.Diff(want, got); diff != "" || device.Entry != seen {
				t.Fatalf("entry %d of %d is number %d, -generated +decoded:\n%s%v", seen, n, device.Entry, diff, device.Warnings)
			}
			seen++
		}
		if seen != n {
			t.Fatalf("%d devices decoded, %d generated", seen, n)
		}
	})
}

// oneBundle returns the bundle to decode, for a format that has bundles.
func oneBundle(vendor string) []string {
	if vendor == "infineon" {
		return []string{bundleE0E0}
	}
	return nil
}

func signersOf(t *testing.T, pem []byte) []*x509.Certificate {
	t.Helper()
	signers, err := microchip.ParseSigners(pem)
	if err != nil {
		t.Fatal(err)
	}
	return signers
}

func point(t *testing.T, key any) string {
	t.Helper()
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("a key of type %T", key)
	}
	raw, err := ec.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A format that cannot be generated would be tested only with real files.
func TestEveryFormatCanBeGenerated(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(vendors.Names(), slices.Sorted(slices.Values(Vendors()))); diff != "" {
		t.Errorf("the formats of manifest/vendors and internal/material/formats.go differ (-vendors +material):\n%s", diff)
	}
	for _, f := range Formats() {
		format, err := vendors.Lookup(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		bundle, _ := format.Option(manifest.OptionBundle)
		if diff := cmp.Diff(bundle.Values, f.Bundles); diff != "" || f.Signs != (format.ParseSigners != nil) {
			t.Errorf("%s: signs: %v; bundles (-vendors +material):\n%s", f.Name, f.Signs, diff)
		}
	}
}

// Entries with defects must get the verdicts in the list of expectations.
func TestDefectiveManifestsAreJudgedAsExpected(t *testing.T) {
	t.Parallel()
	const entries = 250
	for _, decoder := range vendors.Formats() {
		for _, rate := range []float64{0.05, 0.5, 1} {
			t.Run(decoder.Vendor(), func(t *testing.T) {
				t.Parallel()
				var out, signer, expected bytes.Buffer
				err := Generate(t.Context(), Options{
					Vendor: decoder.Vendor(), N: entries, Seed: "judged", Defects: rate, Bundles: oneBundle(decoder.Vendor()),
					Out: &out, SignerOut: &signer, Expected: &expected,
				})
				if err != nil {
					t.Fatal(err)
				}
				var opts manifest.Options
				if signer.Len() > 0 {
					opts.Signers = signersOf(t, signer.Bytes())
				}
				var got bytes.Buffer
				writer := json.NewEncoder(&got)
				good := 0
				for _, x := range decoded(t, out.Bytes(), decoder, opts) {
					if err := writer.Encode(x); err != nil {
						t.Fatal(err)
					}
					if x.Outcome == ExpectDevice {
						good++
					}
				}
				if diff := cmp.Diff(expected.String(), got.String()); diff != "" {
					t.Errorf("-expected +judged:\n%s", diff)
				}
				if good == entries || rate < 1 && float64(good) < 0.9*entries*(1-rate) {
					t.Errorf("%d good entries at a rate of %v", good, rate)
				}
			})
		}
	}
}

// The result must not depend on the number of cores, or examples would differ between machines.
//
// The test is not parallel because it sets GOMAXPROCS.
func TestBytesDependOnSeedAndNumberAlone(t *testing.T) {
	for _, vendor := range Vendors() {
		generated := func(procs, n int, text string) string {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			var out strings.Builder
			if err := Generate(t.Context(), Options{Vendor: vendor, N: n, Seed: text, Defects: 0.2, Out: &out}); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		one := generated(1, 100, "a")
		if one != generated(7, 100, "a") {
			t.Errorf("%s: different bytes on more cores", vendor)
		}
		if one == generated(2, 100, "b") {
			t.Errorf("%s: the seed does not matter", vendor)
		}
		if vendor == "infineon" {
			continue // an archive of fewer files is not the beginning of a larger one
		}
		fewer := strings.TrimRight(strings.TrimSuffix(generated(2, 70, "a"), tpmFrame.tail), "\n]")
		if !strings.HasPrefix(one, fewer) {
			t.Errorf("%s: an entry depends on the number of entries after it", vendor)
		}
	}
}

func TestWithRSAOnlyKeysAndSignaturesDiffer(t *testing.T) {
	t.Parallel()
	for _, vendor := range []string{"espressif", "microchip", "generated"} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			decoder := map[string]manifest.Decoder{
				"espressif": espressif.Decoder{}, "microchip": microchip.Decoder{}, "generated": generated.Decoder{},
			}[vendor]
			var runs [2][]string
			for i := range runs {
				var out, signer bytes.Buffer
				if err := Generate(t.Context(), Options{Vendor: vendor, N: 2, Seed: "s", Key: RSA, Out: &out, SignerOut: &signer}); err != nil {
					t.Fatal(err)
				}
				var opts manifest.Options
				if signer.Len() > 0 {
					opts.Signers = signersOf(t, signer.Bytes())
				}
				in := manifest.Input{Name: "x", Reader: bytes.NewReader(out.Bytes()), Size: int64(out.Len())}
				for device, err := range decoder.Decode(t.Context(), in, opts) {
					if err != nil {
						t.Fatal(err)
					}
					c := device.Certificate
					if c.PublicKeyAlgorithm.String() != "RSA" {
						t.Errorf("a key of type %v", c.PublicKeyAlgorithm)
					}
					runs[i] = append(runs[i], strings.Join([]string{
						device.ID, device.ThingName, c.SerialNumber.String(), c.Subject.String(), c.Issuer.String(),
						c.NotBefore.String(), c.NotAfter.String(),
					}, " "))
				}
			}
			if diff := cmp.Diff(runs[0], runs[1]); diff != "" || len(runs[0]) != 2 {
				t.Errorf("two runs differ: %s", diff)
			}
		})
	}
}

// A failing writer must end the work and leave no worker running.
func TestFailureOfTheWriterEndsTheWork(t *testing.T) {
	t.Parallel()
	for _, vendor := range Vendors() {
		r, w := io.Pipe()
		if err := r.CloseWithError(io.ErrClosedPipe); err != nil {
			t.Fatal(err)
		}
		n := 1_000_000
		if vendor == "infineon" {
			n = 5 // what is written last fails last
		}
		if err := Generate(t.Context(), Options{Vendor: vendor, N: n, Seed: "s", Out: w}); err == nil {
			t.Errorf("%s: no error", vendor)
		}
	}
}
