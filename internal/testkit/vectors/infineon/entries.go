package main

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// secretVectors returns row I8 and Infineon's part of X13.
func secretVectors() []*vector {
	list := []byte(trust.ChipID(0) + ", " + strings.Repeat("00112233445566778899AABBCCDDEEFF", 4) + "\r\n")
	key := keyText()
	certs := bundle(e0e0, inner(trust.File(0, e0e0)))
	secret := func(name, note string, data []byte) *vector { return fatal(name, "private-key", "", note, data) }
	return []*vector{
		vec("i08-keys-archive", "N", "all bundles and the archive of keys, which is not opened", full()).device(0).device(1),
		secret("i08-pbs-keys", "the decrypted list of binding secrets beside the bundle", outer(certs, file("PBS_keys.txt", list))),
		secret("i08-renamed-list", "the decrypted list under another name", outer(certs, file("notes.txt", list))),
		secret("i08-list-in-bundle", "a decrypted list within the bundle", manifest(trust.File(0, e0e0), file("auto_keys.txt", list))),
		secret("i08-list-as-certificate", "a decrypted list in the place of a certificate", manifest(holding(list))),
		secret("i08-list-alone", "the decrypted list itself, given as a manifest", list).as(".txt"),
		secret("x13-key-in-certificate", "a private key behind a certificate",
			manifest(holding(append(materialtest.PEM(trust.Leaf(0, e0e0)), key...)))),
		secret("x13-key-beside-certificates", "a private key as a file of the bundle",
			manifest(trust.File(0, e0e0), file(trust.ChipID(0)+".key", key))),
		secret("x13-key-beside-bundle", "a private key beside the bundle", outer(certs, file("ca.key", key))),
	}
}

// bundleVectors returns rows I9 and I16.
func bundleVectors() []*vector {
	one, other := inner(trust.File(0, e0e0), trust.File(1, e0e0)), inner(trust.File(0, e0e1), trust.File(1, e0e1))
	second := bundle(e0e0, one)
	second.Name = strings.Replace(second.Name, "7E57000000000001", "7E57000000000002", 1)
	program := bundle(e0e0, one)
	program.Name += ".exe"
	climbing := bundle(e0e0, one)
	climbing.Name = "../" + climbing.Name
	shielded := "shielded-connection"
	return []*vector{
		fatal("i09-missing", "no-bundle", "it has E0E1", "the archive has bundle E0E1 alone", outer(bundle(e0e1, other))),
		fatal("i09-no-bundle-at-all", "no-bundle", "…_E0E0_Certs.7z", "the archive has a README alone", outer()),
		fatal("i09-two", "ambiguous-bundle", "2 archives", "two archives are of bundle E0E0", outer(bundle(e0e0, one), second)),
		vec("i09-other-extension", "N", "the name goes on behind that of a bundle; the content tells", outer(program)).device(0).device(1),
		fatal("i09-climbing-name", "no-bundle", "…_E0E0_Certs.7z", "the name of the bundle climbs out of the archive", outer(climbing)),
		fatal("i09-no-such-object", "no-bundle", "there is no bundle", "a bundle that chips do not have is asked for", full()).bundle("E0E9"),
		fatal("i09-empty-bundle", "empty", "bundle E0E0", "the bundle has a directory and no file",
			manifest(materialtest.SevenZFile{Name: "certs", Directory: true, Attributes: 0x10})),
		vec("i09-e0e1", "W", "bundle E0E1 is asked for; its keys need a shielded connection", full()).bundle(e0e1).device(0, shielded).
			device(1, shielded),
		vec("i09-e0e2", "N", "bundle E0E2, with RSA keys, is asked for", full()).bundle(e0e2).device(0).device(1),
		vec("i16-inner-archive", "N", "the archive of the bundle itself", one).device(0).device(1),
		fatal("i16-inner-of-other", "no-bundle", "this is bundle E0E1", "the archive of bundle E0E1 itself, where E0E0 is asked for", other),
		vec("i16-inner-asked-for", "W", "the archive of bundle E0E1 itself, as asked for", other).bundle(e0e1).device(0, shielded).
			device(1, shielded),
		vec("i16-directory", "N", "the files are in a directory",
			inner(materialtest.SevenZFile{Name: "certs", Directory: true, Attributes: 0x10}, named("certs/"+trust.File(0, e0e0).Name))).device(0),
	}
}

// nameVectors returns rows I6, I10 and I18: names of files in a bundle.
func nameVectors() []*vector {
	name := trust.File(0, e0e0).Name
	odd := func(vector, detail, note, name string) *vector {
		return bad(vector, "malformed-entry", detail, note, named(name))
	}
	kind := func(vector, note string, mode uint32) *vector {
		f := trust.File(0, e0e0)
		f.Attributes = mode<<16 | 0x8000
		return bad(vector, "malformed-entry", "link or a device", note, f)
	}
	reparse := trust.File(0, e0e0)
	reparse.Attributes = 0x400
	again := called(0, trust.Name(2, e0e0))
	return []*vector{
		odd("i06-parent", "climbs", "the name climbs out of the archive", "../../"+name),
		odd("i06-absolute", "absolute", "the name is an absolute path", "/etc/"+name),
		odd("i06-drive", "drive", "the name begins with a drive", "C:"+name),
		odd("i06-backslash", "backslash", "the name has a backslash", `..\`+name),
		odd("i06-right-to-left", "do not show", "the name has an order to write from right to left", strings.Replace(name, "_", "_\u202e", 1)),
		bad("i06-look-alike", "bad-id", "20 hex digits", "the first letter of the chip ID is a Cyrillic A",
			named(strings.Replace(name, "A", "\u0410", 1))),
		fatal("i06-nul", "corrupt", "more names than files", "the name has a NUL, so that there is one name too many",
			manifest(named(strings.Replace(name, "_", "\x00_", 1)), trust.File(1, e0e0))),
		kind("i06-symbolic-link", "the file is a symbolic link", 0o120777),
		kind("i06-device", "the file is a device", 0o020666),
		bad("i06-reparse-point", "malformed-entry", "link or a device", "the file is a reparse point of Windows", reparse),
		odd("i10-other-object", `"E0E1"`, "a file of object E0E1 in bundle E0E0", trust.ChipID(0)+"_E0E1.pem"),
		odd("i10-name-with-guid", "<GUID>", "a file whose name has the GUID of the reel, which no message repeats",
			materialtest.InfineonReel+"_"+materialtest.InfineonGUID+".txt"),
		odd("i10-other-file", "are called", "a file that is no certificate by its name", "notes.txt"),
		vec("i18-same-twice", "N", "the same file twice: a repetition, which the import skips",
			manifest(trust.File(0, e0e0), trust.File(0, e0e0))).device(0).device(0),
		vec("i18-other-content", "N", "two files of one name with different certificates: both decode, and the import rejects "+
			"the second as a contradiction",
			manifest(trust.File(0, e0e0), again, trust.File(1, e0e0))).
			device(0).named(trust.ChipID(0), trust.Name(2, e0e0)).device(1),
	}
}

// chipVectors returns rows I11, I13, I14 and I15.
func chipVectors() []*vector {
	name := trust.File(0, e0e0).Name
	lower := named(strings.ToLower(name[:20]) + name[20:])
	again := called(0, trust.Name(2, e0e0))
	again.Name = lower.Name
	forged := materialtest.Certificate(trust.Template(trust.Name(0, e0e0)),
		materialtest.Authority("Test Forger", nil, materialtest.Key("forger"), materialtest.Key("forger"), 0),
		&materialtest.Key("forged").PublicKey, materialtest.Key("forger"))
	onRSA := materialtest.Certificate(trust.Template(trust.Name(0, e0e0)), trust.Issuer, trust.Key(0, e0e2), trust.IssuerKey)
	onEC := trust.File(0, e0e2)
	onEC.Content = materialtest.PEM(materialtest.Certificate(trust.Template(trust.Name(0, e0e2)), trust.Issuer, trust.Key(0, e0e0),
		trust.IssuerKey))
	static := vec("i13-static-name-not-used", "N", "the same, where things are named by their chips",
		manifest(called(0, "Infineon IoT Node"), called(1, "Infineon IoT Node"))).
		named(trust.ChipID(0), trust.ChipID(0)).named(trust.ChipID(1), trust.ChipID(1))
	static.Options.ThingName = "{chip_id}"
	return []*vector{
		fine("i11-lower-case", "the chip ID is in lower case", lower),
		vec("i11-repeated", "N", "a chip ID twice, once in lower case, with different certificates: both decode, "+
			"and the import rejects the second as a contradiction",
			manifest(trust.File(0, e0e0), again)).
			device(0).named(trust.ChipID(0), trust.Name(2, e0e0)),
		bad("i11-short", "bad-id", "20 hex digits", "the chip ID has 18 digits", named(name[2:])),
		bad("i11-long", "bad-id", "20 hex digits", "the chip ID has 22 digits", named("00"+name)),
		bad("i11-not-hex", "bad-id", "20 hex digits", "the chip ID has a G", named("G"+name[1:])),
		vec("i11-missing-in-sibling", "N", "a chip is missing in bundle E0E1, which is not opened",
			outer(bundle(e0e0, inner(trust.File(0, e0e0), trust.File(1, e0e0))), bundle(e0e1, inner(trust.File(0, e0e1))))).device(0).device(1),
		fatal("i13-static-name", "not-express", "Infineon IoT Node", "certificates of a Trust M V3, which all have one CN",
			manifest(called(0, "Infineon IoT Node"), called(1, "Infineon IoT Node"))),
		vec("i13-other-static-name", "F", "certificates that all have one CN, which is not the known one; the second one tells",
			manifest(called(0, "Node"), called(1, "Node"))).
			named(trust.ChipID(0), "Node").ends("not-express", "Node"),
		static,
		warned("i14-rsa-in-e0e0", "an RSA key in a bundle of EC keys", holding(materialtest.PEM(onRSA)), "unexpected-key-type"),
		vec("i14-ec-in-e0e2", "W", "an EC key in a bundle of RSA keys", outer(bundle(e0e2, inner(onEC)))).bundle(e0e2).
			device(0, "unexpected-key-type"),
		warned("i15-other-issuer", "issued by somebody else than Infineon; nothing but that would tell", holding(materialtest.PEM(forged)),
			"unexpected-issuer"),
	}
}

// contentVectors returns row I12 and Infineon's part of section 7.4.
func contentVectors() []*vector {
	leaf, issuer := materialtest.PEM(trust.Leaf(0, e0e0)), materialtest.PEM(trust.Issuer)
	twice := append(bytes.Clone(leaf), materialtest.PEM(trust.Leaf(1, e0e0))...)
	broken := bytes.Replace(leaf, []byte("\nMI"), []byte("\nM*"), 1)
	oneLine := []byte(base64.StdEncoding.EncodeToString(trust.Leaf(0, e0e0).Raw))
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	expired := with(func(t *x509.Certificate) { t.NotBefore, t.NotAfter = year(2019), year(2020) })
	allowed := warned("x03-expired-allowed", "the same, taken on request", expired, "expired")
	allowed.Options.AllowExpired = true
	authority := vec("x04-authority-allowed", "E", "also where devices may say CA:TRUE, because it issued another chip",
		manifest(holding(issuer), trust.File(1, e0e0))).rejected("ca-certificate", "issued another entry").device(1)
	authority.Options.AllowCA = true
	byChip := vec("x06-named-by-chip", "N", "things are named by their chip IDs", good()).
		named(trust.ChipID(0), trust.ChipID(0)).named(trust.ChipID(1), trust.ChipID(1))
	byChip.Options.ThingName = "{id}"
	return []*vector{
		bad("i12-empty", "no-certificate", "empty", "the file is empty", holding(nil)),
		bad("i12-blank", "no-certificate", "empty", "the file holds blanks", holding([]byte(" \r\n\r\n"))),
		bad("i12-two-certificates", "several-certificates", "2 certificates", "two devices in one file", holding(twice)),
		fine("i12-with-issuer", "the issuer follows the certificate", holding(append(bytes.Clone(leaf), issuer...))),
		fine("i12-text-before", "text stands before the certificate, as openssl writes it",
			holding(append([]byte("subject=C = DE\r\nissuer=C = DE\r\n"), leaf...))),
		fine("i12-lf", "lines end with LF", holding(leaf)),
		fine("i12-der", "DER under the name of PEM", holding(trust.Leaf(0, e0e0).Raw)),
		fine("i12-no-armour", "base64 of DER without the lines around it", holding(oneLine)),
		bad("i12-broken-base64", "bad-encoding", "base64", "a character that is not base64", holding(broken)),
		bad("i12-cut", "bad-encoding", "cut off", "the certificate is cut off", holding(leaf[:300])),
		bad("i12-text", "bad-encoding", "base64", "text that is no certificate", holding([]byte("there is nothing here!"))),
		bad("i12-too-long", "entry-too-large", "the limit is 2000", "a longer file than is allowed",
			holding(append(bytes.Repeat([]byte{'\n'}, 2000), leaf...))).within(limits{EntryBytes: 2000}),
		bad("x03-expired", "expired", "2020-01-01", "the certificate's validity has ended", expired),
		allowed,
		bad("x04-authority", "ca-certificate", "certification authority", "the certificate of an authority", holding(issuer)),
		authority,
		bad("x06-no-name", "no-name", "no common name", "the subject has no CN",
			with(func(t *x509.Certificate) { t.Subject = pkix.Name{Country: []string{"DE"}} })),
		bad("x06-space", "bad-name", "thing name", "the CN has a space, which thing names may not have",
			with(func(t *x509.Certificate) { t.Subject.CommonName = "a chip" })),
		byChip,
	}
}
