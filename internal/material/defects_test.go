package material

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/internal/material/sevenz"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/csv"
	"github.com/thingpress/thingpress/manifest/espressif"
	"github.com/thingpress/thingpress/manifest/generated"
	"github.com/thingpress/thingpress/manifest/infineon"
	"github.com/thingpress/thingpress/manifest/microchip"
)

// Each defect is placed between two good entries. It must be reported with its
// reason and must not affect its neighbours.

func TestMicrochipDefectsAreWhatTheySay(t *testing.T) {
	t.Parallel()
	f := newMicrochip(newSeed("defects"), EC)
	opts := manifest.Options{Signers: signersOf(t, f.signer.Raw)}
	eachDefect(t, source[*microchipEntry](f), framed[*microchipEntry](microchipFrame), microchip.Decoder{}, opts)
}

func TestEspressifDefectsAreWhatTheySay(t *testing.T) {
	t.Parallel()
	f := newEspressif(newSeed("defects"), EC)
	eachDefect(t, f, framed[*espressifEntry](espressifFrame), espressif.Decoder{}, manifest.Options{})
}

func TestTableDefectsAreWhatTheySay(t *testing.T) {
	t.Parallel()
	f := newTable(newSeed("defects"), EC)
	columns, err := manifest.ParseColumns("cert=5,check=1")
	if err != nil {
		t.Fatal(err)
	}
	eachDefect(t, f, framed[*tableEntry](tableFrame), csv.Decoder{}, manifest.Options{Columns: columns})
}

func TestLineDefectsAreWhatTheySay(t *testing.T) {
	t.Parallel()
	f := newLines(newSeed("defects"), EC)
	eachDefect(t, f, framed[*linesEntry](linesFrame), generated.Decoder{}, manifest.Options{})
}

func TestInfineonDefectsAreWhatTheySay(t *testing.T) {
	t.Parallel()
	f := newInfineon(newSeed("defects"), bundleE0E0)
	pack := func(t *testing.T, entries []made[*infineonEntry]) []byte {
		file, err := os.Create(filepath.Join(t.TempDir(), "bundle.7z"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		archive, err := sevenz.NewWriter(file, sevenz.Options{})
		for _, e := range entries {
			if err == nil {
				err = archive.Add(e.entry.file(), notBefore, e.text)
			}
		}
		if err == nil {
			err = archive.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	eachDefect(t, f, pack, infineon.Decoder{}, manifest.Options{})
}

// framed returns a function that joins entries to a manifest.
func framed[E entry](around frame) func(*testing.T, []made[E]) []byte {
	return func(_ *testing.T, entries []made[E]) []byte {
		var texts []string
		for _, e := range entries {
			texts = append(texts, string(e.text))
		}
		return []byte(around.head + strings.Join(texts, around.between) + around.tail)
	}
}

func eachDefect[E entry](
	t *testing.T, f source[E], pack func(*testing.T, []made[E]) []byte, decoder manifest.Decoder, opts manifest.Options,
) {
	t.Helper()
	for _, d := range defectsOf(f) {
		t.Run(strings.ReplaceAll(d.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var entries []made[E]
			for i := range 3 {
				e, _ := f.entry(i)
				if i == 1 {
					d.alter(e, craft{newSeed("defects"), i})
				}
				entries = append(entries, made[E]{entry: e, text: f.render(e)})
			}
			want := []Expectation{{0, ExpectDevice, ""}, {1, ExpectDevice, ""}, {2, ExpectDevice, ""}}
			if d.reason != "" {
				want[1] = Expectation{1, ExpectRejected, string(d.reason)}
			}
			compareExpectations(t, decoded(t, pack(t, entries), decoder, opts), want)
		})
	}
}

// decoded judges a manifest as an import does, including repetitions and contradictions.
func decoded(t *testing.T, text []byte, decoder manifest.Decoder, opts manifest.Options) []Expectation {
	t.Helper()
	names, certificates := map[string]manifest.CertificateID{}, map[manifest.CertificateID]string{}
	in := manifest.Input{Name: "test", Reader: bytes.NewReader(text), Size: int64(len(text))}
	var got []Expectation
	for device, err := range decoder.Decode(t.Context(), in, opts) {
		var bad *manifest.EntryError
		x := Expectation{Entry: device.Entry, Outcome: ExpectDevice}
		switch {
		case errors.As(err, &bad):
			x = Expectation{bad.Entry, ExpectRejected, string(bad.Reason)}
			t.Logf("%v", err)
		case err != nil:
			t.Fatalf("after %d entries: %v", len(got), err)
		case names[device.ThingName] == device.CertificateID:
			x.Outcome = ExpectSkipped
		case !names[device.ThingName].IsZero() || certificates[device.CertificateID] != "":
			x.Outcome, x.Reason = ExpectRejected, string(manifest.ReasonContradiction)
		default:
			names[device.ThingName] = device.CertificateID
			certificates[device.CertificateID] = device.ThingName
		}
		got = append(got, x)
	}
	return got
}

func compareExpectations(t *testing.T, got, want []Expectation) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("entry %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}
