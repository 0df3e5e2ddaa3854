package main

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"strings"
)

// tpmGroup returns a group; mac is the element with the identity.
func tpmGroup(mac string, ders ...[]byte) string {
	var b strings.Builder
	b.WriteString("<group>" + mac)
	for _, der := range ders {
		b.WriteString("<binaryhex>" + wrap(hex.EncodeToString(der), 64) + "</binaryhex>")
	}
	return b.String() + "</group>\n"
}

func tpmMAC(value string) string { return `<hex name="TpmMAC" value="` + value + `"/>` }

// tpmVectors are those of the XML of TPMs.
func tpmVectors() []*vector {
	m, other := modules[0], modules[1]
	const prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	file := func(groups ...string) []byte {
		return []byte(prolog + "<modules>\n" + strings.Join(groups, "") + "</modules>\n")
	}
	good, is := tpmGroup(tpmMAC("00:11:22:33:aa:bb"), m.cert.Raw), device("00112233AABB", m.cn)
	second, isSecond := tpmGroup(tpmMAC("07"), other.cert.Raw), device("07", other.cn)
	tpm := func(name, outcome, note string, data []byte, expect ...any) *vector {
		return vec("tpm-xml", name, outcome, note, data, expect...)
	}
	index := func(n string) func(*options) { return func(o *options) { o.Index = n } }
	return []*vector{
		tpm("t01-groups", "N", "two groups", file(good, second), is.On(3), isSecond),
		tpm("t01-no-prolog", "N", "any root, other elements and comments",
			[]byte("<!-- a --><r><lot n=\"1\"><x>y</x></lot>"+good+"<group><name/>"+second[len("<group>"):]+"</r>"), is, isSecond),
		tpm("t01-lost-space", "N", "digits in one line", file(strings.ReplaceAll(good, "\n", "")), is),
		tpm("t01-namespace", "N", "elements with a prefix", []byte(`<a:r xmlns:a="urn:x"><a:group>`+
			strings.ReplaceAll(strings.ReplaceAll(good[len("<group>"):], "binaryhex", "a:binaryhex"), "</group>", "</a:group>")+`</a:r>`), is),
		tpm("t02-no-identity", "N", "without TpmMAC the certificate names the device", file(tpmGroup("", m.cert.Raw)), device(m.cn, m.cn)),
		tpm("t02-bad-identity", "E", "an identity that is not hexadecimal", file(tpmGroup(tpmMAC("module 7"), m.cert.Raw), second),
			rejected("bad-id", "TpmMAC"), isSecond),
		tpm("t02-two-identities", "E", "two identities in a group", file(tpmGroup(tpmMAC("01")+tpmMAC("02"), m.cert.Raw)),
			rejected("duplicate-field", "")),
		tpm("t03-none", "E", "a group without certificate", file(tpmGroup(tpmMAC("01")), second), rejected("no-certificate", ""), isSecond),
		tpm("t03-two", "E", "two certificates, and nothing chooses", file(tpmGroup(tpmMAC("01"), m.cert.Raw, other.cert.Raw)),
			rejected("index-required", "2")),
		tpm("t03-chosen", "N", "the number chooses", file(tpmGroup(tpmMAC("01"), m.cert.Raw, other.cert.Raw)), device("01", other.cn)).
			with(index("2")),
		tpm("t03-beyond", "E", "there is no such certificate", file(good), rejected("no-certificate", "number")).with(index("2")),
		tpm("t04-odd-digits", "E", "an odd number of digits", file(strings.Replace(good, "<binaryhex>3", "<binaryhex>", 1), second),
			rejected("bad-encoding", "hexadecimal"), isSecond),
		tpm("t04-no-digits", "E", "not hexadecimal", file(strings.Replace(good, "<binaryhex>3", "<binaryhex>g", 1)),
			rejected("bad-encoding", "")),
		tpm("t05-endorsement-key", "E", "the certificate of an endorsement key cannot authenticate a client",
			file(tpmGroup(tpmMAC("01"), endorsement().Raw)),
			rejected("endorsement-key", "sign")),
		tpm("t06-doctype", "F", "a document type declaration", []byte(prolog+`<!DOCTYPE r [<!ENTITY a "b">]><r>`+good+"</r>"),
			ends("unsupported-format", "document type")),
		tpm("t06-entity", "F", "an entity that is not defined", file(second, `<group><binaryhex>&a;</binaryhex></group>`), isSecond,
			ends("corrupt", "entity")),
		tpm("t06-deep", "F", "groups in groups without end", []byte("<r>"+strings.Repeat("<group><binaryhex/>", 100)),
			ends("limit-exceeded", "deeper")),
		tpm("t06-long", "F", "a group above the limit", file(good), ends("limit-exceeded", "longer")).
			with(func(o *options) { o.Limits = &limits{EntryBytes: 500} }),
		tpm("t06-many", "F", "more groups than the limit", file(good, second), is, ends("limit-exceeded", "more than 1")).
			with(func(o *options) { o.Limits = &limits{Entries: 1} }),
		tpm("t07-utf16", "N", "UTF-16 with a byte order mark", []byte(mustUTF16(strings.Replace(string(file(good)), "UTF-8", "UTF-16", 1))), is),
		tpm("t07-latin", "N", "another encoding that has the same digits", []byte(strings.Replace(string(file(good)), "UTF-8", "ISO-8859-1", 1)),
			is),
		tpm("t08-cut", "F", "the file ends inside a group", file(second, good)[:len(second)+200], isSecond, ends("truncated", "")),
		tpm("t08-end-missing", "F", "the root is not closed", []byte("<r>"+good), is, ends("truncated", "")),
		tpm("t08-crossed", "F", "elements that cross", []byte("<r>"+second+"<group><binaryhex></group></binaryhex></r>"), isSecond,
			ends("corrupt", "line")),
		tpm("t08-empty", "F", "no group", []byte("<r><binaryhex/></r>"), ends("empty", "")),
		tpm("t09-private-key", "F", "a private key in PEM", file(good, "<key>"+secretText+"</key>"), ends("private-key", "")),
		tpm("t09-der", "F", "a private key in the place of a certificate", file(good, tpmGroup(tpmMAC("02"), secretDER())),
			ends("private-key", "")),
	}
}

// endorsement returns the certificate of a TPM's endorsement key (TCG EK Credential Profile 2.5, 3.2.16).
func endorsement() *x509.Certificate {
	return leaf("", modules[2].key, func(t *x509.Certificate) {
		t.KeyUsage = x509.KeyUsageKeyEncipherment
		t.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{2, 23, 133, 8, 1}}
	})
}
