package container_test

import (
	"archive/tar"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/thingpress/thingpress/manifest"
)

// Nothing of a container with a key may be used, wherever the key is.
func TestKeysInContainersRefuseTheWhole(t *testing.T) {
	t.Parallel()
	block := blocks(t)[0]
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	broken := member{name: "m.pem", content: block + block[:200]}
	for name, m := range map[string]member{
		"PEM": {name: "z.key", content: text}, "DER": {name: "z.key", content: string(der)}, "in a README": {name: "README.txt", content: text},
		"in a leftover":    {name: "__MACOSX/._z", content: text},
		"after other text": {name: "z.txt", content: strings.Repeat("x\n", 100_000) + text},
		"in an archive":    {name: "z.zip", content: string(zipOf(t, member{name: "k", content: text}))},
		"base64 of DER":    {name: "z.txt", content: base64.StdEncoding.EncodeToString(der) + "\n"},
		"hex, one a line":  {name: "z.txt", content: hex.EncodeToString(der) + "\n" + hex.EncodeToString(der) + "\n"},
		"PuTTY":            {name: "z.ppk", content: "PuTTY-User-Key-File-2: ssh-rsa\r\nEncryption: none\r\n"},
		"JWK":              {name: "z.jwk", content: `{"kty":"EC","crv":"P-256","x":"AA","d":"AA"}`},
	} {
		for place, members := range map[string][]member{
			"last": {{name: "a.pem", content: block}, m}, "first": {m, {name: "a.pem", content: block}}, "after a break": {broken, m},
		} {
			for kind, data := range map[string][]byte{"zip": zipOf(t, members...), "tar": tarOf(t, members...)} {
				_, err := read(t, data, "", manifest.Options{})
				if manifest.ReasonOf(err) != manifest.ReasonPrivateKey {
					t.Errorf("%s, %s, %s: %v", kind, name, place, err)
				}
			}
		}
	}
}

// Whoever made these wants to write outside of a directory, or to exhaust the reader.
func TestHostileContainersAreRefused(t *testing.T) {
	t.Parallel()
	block := blocks(t)[0]
	good := member{name: "a.pem", content: block}
	zeros, lines := strings.Repeat("\x00", 4<<20), strings.Repeat("\n", 4<<20)
	small := manifest.Limits{ArchiveMembers: 2, ExpandedBytes: 2 << 20}
	for _, c := range []struct {
		name   string
		data   []byte
		limits manifest.Limits
		reason manifest.Reason
	}{
		{"zip: climbing name", zipOf(t, good, member{name: "../b.pem", content: block}), manifest.Limits{}, manifest.ReasonUnsafeMember},
		{
			"zip: climbing with backslashes", zipOf(t, good, member{name: `x\..\..\b.pem`, content: block}),
			manifest.Limits{},
			manifest.ReasonUnsafeMember,
		},
		{"zip: absolute name", zipOf(t, good, member{name: "/b.pem", content: block}), manifest.Limits{}, manifest.ReasonUnsafeMember},
		{"zip: drive", zipOf(t, good, member{name: "C:b.pem", content: block}), manifest.Limits{}, manifest.ReasonUnsafeMember},
		{"zip: control character", zipOf(t, good, member{name: "b\x1b[2J.pem", content: block}), manifest.Limits{}, manifest.ReasonUnsafeMember},
		{
			"zip: link", zipOf(t, good, member{name: "b.pem", content: "/etc/passwd", kind: tar.TypeSymlink}),
			manifest.Limits{},
			manifest.ReasonUnsafeMember,
		},
		{
			"zip: directory with content", zipOf(t, good, member{name: "b", content: block, kind: tar.TypeDir}),
			manifest.Limits{},
			manifest.ReasonCorrupt,
		},
		{"zip: encrypted", patched(t, zipOf(t, good), 8, 1), manifest.Limits{}, manifest.ReasonEncrypted},
		{"zip: method", patched(t, zipOf(t, good), 10, 93), manifest.Limits{}, manifest.ReasonCorrupt},
		{"zip: checksum", patched(t, zipOf(t, good), 16, 0x77), manifest.Limits{}, manifest.ReasonCorrupt},
		{"zip: size too small", patched(t, zipOf(t, good), 24, 1), manifest.Limits{}, manifest.ReasonCorrupt},
		{"zip: place", patched(t, zipOf(t, good), 44, 0x7f), manifest.Limits{}, manifest.ReasonCorrupt},
		{"zip: cut off", zipOf(t, good)[:200], manifest.Limits{}, manifest.ReasonTruncated},
		{"zip: number of files", lying(zipOf(t, good, good), 3), manifest.Limits{}, manifest.ReasonCorrupt},
		{"zip: too many files", zipOf(t, good, good, good), small, manifest.ReasonLimitExceeded},
		{"zip: bomb", zipOf(t, good, member{name: "b", content: zeros}), manifest.Limits{ExpansionRatio: 100}, manifest.ReasonLimitExceeded},
		{"zip: expands too far", zipOf(t, good, member{name: "b", content: zeros}), small, manifest.ReasonLimitExceeded},
		{"zip: overlapping files", overlapping(t, 300), manifest.Limits{ExpansionRatio: 100}, manifest.ReasonLimitExceeded},
		{"zip: in itself too deep", nested(t, 6), manifest.Limits{}, manifest.ReasonLimitExceeded},
		{"tar: climbing name", tarOf(t, good, member{name: "x/../../b.pem", content: block}), manifest.Limits{}, manifest.ReasonUnsafeMember},
		{"tar: absolute name", tarOf(t, good, member{name: "/b.pem", content: block}), manifest.Limits{}, manifest.ReasonUnsafeMember},
		{
			"tar: link", tarOf(t, good, member{name: "b.pem", content: "/etc/passwd", kind: tar.TypeSymlink}),
			manifest.Limits{},
			manifest.ReasonUnsafeMember,
		},
		{
			"tar: hard link", tarOf(t, good, member{name: "b.pem", content: "a.pem", kind: tar.TypeLink}),
			manifest.Limits{},
			manifest.ReasonUnsafeMember,
		},
		{"tar: device", tarOf(t, good, member{name: "b.pem", kind: tar.TypeBlock}), manifest.Limits{}, manifest.ReasonUnsafeMember},
		{"tar: sparse file of an old version", oldSparse(t), manifest.Limits{}, manifest.ReasonUnsupportedFormat},
		{"tar: cut off in a file", tarOf(t, good)[:700], manifest.Limits{}, manifest.ReasonTruncated},
		{"tar: cut off between files", tarOf(t, good, good)[:1536], manifest.Limits{}, manifest.ReasonTruncated},
		{"gzip: a byte behind it", append(gzipOf(t, []byte(block)), 'x'), manifest.Limits{}, manifest.ReasonTrailingData},
		{"gzip: a header behind it", append(gzipOf(t, []byte(block)), "\x1f\x8b\x08"...), manifest.Limits{}, manifest.ReasonTruncated},
		{"tar: two joined", append(tarOf(t, good), tarOf(t, good)...), manifest.Limits{}, manifest.ReasonTrailingData},
		{"tar: damaged header", damaged(tarOf(t, good, good), 1536+20), manifest.Limits{}, manifest.ReasonCorrupt},
		{"tar: too many files", tarOf(t, good, good, good), small, manifest.ReasonLimitExceeded},
		{"gzip: bomb", gzipOf(t, []byte(block+lines)), manifest.Limits{ExpansionRatio: 100}, manifest.ReasonLimitExceeded},
		{"gzip: expands too far", gzipOf(t, []byte(block+lines)), small, manifest.ReasonLimitExceeded},
		{"gzip: cut off", gzipOf(t, []byte(block+block))[:300], manifest.Limits{}, manifest.ReasonTruncated},
		{"gzip: checksum", damaged(gzipOf(t, []byte(block)), len(gzipOf(t, []byte(block)))-6), manifest.Limits{}, manifest.ReasonCorrupt},
		{"gzip: data after the end", append(gzipOf(t, []byte(block)), "more than a header"...), manifest.Limits{}, manifest.ReasonTrailingData},
		{
			"tar.gz: bomb", gzipOf(t, tarOf(t, good, member{name: "b", content: zeros})),
			manifest.Limits{ExpansionRatio: 100},
			manifest.ReasonLimitExceeded,
		},
	} {
		entries, err := read(t, c.data, "", manifest.Options{Limits: c.limits, TempDir: t.TempDir()})
		if manifest.ReasonOf(err) != c.reason || err == nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %q, ended with %s: %v", c.name, entries, manifest.ReasonOf(err), err)
		}
	}
}

// A million files that are nothing keep a reader busy.
func TestManyFilesThatAreNothingAreRefused(t *testing.T) {
	t.Parallel()
	members := []member{{name: "a.pem", content: blocks(t)[0]}}
	for i := range 10_001 {
		members = append(members, member{name: fmt.Sprintf("%d.pem", i)})
	}
	_, err := read(t, zipOf(t, members...), "", manifest.Options{})
	if manifest.ReasonOf(err) != manifest.ReasonLimitExceeded || !strings.Contains(err.Error(), "10000 files") {
		t.Errorf("%v", err)
	}
}

// patched returns a ZIP archive with another byte in its list of files.
func patched(t testing.TB, data []byte, at int, value byte) []byte {
	t.Helper()
	data = slices.Clone(data)
	data[bytes.Index(data, []byte("PK\x01\x02"))+at] = value
	return data
}

func damaged(data []byte, at int) []byte {
	data = slices.Clone(data)
	data[at] ^= 0x20
	return data
}

// lying returns a ZIP archive that claims another number of files.
func lying(data []byte, files byte) []byte {
	data = slices.Clone(data)
	end := bytes.LastIndex(data, []byte("PK\x05\x06"))
	data[end+8], data[end+10] = files, files
	return data
}

// nested returns a ZIP archive in ZIP archives.
func nested(t testing.TB, depth int) []byte {
	t.Helper()
	data := zipOf(t, member{name: "a.pem", content: blocks(t)[0]})
	for range depth {
		data = zipOf(t, member{name: "b.zip", content: string(data)})
	}
	return data
}

// oldSparse returns a tar archive with a sparse file of 16 MiB as versions 0.0 and 0.1 of GNU tar's format
// have it, which write no version.
func oldSparse(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	content := blocks(t)[0]
	header := &tar.Header{Name: "a.pem", Size: int64(len(content)), Format: tar.FormatPAX, PAXRecords: map[string]string{
		"XNU.sparse.size": "16777216", "XNU.sparse.numblocks": "1", "XNU.sparse.map": fmt.Sprintf("0,%d", len(content)),
	}}
	if err := w.WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("XNU.sparse."), []byte("GNU.sparse."))
}

// overlapping returns a ZIP archive whose list has the same content n times.
func overlapping(t testing.TB, n int) []byte {
	t.Helper()
	zeros := make([]byte, 64<<10)
	one := zipOf(t, member{name: "0", content: string(zeros)})
	at := bytes.Index(one, []byte("PK\x01\x02"))
	end := bytes.LastIndex(one, []byte("PK\x05\x06"))
	list := bytes.Repeat(one[at:end], n)
	tail := slices.Clone(one[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(n))
	binary.LittleEndian.PutUint16(tail[10:], uint16(n))
	binary.LittleEndian.PutUint32(tail[12:], uint32(len(list)))
	if crc32.ChecksumIEEE(zeros) == 0 {
		t.Fatal("the checksum of zeros is zero")
	}
	return slices.Concat(one[:at], list, tail)
}
