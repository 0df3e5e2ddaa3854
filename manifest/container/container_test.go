package container_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// blocks returns the PEM blocks of three devices.
func blocks(t testing.TB) []string {
	t.Helper()
	all := strings.SplitAfter(vectorFile(t, "generated/g01-blocks.txt"), "-----END CERTIFICATE-----\n")
	return all[:3]
}

// read decodes a manifest and returns a line for each entry, and the error at the end.
func read(t testing.TB, data []byte, vendor string, opts manifest.Options) (entries []string, final error) {
	t.Helper()
	in := manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))}
	format, err := vendors.Choose(t.Context(), in, vendor, opts)
	if err != nil {
		return nil, err
	}
	for d, err := range format.Decode(t.Context(), in, opts) {
		var rejected *manifest.EntryError
		line := fmt.Sprintf("%s:%d", d.Member, d.Line)
		switch {
		case final != nil:
			t.Fatalf("the stream continues after %v", final)
		case errors.As(err, &rejected):
			line = fmt.Sprintf("%s rejected %s", rejected.Member, rejected.Reason)
			d.Entry = rejected.Entry
		case err != nil:
			final = err
			continue
		}
		for _, w := range d.Warnings {
			line += " " + string(w.Code)
		}
		if d.Entry != opts.Start.Entry+len(entries) {
			t.Fatalf("entry %d is %d: %s", len(entries), d.Entry, line)
		}
		entries = append(entries, line)
	}
	return entries, final
}

func compare(t *testing.T, name string, data []byte, want ...string) {
	t.Helper()
	got, err := read(t, data, "", manifest.Options{})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%s (-want +got):\n%s%v", name, diff, err)
	}
}

// Exports of certificates come as one file for each, in whatever packs files.
func TestFilesInContainersAreEntries(t *testing.T) {
	t.Parallel()
	pem := blocks(t)
	members := []member{{name: "a.pem", content: pem[0]}, {name: "7/b.pem", content: pem[1] + pem[2]}}
	want := []string{"a.pem:1", "7/b.pem:1", "7/b.pem:13"}
	compare(t, "zip", zipOf(t, members...), want...)
	compare(t, "tar", tarOf(t, members...), want...)
	compare(t, "tar.gz", gzipOf(t, tarOf(t, members...)), want...)
	compare(t, "zip.gz", gzipOf(t, zipOf(t, members...)), want...)
	compare(t, "gzip", gzipOf(t, []byte(pem[0]+pem[1])), ":1", ":13")
	compare(t, "gzip with padding", append(gzipOf(t, []byte(pem[0]+pem[1])), make([]byte, 700)...), ":1", ":13")
	compare(t, "gzip of several members", append(gzipOf(t, []byte(pem[0])), gzipOf(t, []byte(pem[1]))...), ":1", ":13")
	compare(t, "zip of tar.gz and of zip", zipOf(t, member{name: "x.tar.gz", content: string(gzipOf(t, tarOf(t, members[0])))},
		member{name: "y.zip", content: string(zipOf(t, members[1]))}), "x.tar.gz!a.pem:1", "y.zip!7/b.pem:1", "y.zip!7/b.pem:13")
	compare(t, "names as tar . writes them", tarOf(t, member{name: "./", kind: tar.TypeDir}, member{name: "./a.pem", content: pem[0]}),
		"a.pem:1")
	compare(t, "backslashes, as old Windows programs write them", zipOf(t, member{name: `7\a.pem`, content: pem[0]}), "7/a.pem:1")
}

// A reel of any vendor may be compressed or packed.
func TestEveryFormatIsReadInContainers(t *testing.T) {
	t.Parallel()
	for vendor, pattern := range map[string]string{
		"espressif": "c0[1-4]*.csv", "generated": "[gx]*1*.txt", "microchip": "m0[1-4]*.json", "infineon": "*[0-9]*-[a-g]*.7z",
	} {
		found, err := filepath.Glob("../testdata/vectors/" + vendor + "/" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", vendor, err)
		}
		checked := 0
		for _, file := range found {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			alone, broken := read(t, content, vendor, manifest.Options{})
			if broken != nil || len(alone) == 0 {
				continue
			}
			in := manifest.Input{Name: "m", Reader: bytes.NewReader(content), Size: int64(len(content))}
			if _, err := vendors.Detect(t.Context(), in); err != nil {
				continue
			}
			checked++
			for i, line := range alone {
				alone[i] = "x/reel" + line
			}
			packed, err := read(t, zipOf(t, member{name: "x/reel", content: string(content)}), "", manifest.Options{})
			if diff := cmp.Diff(alone, packed); diff != "" || err != nil {
				t.Errorf("%s (-alone +packed):\n%s%v", file, diff, err)
			}
		}
		if checked == 0 {
			t.Errorf("no vector of %s is complete", vendor)
		}
	}
}

// What stands next to the certificates must cost none of them, and must be named.
func TestFilesThatAreNoManifestsAreNamed(t *testing.T) {
	t.Parallel()
	pem := blocks(t)
	data := zipOf(t, member{name: "__MACOSX/._a.pem", content: "x"}, member{name: ".DS_Store", content: "x"},
		member{name: "a.pem", content: pem[0]},
		member{name: "Thumbs.db", content: "x"}, member{name: "README.md", content: "about"}, member{name: "b.pem", content: pem[1]})
	compare(t, "leftovers", data, "a.pem:1 passed-over", "b.pem:1")
	got, err := read(t, zipOf(t, member{name: "a.txt", content: "x"}, member{name: "b.txt", content: "y"}), "", manifest.Options{})
	if len(got) > 0 || manifest.ReasonOf(err) != manifest.ReasonUnsupportedFormat || !strings.Contains(err.Error(), `"a.txt", "b.txt"`) {
		t.Errorf("nothing to import: %q, %v", got, err)
	}
	_, err = read(t, zipOf(t, member{name: "a/", content: ""}), "", manifest.Options{})
	if manifest.ReasonOf(err) != manifest.ReasonEmpty {
		t.Errorf("no files: %v", err)
	}
}

// One bad file must not cost the others.
func TestFileThatIsCutOffIsARejectedEntry(t *testing.T) {
	t.Parallel()
	pem := blocks(t)
	data := tarOf(t, member{name: "a.pem", content: pem[0]}, member{name: "b.pem", content: pem[1][:200]}, member{name: "c.pem"},
		member{name: "d.pem", content: pem[2]})
	compare(t, "cut off", data, "a.pem:1", "b.pem rejected truncated", "c.pem rejected truncated", "d.pem:1")
	// More than an entry may be missing.
	data = tarOf(t, member{name: "a.pem", content: pem[0] + pem[1][:200]}, member{name: "d.pem", content: pem[2]})
	got, err := read(t, data, "", manifest.Options{})
	if len(got) != 1 || manifest.ReasonOf(err) != manifest.ReasonTruncated ||
		!strings.Contains(err.Error(), "m!a.pem: after 1 entry (line 13") {
		t.Errorf("%q, %v", got, err)
	}
}

// A signer's certificate next to a manifest of Microchip's is not a device.
func TestFormatsAreNotMixedUnasked(t *testing.T) {
	t.Parallel()
	pem := blocks(t)
	csv := vectorFile(t, "espressif/c03-semicolon.csv")
	data := zipOf(t, member{name: "reel.csv", content: csv}, member{name: "signer.crt", content: pem[0]})
	_, err := read(t, data, "", manifest.Options{})
	if manifest.ReasonOf(err) != manifest.ReasonWrongFormat || !strings.Contains(err.Error(), "m!signer.crt") ||
		!strings.Contains(err.Error(), "reel.csv") {
		t.Errorf("unasked: %v", err)
	}
	got, err := read(t, data, "generated", manifest.Options{})
	if diff := cmp.Diff([]string{"signer.crt:1 passed-over"}, got); diff != "" || err != nil {
		t.Errorf("chosen: %s%v", diff, err)
	}
	if _, err = read(t, data, "microchip", manifest.Options{}); manifest.ReasonOf(err) != manifest.ReasonUnsupportedFormat {
		t.Errorf("none of the chosen format: %v", err)
	}
}

// A run goes on in the middle of a container.
func TestContainersAreResumed(t *testing.T) {
	t.Parallel()
	pem := blocks(t)
	data := tarOf(t, member{name: "a.pem", content: pem[0]}, member{name: "b.pem", content: pem[1] + pem[2]})
	whole, _ := read(t, data, "", manifest.Options{})
	for start := range whole {
		got, err := read(t, data, "", manifest.Options{Start: manifest.Position{Entry: start}})
		if diff := cmp.Diff(whole[start:], got); diff != "" || err != nil {
			t.Errorf("from entry %d: %s%v", start, diff, err)
		}
	}
}

// An authority in one file is not a device if it issued what is in another.
func TestAuthoritiesAreKnownAcrossFiles(t *testing.T) {
	t.Parallel()
	pem := blocks(t)
	chain := strings.SplitAfter(vectorFile(t, "generated/g01-chain-blocks.txt"), "-----END CERTIFICATE-----\n")
	data := zipOf(t, member{name: "ca.pem", content: chain[1]}, member{name: "a.pem", content: pem[0]})
	byFingerprint, err := manifest.ParseTemplate("{fingerprint}")
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(t, data, "", manifest.Options{AllowCA: true, ThingName: byFingerprint})
	if diff := cmp.Diff([]string{"ca.pem rejected ca-certificate", "a.pem:1"}, got); diff != "" || err != nil {
		t.Errorf("%s%v", diff, err)
	}
}

// What is sent back must be what was sent, in the form in which it was sent.
func TestEntriesAreCutOutOfContainers(t *testing.T) {
	t.Parallel()
	pem := blocks(t)
	members := []member{{name: "a.pem", content: pem[0]}, {name: "b.pem", content: pem[1] + pem[2]}, {name: "c.pem", content: pem[0][:99]}}
	for kind, data := range map[string][]byte{
		"zip": zipOf(t, members...), "tar": tarOf(t, members...), "tar.gz": gzipOf(t, tarOf(t, members...)),
		"zip in zip": zipOf(t, member{name: "x.zip", content: string(zipOf(t, members...))}), "gzip": gzipOf(t, []byte(strings.Join(pem, ""))),
	} {
		in := manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))}
		format, err := vendors.Detect(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		written, err := format.Cut(t.Context(), in, manifest.Options{}, func(entry int) bool { return entry >= 2 }, &out)
		whole, _ := read(t, data, "", manifest.Options{})
		if err != nil || written != len(whole)-2 {
			t.Fatalf("%s: %d of %d entries, %v", kind, written, len(whole), err)
		}
		again, err := read(t, out.Bytes(), "", manifest.Options{})
		if len(again) != written || err != nil || !bytes.Equal(out.Bytes()[:2], data[:2]) && kind != "tar" {
			t.Errorf("%s: %q became %q, %v", kind, whole, again, err)
		}
	}
}

// A name that is safe in the container must not climb out of the one that is sent back.
func TestNamesInWhatIsCutAreSafe(t *testing.T) {
	t.Parallel()
	pem := blocks(t)[0]
	data := tarOf(t, member{name: "x!..!..!etc!a.pem", content: pem}, member{name: "!b.pem", content: pem})
	in := manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))}
	format, err := vendors.Detect(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := format.Cut(t.Context(), in, manifest.Options{}, func(int) bool { return true }, &out); err != nil {
		t.Fatal(err)
	}
	if again, err := read(t, out.Bytes(), "", manifest.Options{}); len(again) != 2 || err != nil {
		t.Errorf("%q, %v", again, err)
	}
}

// FuzzContainers looks for containers that crash the reader, or that it takes for manifests without saying what
// is wrong with them.
func FuzzContainers(f *testing.F) {
	pem := blocks(f)
	members := []member{{name: "a.pem", content: pem[0]}, {name: "README", content: "x"}, {name: "b.pem", content: pem[1][:99]}}
	zipped, tarred := zipOf(f, members...), tarOf(f, members...)
	for _, seed := range [][]byte{
		zipped, tarred, gzipOf(f, tarred), gzipOf(f, []byte(pem[0])), zipOf(f, member{name: "x.tar", content: string(tarred)}), nested(f, 3),
		overlapping(f, 3),
	} {
		f.Add(seed, uint8(1))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint8) {
		opts := manifest.Options{Limits: manifest.Limits{Entries: 100, ArchiveMembers: 100, ExpandedBytes: 1 << 20}}
		whole, final := read(t, data, "", opts)
		if final == nil && len(whole) == 0 {
			t.Fatal("nothing, and no error")
		}
		if final != nil && (manifest.ReasonOf(final) == "" || len(final.Error()) > 2000) {
			t.Fatalf("without a reason: %v", final)
		}
		if n := len(whole); n > 0 && manifest.ReasonOf(final) != manifest.ReasonPrivateKey {
			opts.Start.Entry = int(at) % n
			got, err := read(t, data, "", opts)
			if !slices.Equal(got, whole[opts.Start.Entry:]) || fmt.Sprint(err) != fmt.Sprint(final) {
				t.Fatalf("resumed at %d of %q: %q, %v", opts.Start.Entry, whole, got, err)
			}
			in := manifest.Input{Name: "m", Reader: bytes.NewReader(data), Size: int64(len(data))}
			if format, err := vendors.Detect(t.Context(), in); err == nil && format.Cut != nil {
				_, _ = format.Cut(t.Context(), in, manifest.Options{Limits: opts.Limits}, func(entry int) bool { return entry%2 == 0 }, io.Discard)
			}
		}
	})
}
