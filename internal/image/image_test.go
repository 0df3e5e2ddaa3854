package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testRelease = release{version: "0.2.0", commit: "4f0c", date: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)}

// write writes an image of two platforms and returns its path.
func write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"code.zip": "PK", "amd64": "the program", "arm64": "the other program"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "image.tar")
	programs := []string{"linux/amd64=" + filepath.Join(dir, "amd64"), "linux/arm64=" + filepath.Join(dir, "arm64")}
	if err := writeImage(testRelease, filepath.Join(dir, "code.zip"), out, programs); err != nil {
		t.Fatal(err)
	}
	return out
}

// files returns the contents of a tar by name, and its headers.
func files(t *testing.T, r io.Reader) (contents map[string][]byte, headers map[string]*tar.Header) {
	t.Helper()
	contents, headers = map[string][]byte{}, map[string]*tar.Header{}
	for in := tar.NewReader(r); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return contents, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := headers[header.Name]; twice {
			t.Errorf("%s is there twice", header.Name)
		}
		headers[header.Name] = header
		if contents[header.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
}

// blob returns the content of a descriptor, whose digest and size must be right.
func blob(t *testing.T, contents map[string][]byte, d descriptor) []byte {
	t.Helper()
	content, ok := contents["blobs/sha256/"+d.Digest[len("sha256:"):]]
	if !ok || "sha256:"+digestOf(content) != d.Digest || len(content) != d.Size {
		t.Fatalf("%s: is there: %v, %d bytes, want %d", d.Digest, ok, len(content), d.Size)
	}
	return content
}

func decode[Value any](t *testing.T, content []byte) (v Value) {
	t.Helper()
	if err := json.Unmarshal(content, &v); err != nil {
		t.Fatalf("%v: %s", err, content)
	}
	return v
}

// A client refuses an image of which one digest is wrong, and runs it as root if the
// configuration names no user.
func TestEveryPlatformLeadsFromTheIndexToItsProgram(t *testing.T) {
	t.Parallel()
	file, err := os.Open(write(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	contents, _ := files(t, file)
	if got := string(contents["oci-layout"]); got != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("oci-layout is %q", got)
	}
	top := decode[index](t, contents["index.json"])
	all := decode[index](t, blob(t, contents, top.Manifests[0]))
	programs := map[string]string{}
	for _, d := range all.Manifests {
		m := decode[manifest](t, blob(t, contents, d))
		c := decode[imageConfig](t, blob(t, contents, m.Config))
		if c.platform != *d.Platform || c.Config.User != "65532:65532" || !c.Created.Equal(testRelease.date) {
			t.Errorf("%+v: %+v", *d.Platform, c)
		}
		z, err := gzip.NewReader(bytes.NewReader(blob(t, contents, m.Layers[0])))
		if err != nil {
			t.Fatal(err)
		}
		layer, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if c.RootFS.DiffIDs[0] != "sha256:"+digestOf(layer) {
			t.Errorf("%+v: the layer is not %v", *d.Platform, c.RootFS.DiffIDs)
		}
		inside, headers := files(t, bytes.NewReader(layer))
		programs[d.Platform.OS+"/"+d.Platform.Architecture] = string(inside[c.Config.Entrypoint[0][1:]])
		if h := headers["usr/bin/thingpress"]; h.Mode != 0o755 || h.Uid != 0 {
			t.Errorf("the program has mode %o and owner %d", h.Mode, h.Uid)
		}
		for _, writable := range []string{"home/nonroot/.local/state/", "work/"} {
			if h := headers[writable]; h.Uid != user {
				t.Errorf("%s belongs to %d", writable, h.Uid)
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"linux/amd64": "the program", "linux/arm64": "the other program"}, programs); diff != "" {
		t.Errorf("programs by platform (-want +got):\n%s", diff)
	}
}

func TestTheSameFilesGiveTheSameImage(t *testing.T) {
	t.Parallel()
	one, err := os.ReadFile(write(t))
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(write(t))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("two images of the same files differ")
	}
}

// Without the roots that sign AWS's endpoints no call succeeds.
func TestRootsOfAWSAreThere(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for rest := roots(); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		names[c.Subject.CommonName] = true
	}
	for _, name := range []string{"Amazon Root CA 1", "Amazon Root CA 3", "Starfield Services Root Certificate Authority - G2"} {
		if !names[name] {
			t.Errorf("%s is missing from %d roots", name, len(names))
		}
	}
}
