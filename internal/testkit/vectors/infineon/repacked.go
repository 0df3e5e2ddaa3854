package main

import (
	"bytes"
	"crypto/x509"
	"strings"
	"unicode/utf16"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// keyText returns what looks like a private key.
func keyText() []byte {
	return []byte("-----BEGIN EC PRIVATE KEY-----\nVGhpcyBpcyBubyBrZXksIGl0IG9ubHkgbG9va3MgbGlrZSBvbmUu\n-----END EC PRIVATE KEY-----\n")
}

func file(name string, content []byte) materialtest.SevenZFile {
	return materialtest.SevenZFile{Name: name, Content: content}
}

// leftoverVectors returns the part of row I16 about what systems and editors leave
// in archives.
func leftoverVectors() []*vector {
	chip0, chip1 := trust.File(0, e0e0), trust.File(1, e0e0)
	appleDouble := []byte("\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
	double := func(name string) materialtest.SevenZFile { return file("__MACOSX/._"+name, appleDouble) }
	certs := bundle(e0e0, inner(chip0, chip1))
	passed := func(name, note string, data []byte) *vector {
		return vec(name, "W", note, data).device(0, "passed-over").device(1)
	}
	return []*vector{
		passed("i16-left-by-macos", "what macOS adds, before and behind the files",
			manifest(file(".DS_Store", []byte("Bud1")), double(chip0.Name), chip0, double(chip1.Name), chip1, file("__MACOSX/._.DS_Store", nil))),
		passed("i16-left-by-windows", "what Windows adds",
			manifest(chip0, file("Thumbs.db", []byte{0xd0, 0xcf}), file("desktop.ini", []byte("[.ShellClassInfo]\r\n")), chip1)),
		passed("i16-left-by-editors", "backups and locks of editors and office programs", manifest(file(chip0.Name+"~", chip0.Content),
			file(chip0.Name+".bak", chip0.Content), file("."+chip0.Name+".swp", nil), file("~$list.xlsx", nil), file("#notes#", nil), chip0, chip1)),
		passed("i16-left-beside-bundle", "macOS's companion of the bundle is no second bundle",
			outer(file("__MACOSX/._"+materialtest.BundleName(e0e0), appleDouble), certs, file("__MACOSX/._README.txt", appleDouble))),
		passed("i16-readme-in-bundle", "an explanation among the files", manifest(file("ReadMe.txt", []byte("Hello.\r\n")), chip0, chip1)),
		vec("i16-left-before-bad-file", "E", "the rejection names what was passed over",
			manifest(file(".DS_Store", nil), holding([]byte("no certificate!")), chip1)).
			rejected("bad-encoding", `passed over: ".DS_Store"`).device(1),
		vec("i16-left-alone", "F", "nothing else is in the bundle", manifest(file(".DS_Store", nil), file("Thumbs.db", nil))).ends("empty", ""),
		fatal("i16-key-in-left-file", "private-key", "", "a private key in an editor's backup", manifest(chip0, file("device.key~", keyText()))),
	}
}

// renamedVectors returns the part of row I9 about archives with other names.
func renamedVectors() []*vector {
	one := inner(trust.File(0, e0e0), trust.File(1, e0e0))
	other := inner(trust.File(0, e0e1), trust.File(1, e0e1))
	locked := materialtest.SevenZ{Files: []materialtest.SevenZFile{file("auto_keys.txt", []byte("secret"))}}
	encrypt(&locked, 19)
	list := []byte(trust.ChipID(0) + ", " + strings.Repeat("00112233445566778899AABBCCDDEEFF", 4) + "\r\n")
	found := func(name, note string, members ...materialtest.SevenZFile) *vector {
		return vec(name, "N", note, outer(members...)).device(0).device(1)
	}
	return []*vector{
		found("i09-renamed", "the archive of the bundle was renamed; the names in it tell", file("Copy of certs.7z", one)),
		found("i09-renamed-without-extension", "also if the name is not that of an archive", file("download(1)", one)),
		found("i09-renamed-beside-others", "beside a bundle that kept its name, and a renamed one of another object",
			bundle(e0e1, other), file("copy.7z", one), file("copy 2.7z", other)),
		found("i09-renamed-keys", "the encrypted archive of keys was renamed, too", file("a.7z", locked.Bytes()), file("b.7z", one)),
		found("i09-renamed-beside-bundle", "a bundle with its own name counts, not a copy of it", bundle(e0e0, one), file("copy.7z", one)),
		fatal("i09-renamed-two", "ambiguous-bundle", "several renamed archives", "two renamed archives are of the bundle",
			outer(file("a.7z", one), file("b.7z", one))),
		fatal("i09-renamed-other", "no-bundle", "that were renamed have E0E1", "a renamed archive of another object", outer(file("a.7z", other))),
		fatal("i09-renamed-mixed", "no-bundle", "…_E0E0_Certs.7z", "a renamed archive with files of two objects",
			outer(file("a.7z", inner(trust.File(0, e0e0), trust.File(1, e0e1))))),
		fatal("i09-renamed-key-list", "private-key", "", "a renamed archive has the decrypted list of keys",
			outer(file("a.7z", inner(file("auto_keys.txt", list))), file("b.7z", one))),
		fatal("i09-renamed-damaged", "no-bundle", "…_E0E0_Certs.7z", "a renamed archive is cut off", outer(file("a.7z", one[:len(one)-40]))),
	}
}

// wide returns text in UTF-16, with or without a byte order mark.
func wide(text string, little, mark bool) []byte {
	if mark {
		text = "\ufeff" + text
	}
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		if little {
			out = append(out, byte(unit), byte(unit>>8))
		} else {
			out = append(out, byte(unit>>8), byte(unit))
		}
	}
	return out
}

// wideVectors returns the parts of rows I8, I12 and X13 about UTF-16 and DER.
func wideVectors() []*vector {
	key := string(keyText())
	list := trust.ChipID(0) + ", " + strings.Repeat("00112233445566778899AABBCCDDEEFF", 4) + "\r\n"
	der, err := x509.MarshalPKCS8PrivateKey(materialtest.Key("a key that belongs to nothing"))
	if err != nil {
		panic(err)
	}
	certs := bundle(e0e0, inner(trust.File(0, e0e0)))
	secret := func(name, note string, data []byte) *vector { return fatal(name, "private-key", "", note, data) }
	padded := append(wide(strings.Repeat("text\r\n", 20_000), true, true), wide(key, true, false)...)
	return []*vector{
		secret("x13-key-utf16-beside-bundle", "a private key in UTF-16 beside the bundle", outer(certs, file("ca.key", wide(key, true, true)))),
		secret("x13-key-utf16-be-beside-bundle", "in the other byte order", outer(certs, file("ca.key", wide(key, false, true)))),
		secret("x13-key-utf16-no-mark", "without a byte order mark", outer(certs, file("ca.key", wide(key, true, false)))),
		secret("x13-key-utf16-no-mark-be", "without a byte order mark, in the other order",
			outer(certs, file("ca.key", wide(key, false, false)))),
		secret("x13-key-utf16-late", "behind much text", outer(certs, file("notes.txt", padded))),
		secret("x13-key-utf16-in-bundle", "as a file of the bundle", manifest(trust.File(0, e0e0), file("device.key", wide(key, true, true)))),
		secret("x13-key-utf16-as-certificate", "in the place of a certificate", manifest(holding(wide(key, true, true)))),
		secret("x13-key-der-beside-bundle", "a private key in DER beside the bundle", outer(certs, file("ca.der", der))),
		secret("x13-key-der-as-certificate", "a private key in DER in the place of a certificate", manifest(holding(der))),
		secret("i08-list-utf16", "the decrypted list of keys in UTF-16, under another name",
			outer(certs, file("notes.txt", wide(list, true, true)))),
		fine("i12-utf16", "a certificate that was saved in UTF-16",
			holding(wide(string(bytes.ReplaceAll(materialtest.PEM(trust.Leaf(0, e0e0)), []byte("\n"), []byte("\r\n"))), true, true))),
	}
}
