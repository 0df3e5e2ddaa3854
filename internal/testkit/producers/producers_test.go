package producers

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// ten is how many certificates every producer packs.
const ten = 10

// A production is a file that a program makes of the files of [materials].
type production struct {
	name string
	// script is for sh, and has the program in $P.
	script string
	// file is what it makes.
	file string
	// devices are those of the file, of which [materials] has the IDs. Some is the number of the first ones; 0 stands
	// for all ten.
	some int
	// reason is why the file is refused or, if it is not, why all of its entries are rejected; empty if it is read.
	reason manifest.Reason
}

// materials writes ten certificates into a directory: certificates/00.pem and so on, all.pem, der/00.der and so on,
// reel.csv as Espressif's manifest, and device.key. It returns the IDs of the certificates in order.
func materials(t *testing.T, dir string) (ids []string) {
	t.Helper()
	var reel, all bytes.Buffer
	options := material.Options{Vendor: "espressif", N: ten, Seed: "producers", Out: &reel, KeysDir: filepath.Join(dir, "keys")}
	if err := material.Generate(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("reel.csv", reel.Bytes())
	in := manifest.Input{Name: "reel.csv", Reader: bytes.NewReader(reel.Bytes()), Size: int64(reel.Len())}
	devices, err := read(t, in)
	if err != nil || len(devices) != ten {
		t.Fatalf("%d devices: %v", len(devices), err)
	}
	for i, d := range devices {
		ids = append(ids, d.CertificateID.String())
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.Certificate.Raw})
		all.Write(text)
		write(fmt.Sprintf("certificates/%02d.pem", i), text)
		write(fmt.Sprintf("der/%02d.der", i), d.Certificate.Raw)
	}
	write("all.pem", all.Bytes())
	keys, err := filepath.Glob(filepath.Join(dir, "keys", "*.key"))
	if err != nil || len(keys) != ten {
		t.Fatalf("%d keys: %v", len(keys), err)
	}
	if err := os.Rename(keys[0], filepath.Join(dir, "device.key")); err != nil {
		t.Fatal(err)
	}
	return ids
}

// read returns the devices of a manifest, and why it cannot be read, or why the last of its entries was rejected.
func read(t *testing.T, in manifest.Input) (devices []manifest.Device, err error) {
	t.Helper()
	options := manifest.Options{TempDir: t.TempDir()}
	format, err := vendors.Choose(t.Context(), in, "", options)
	if err != nil {
		return nil, err
	}
	var rejected error
	for d, err := range format.Decode(t.Context(), in, options) {
		var entry *manifest.EntryError
		switch {
		case errors.As(err, &entry):
			rejected = err
		case err != nil:
			return nil, err
		default:
			devices = append(devices, d)
		}
	}
	return devices, rejected
}

// produce runs the scripts, and compares what the decoders find in the files.
func produce(t *testing.T, program string, productions []production) {
	t.Helper()
	dir := t.TempDir()
	ids := materials(t, dir)
	for _, p := range productions {
		t.Run(p.name, func(t *testing.T) { //nolint:paralleltest // in one directory, one after the other
			c := exec.CommandContext(t.Context(), "sh", "-euc", p.script)
			c.Dir, c.Env = dir, append(os.Environ(), "P="+program, "LC_ALL=C.UTF-8", "HOME="+dir)
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			text, err := os.ReadFile(filepath.Join(dir, p.file))
			if err != nil {
				t.Fatal(err)
			}
			want := ids
			if p.some > 0 {
				want = ids[:p.some]
			}
			compareDevices(t, manifest.Input{Name: p.file, Reader: bytes.NewReader(text), Size: int64(len(text))}, want, p.reason)
		})
	}
}

// compareDevices reads a file, and compares its devices, or the reason for which there are none.
func compareDevices(t *testing.T, in manifest.Input, ids []string, reason manifest.Reason) {
	t.Helper()
	devices, err := read(t, in)
	if manifest.ReasonOf(err) != reason || err != nil && reason == "" {
		t.Fatalf("%d devices, reason %q instead of %q: %v", len(devices), manifest.ReasonOf(err), reason, err)
	}
	if reason != "" {
		if len(devices) > 0 {
			t.Errorf("%d devices beside %v", len(devices), err)
		}
		return
	}
	var got []string
	for _, d := range devices {
		got = append(got, d.CertificateID.String())
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(slices.Values(ids)), got); diff != "" {
		t.Errorf("certificates (-packed +read):\n%s", strings.TrimSpace(diff))
	}
}
