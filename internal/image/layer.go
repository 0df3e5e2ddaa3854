package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is the ID of the user and the group of the image, which many images call nonroot.
const user = 65532

const (
	home    = "/home/nonroot"
	workDir = "/work"
)

// layer returns the files of the image as an uncompressed tar.
func layer(program, code []byte, date time.Time) ([]byte, error) {
	const root = 0
	dir := func(name string, mode int64, owner int) tar.Header {
		return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: owner, Gid: owner}
	}
	file := func(name string, mode int64) tar.Header {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		tar.Header
		content []byte
	}{
		{dir("etc/", 0o755, root), nil},
		{file("etc/group", 0o644), []byte("root:x:0:\nnonroot:x:65532:\n")},
		{file("etc/passwd", 0o644), []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:" + home + ":/sbin/nologin\n")},
		{dir("etc/ssl/", 0o755, root), nil},
		{dir("etc/ssl/certs/", 0o755, root), nil},
		{file("etc/ssl/certs/ca-certificates.crt", 0o644), roots()},
		{dir("home/", 0o755, root), nil},
		{dir("home/nonroot/", 0o700, user), nil},
		{dir("home/nonroot/.local/", 0o700, user), nil},
		// A volume that is mounted here gets the owner of the directory.
		{dir("home/nonroot/.local/state/", 0o700, user), nil},
		{dir("tmp/", 0o1777, root), nil},
		{dir("usr/", 0o755, root), nil},
		{dir("usr/bin/", 0o755, root), nil},
		{file("usr/bin/thingpress", 0o755), program},
		{dir("usr/share/", 0o755, root), nil},
		{dir("usr/share/thingpress/", 0o755, root), nil},
		{file("usr/share/thingpress/thingpress-lambda.zip", 0o644), code},
		{dir("work/", 0o755, user), nil},
	} {
		f.Size, f.ModTime, f.Format = int64(len(f.content)), date.Truncate(time.Second), tar.FormatUSTAR
		if err := w.WriteHeader(&f.Header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}

// roots returns Mozilla's root certificates as PEM. It leaves out those that are trusted only
// under conditions, which a file cannot express.
func roots() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return b.Bytes()
}
