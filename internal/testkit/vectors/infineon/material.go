package main

import (
	"crypto/x509"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// trust makes all chips of the vectors.
var trust = materialtest.NewTrust("vectors")

const (
	e0e0 = "E0E0"
	e0e1 = "E0E1"
	e0e2 = "E0E2"
)

// inner returns the archive of a bundle.
func inner(files ...materialtest.SevenZFile) []byte { return materialtest.SevenZ{Files: files}.Bytes() }

// bundle returns an archive of certificates as a member of the manifest.
func bundle(object string, archive []byte) materialtest.SevenZFile {
	return materialtest.SevenZFile{Name: materialtest.BundleName(object), Content: archive}
}

// outer returns a manifest of these members and a README.
func outer(members ...materialtest.SevenZFile) []byte {
	return materialtest.SevenZ{Files: append(members, readme())}.Bytes()
}

func readme() materialtest.SevenZFile {
	return materialtest.SevenZFile{
		Name:    "README.txt",
		Content: []byte("Test material of Thingpress.\r\nThese are no chips of Infineon's.\r\n"),
	}
}

// manifest returns a manifest with these files in bundle E0E0.
func manifest(files ...materialtest.SevenZFile) []byte { return outer(bundle(e0e0, inner(files...))) }

// good returns a manifest of two chips.
func good() []byte { return manifest(trust.File(0, e0e0), trust.File(1, e0e0)) }

// full returns a manifest of two chips with everything that the vendor includes.
func full() []byte {
	var members []materialtest.SevenZFile
	for _, object := range []string{e0e0, e0e1, e0e2} {
		members = append(members, bundle(object, inner(trust.File(0, object), trust.File(1, object))))
	}
	return outer(append(members, keys())...)
}

// keys returns a member that looks like an archive of keys; it is never opened.
func keys() materialtest.SevenZFile {
	return materialtest.SevenZFile{
		Name:    materialtest.InfineonReel + "_" + materialtest.InfineonGUID + "_keys.7z",
		Content: append([]byte("7z\xbc\xaf\x27\x1c"), materialtest.Bytes("keys", 200)...),
	}
}

// named returns chip 0's file under another name.
func named(name string) materialtest.SevenZFile {
	f := trust.File(0, e0e0)
	f.Name = name
	return f
}

// holding returns chip 0's file with other content.
func holding(content []byte) materialtest.SevenZFile {
	f := trust.File(0, e0e0)
	f.Content = content
	return f
}

// with returns chip 0's file with a certificate from a changed template.
func with(change func(*x509.Certificate)) materialtest.SevenZFile {
	template := trust.Template(trust.Name(0, e0e0))
	change(template)
	return holding(materialtest.PEM(materialtest.Certificate(template, trust.Issuer, trust.Key(0, e0e0), trust.IssuerKey)))
}

// called returns a chip's file with a certificate of another CN.
func called(index int, name string) materialtest.SevenZFile {
	f := trust.File(index, e0e0)
	f.Content = materialtest.PEM(materialtest.Certificate(trust.Template(name), trust.Issuer, trust.Key(index, e0e0), trust.IssuerKey))
	return f
}
