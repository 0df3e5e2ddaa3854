package main

import (
	"encoding/base64"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

const header = "MAC,cn,cert\r\n"

var m0, m1, m2 = modules[0], modules[1], modules[2]

// csv returns a new Espressif vector.
func csv(name, outcome, note, text string, expect ...any) *vector {
	return vec("espressif", name, outcome, note, []byte(text), expect...)
}

// quoteVectors returns rows C1 and C5.
func quoteVectors() []*vector {
	open := m1.mac + "," + m1.cn + ",\"" + m1.pem() + "\r\n"
	return []*vector{
		csv("c01-quote-not-closed", "F", "the next record closes the quote of entry 1, so that the end of entry 1 is uncertain",
			header+m0.row()+open+m2.row(), m0.byMAC(), ends("corrupt", "opens on line 15")),
		csv("c01-quote-not-closed-last", "F", "no later quote closes it",
			header+m0.row()+open, m0.byMAC(), ends("truncated", "opens on line 15")),
		csv("c01-quote-not-opened", "F", "the certificate's lines become records of their own, until a quote opens at the end",
			header+m0.row()+m1.rowWith("x\"\r\n\"")+m2.row(), m0.byMAC(), rejected("malformed-entry", "quote in the middle"), ends("corrupt",
				"opens on line 16")),
		csv("c01-text-behind-quote", "E", "quotes that hold no line end leave no doubt where the record ends",
			header+m0.row()+"\""+m1.mac+"\"x,"+m1.cn+","+m1.escaped()+"\r\n"+m2.row(), m0.byMAC(), rejected("malformed-entry",
				"behind a closing quote"), m2.byMAC()),
		csv("c05-fewer-columns", "E", "a record without certificate",
			header+m0.row()+m1.mac+","+m1.cn+"\r\n"+m2.row(), m0.byMAC(), rejected("malformed-entry",
				"2 columns, where the header has 3"), m2.byMAC()),
		csv("c05-more-columns", "E", "a record with a column too many",
			header+m0.row()+strings.TrimSuffix(m1.row(), "\r\n")+",x\r\n"+m2.row(), m0.byMAC(), rejected("malformed-entry",
				"4 columns, where the header has 3"), m2.byMAC()),
		csv("c05-cut-in-last-record", "F", "no line end and too few columns: the file was cut",
			header+m0.row()+m1.mac+",", m0.byMAC(), ends("truncated", "middle of a record")),
		csv("c12-columns", "F", "more columns than any file has",
			header+m0.row()+strings.Repeat(",x", 1200)+"\r\n", m0.byMAC(), ends("limit-exceeded", "1000 columns")),
		csv("c12-header-columns", "F", "the same in the header", "MAC,cn,cert"+strings.Repeat(",x", 1200)+"\r\n"+m0.row(),
			ends("limit-exceeded", "1000 columns")),
		csv("c12-long-line", "F", "a record beyond the limit of one entry",
			header+m0.row()+m1.rowWith(strings.Repeat("A", 5000))+m2.row(), m0.byMAC(),
			ends("limit-exceeded", "longer than 4096 bytes")).
			with(limit(4096, 0)),
		csv("c12-quoted-long-line", "F", "the same inside quotes, which may be what is wrong",
			header+m0.row()+m1.rowWith("\""+strings.Repeat("A\n", 3000)+"\"")+m2.row(), m0.byMAC(),
			ends("limit-exceeded", "longer than 4096 bytes")).
			with(limit(4096, 0)),
		csv("c12-entries", "F", "more entries than the limit", header+m0.row()+m1.row()+m2.row(), m0.byMAC(), m1.byMAC(),
			ends("limit-exceeded", "more than 2 entries")).with(limit(0, 2)),
	}
}

func limit(bytes, entries int) func(*options) {
	return func(o *options) { o.Limits = &limits{EntryBytes: bytes, Entries: entries} }
}

// headerVectors returns rows C2, C3, C13 and C14.
func headerVectors() []*vector {
	semicolons := func(r string) string { return strings.Replace(r, ",", ";", 2) }
	tabs := func(r string) string { return strings.Replace(r, ",", "\t", 2) }
	return []*vector{
		csv("c02-case-and-spaces", "N", "names match whatever their case and blanks", "mac, CN ,\" Cert\"\r\n"+m0.row(), m0.byMAC()),
		csv("c02-byte-order-mark", "N", "as Excel saves UTF-8", "\ufeff"+header+m0.row(), m0.byMAC()),
		csv("c02-order-and-extra-columns", "N", "other columns are passed over",
			"batch,cert,MAC,cn,batch\r\n7,\""+m0.pem()+"\","+m0.mac+","+m0.cn+",8\r\n", m0.byMAC()),
		csv("c02-no-header", "F", "the first record is no header: its columns are named, but not guessed", m0.row()+m1.row(),
			ends("unknown-format", "before them: MAC, cn, cert")),
		csv("c02-renamed", "F", "a header with another name: guessing would be worse", "MAC,cn,certificate\r\n"+m0.row(),
			ends("unknown-columns", `"MAC", "cn", "certificate"; the certificates seem to be in column certificate`)),
		csv("c02-column-twice", "F", "which one counts is anybody's guess", "MAC,cn,cert,CN\r\n"+strings.TrimSuffix(m0.row(), "\r\n")+",x\r\n",
			ends("duplicate-field", "two columns cn")),
		csv("c02-cert-and-certs", "F", "two columns that may hold the certificate", "MAC,cn,cert,certs\r\n"+m0.row(),
			ends("duplicate-field", "cert and a column certs")),
		csv("c02-rainmaker", "N", "node_certs.csv of RainMaker's admin CLI",
			"node_id,certs,qrcode\n"+m0.cn+",\""+m0.pem()+"\",\"{\"\"ver\"\":\"\"v1\"\"}\"\n", device(m0.cn, m0.cn)),
		csv("c02-rainmaker-cn", "N", "the same with the column name that its reader also takes", "CN,certs\n"+m0.cn+",\""+m0.pem()+"\"\n",
			device(m0.cn, m0.cn)),
		csv("c02-rainmaker-mismatch", "E", "the node is another one", "node_id,certs,qrcode\n"+m1.cn+",\""+m0.pem()+"\",x\n",
			rejected("identity-mismatch", "node_id says")),
		csv("c03-semicolon", "N", "as Excel saves where the comma is the decimal sign",
			semicolons(header)+semicolons(m0.row())+semicolons(m1.row()), m0.byMAC(), m1.byMAC()),
		csv("c03-tab", "N", "tab-separated values", tabs(header)+tabs(m0.row())+tabs(m1.row()), m0.byMAC(), m1.byMAC()),
		csv("c03-sep-line", "N", "Excel's own hint comes before the header", "sep=;\r\n"+semicolons(header)+semicolons(m0.row()),
			m0.byMAC().On(3)),
		csv("c03-sep-line-quoted", "N", "the hint in quotes, as other programs save it again",
			"\"sep=;\"\r\n"+semicolons(header)+semicolons(m0.row()), m0.byMAC().On(3)),
		csv("c03-sep-line-only", "F", "nothing follows the hint", "sep=;\r\n", ends("unknown-format", "not the header")),
		csv("c13-no-final-newline", "N", "as in Espressif's own file", header+m0.row()+strings.TrimSuffix(m1.row(), "\r\n"), m0.byMAC(),
			m1.byMAC()),
		csv("c13-blank-and-comment-lines", "N", "none of them is an entry",
			"# reel 7, \"first\" half\r\n\r\n"+header+"\r\n"+m0.row()+"# \"second\r\n\r\n"+m1.row()+"\r\n,,\r\n  \r\n", m0.byMAC().
				On(5), m1.byMAC()),
		csv("c13-joined", "N", "two files that were joined where the first has no line end",
			header+m0.row()+strings.TrimSuffix(m1.row(), "\r\n")+header+m2.row(), m0.byMAC().On(2), m1.byMAC(), m2.byMAC()),
		csv("c13-joined-marks", "N", "the same with byte order marks",
			"\ufeff"+header+strings.TrimSuffix(m0.row(), "\r\n")+"\ufeff"+header+m1.row(), m0.byMAC(), m1.byMAC()),
		csv("c13-joined-lines", "N", "the same with a line end and a mark between them",
			header+m0.row()+"\ufeff"+header+m1.row(), m0.byMAC(), m1.byMAC()),
		csv("c13-joined-base64", "N", "the same without quotes",
			header+m0.rowWith(m0.der64())+strings.TrimSuffix(m1.rowWith(m1.der64()), "\r\n")+header+m2.rowWith(m2.der64()),
			m0.byMAC(), m1.byMAC(), m2.byMAC()),
		csv("c13-joined-without-header", "N", "the second file lost its header",
			header+strings.TrimSuffix(m0.row(), "\r\n")+m1.row(), m0.byMAC(), m1.byMAC()),
		csv("c14-header-only", "F", "nothing to import is not success", header, ends("empty", "no record")),
		csv("c14-zero-bytes", "F", "an upload that failed", "", ends("empty", "nothing in the file")),
	}
}

// columnVectors returns the part of row C2 about columns that nobody needs.
func columnVectors() []*vector {
	quoted := "\"" + m0.pem() + "\""
	nameless := leaf("", m0.key)
	byMAC := csv("c02-mac-and-cert-without-name", "N", "neither the table nor the certificate has a name; the MAC address is one",
		"MAC,cert\n"+m0.mac+",\""+pemOf(nameless.Raw)+"\"\n", device(m0.mac, m0.mac))
	byMAC.Options.ThingName = "{mac}"
	noMAC := csv("c02-cert-only-named-by-mac", "E", "a template asks for what the table does not have", "cert\n"+quoted+"\n",
		rejected("no-name", "no mac"))
	noMAC.Options.ThingName = "{mac}"
	return []*vector{
		csv("c02-mac-and-cert", "N", "no column cn: the certificate names the thing", "MAC,cert\n"+m0.mac+","+quoted+"\n", m0.byMAC().On(2)),
		csv("c02-cn-and-cert", "N", "no column MAC", "cn,cert\n"+m0.cn+","+quoted+"\n", m0.byCN()),
		csv("c02-cert-only", "N", "one column", "cert\n"+quoted+"\n\""+m1.pem()+"\"\n", m0.byCN(), m1.byCN()),
		csv("c02-certs-only", "N", "the same with RainMaker's name", "certs\r\n"+m0.escaped()+"\r\n", m0.byCN()),
		csv("c02-cert-among-others", "N", "columns of other names beside it", "reel;Cert;note\n7;"+quoted+";x\n", m0.byCN()),
		csv("c02-cn-and-cert-mismatch", "E", "the column cn is compared although there is no MAC", "cn,cert\n"+m1.cn+","+quoted+"\n",
			rejected("identity-mismatch", "column cn says")),
		byMAC, noMAC,
		csv("c02-other-names", "F", "a table whose names are all others", "Serial Number,Certificate PEM,Public Key\nx,"+quoted+",y\n",
			ends("unknown-columns", `"Serial Number", "Certificate PEM", "Public Key"`)),
		csv("c02-title-lines", "F", "lines before the header, as reports of spreadsheets have them", "Order 4711,,\n,,\n"+header+m0.row(),
			ends("unknown-columns", "line 3")),
		csv("c02-pipe", "F", "a separator that is not taken", "MAC|cn|cert\n"+m0.mac+"|"+m0.cn+"|"+quoted+"\n",
			ends("unknown-columns", "separated by |")),
		csv("c02-many-names", "F", "a table of many columns",
			strings.Repeat("a long name of a column that goes on and on,", 60)+"x\n"+strings.Repeat(",", 60)+"\n",
			ends("unknown-columns", "49 more")),
		csv("c02-steering-name", "F", "a name that would steer a terminal", "a\x1b[2J,b\n1,2\n", ends("unknown-columns", `"a\x1b[2J"`)),
	}
}

// encodingVectors returns rows C4 and C6.
func encodingVectors() []*vector {
	utf16 := func(order unicode.Endianness, text string) string {
		out, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(text)
		if err != nil {
			panic(err)
		}
		return out
	}
	cell := func(text string) string { return header + m0.rowWith(text) + m1.row() }
	body := strings.Split(strings.TrimSpace(m0.pem()), "\n")
	return []*vector{
		csv("c04-utf16-le", "N", "as Excel saves Unicode text", utf16(unicode.LittleEndian, header+m0.row()+m1.row()), m0.byMAC(), m1.byMAC()),
		csv("c04-utf16-be", "N", "the other byte order", utf16(unicode.BigEndian, header+m0.row()), m0.byMAC()),
		csv("c04-utf16-no-mark", "F", "without its mark it is not certain, and saving it again is easy",
			strings.TrimPrefix(utf16(unicode.LittleEndian, header+m0.row()), "\xff\xfe"), ends("corrupt", "NUL")),
		csv("c04-latin1", "F", "the catalogue offers N or F: text in an unknown encoding is refused",
			"MAC,cn,cert,site\r\n"+strings.TrimSuffix(m0.row(), "\r\n")+",M\xfcnchen\r\n", ends("corrupt", "iconv -f ISO-8859-1")),
		csv("c04-nul", "F", "damage, in any column",
			"MAC,cn,cert,site\r\n"+strings.TrimSuffix(m0.row(), "\r\n")+",here\r\n"+strings.TrimSuffix(m1.row(),
				"\r\n")+",\x00\r\n", m0.byMAC(), ends("corrupt", "NUL")),
		csv("c04-bare-cr", "N", "line ends of old", strings.NewReplacer("\r\n", "\r", "\n", "\r").Replace(header+m0.row()+m1.row()),
			m0.byMAC().On(2), m1.byMAC().On(15)),
		csv("c04-lf", "N", "line ends of Unix", strings.ReplaceAll(header+m0.row()+m1.row(), "\r\n", "\n"), m0.byMAC(), m1.byMAC()),
		csv("c06-crlf", "N", "CRLF also inside the PEM", strings.ReplaceAll(strings.ReplaceAll(header+m0.row(), "\r\n", "\n"), "\n", "\r\n"),
			m0.byMAC()),
		csv("c06-escaped", "N", `line ends written out as \n`, cell(m0.escaped()), m0.byMAC(), m1.byMAC()),
		csv("c06-escaped-crlf", "N", `line ends written out as \r\n, in quotes`, cell("\""+strings.ReplaceAll(m0.pem(), "\n", `\r\n`)+"\""),
			m0.byMAC(), m1.byMAC()),
		csv("c06-spaces", "N", "line ends turned into single blanks", cell(strings.ReplaceAll(m0.pem(), "\n", " ")), m0.byMAC(), m1.byMAC()),
		csv("c06-joined", "N", "line ends lost", cell(strings.ReplaceAll(m0.pem(), "\n", "")), m0.byMAC(), m1.byMAC()),
		csv("c06-trailing-blanks", "N", "blanks around the PEM and at the ends of its lines",
			cell("\"  \n"+strings.ReplaceAll(m0.pem(), "\n", "  \n")+"\n \""), m0.byMAC(), m1.byMAC()),
		csv("c06-written-cr", "N", "carriage returns that a spreadsheet wrote out",
			cell("\""+strings.ReplaceAll(m0.pem(), "\n", "_x000D_\n")+"\""),
			m0.byMAC(), m1.byMAC()),
		csv("c06-written-lf", "N", "line feeds that a spreadsheet wrote out", cell("\""+strings.ReplaceAll(m0.pem(), "\n", "_x000a_")+"\""),
			m0.byMAC(), m1.byMAC()),
		csv("c06-written-cr-der", "N", "the same in base64 of DER", cell("\""+strings.ReplaceAll(wrap(m0.der64(), 64), "\n", "_x000D_\n")+"\""),
			m0.byMAC(), m1.byMAC()),
		csv("c06-der", "N", "base64 of DER without armour", cell(m0.der64()), m0.byMAC(), m1.byMAC()),
		csv("c06-hex", "N", "hex of DER with colons, as openssl prints bytes", cell(hexPairs(m0.cert.Raw, ":")), m0.byMAC(), m1.byMAC()),
		csv("c06-hex-blanks", "N", "hex with blanks, and 0x before it", cell("0x"+hexPairs(m0.cert.Raw, " ")), m0.byMAC(), m1.byMAC()),
		csv("c06-hex-odd", "E", "a digit is missing", cell(strings.TrimSuffix(hexPairs(m0.cert.Raw, ""), "0")+"z"),
			rejected("bad-encoding", "not hex"), m1.byMAC()),
		csv("c06-pem-base64", "N", "base64 of the PEM", cell(m0.pem64()), m0.byMAC(), m1.byMAC()),
		csv("c06-broken-base64", "E", "a character that base64 does not have", cell("\""+strings.Replace(m0.pem(), "MII", "M!I", 1)+"\""),
			rejected("bad-encoding", "not base64"), m1.byMAC()),
		csv("c06-no-end", "E", "PEM without its last line", cell("\""+strings.Join(body[:len(body)-1], "\n")+"\""),
			rejected("bad-encoding", "does not end"), m1.byMAC()),
	}
}

// cellVectors returns rows C7 to C11.
func cellVectors() []*vector {
	row := func(mac, cn string, m module) string { return mac + "," + cn + ",\"" + m.pem() + "\"\r\n" }
	macs := func(mac string) string { return header + row(mac, m0.cn, m0) + m1.row() }
	colons := m0.mac[:2] + ":" + m0.mac[2:4] + ":" + m0.mac[4:6] + ":" + m0.mac[6:8] + ":" + m0.mac[8:10] + ":" + m0.mac[10:]
	extra := func(text string) string {
		return "MAC,cn,cert,note\r\n" + strings.TrimSuffix(m0.row(), "\r\n") + ",x\r\n" + strings.TrimSuffix(m1.row(),
			"\r\n") + "," + text + "\r\n"
	}
	return []*vector{
		csv("c07-empty", "E", "no certificate", header+m0.rowWith("")+m1.row(), rejected("no-certificate", "column cert is empty"), m1.byMAC()),
		csv("c07-two-certificates", "E", "two devices in one record", header+m0.rowWith("\""+m0.pem()+m2.pem()+"\"")+m1.row(),
			rejected("several-certificates", "2 certificates"), m1.byMAC()),
		csv("c07-with-issuer", "N", "the authority that issued the certificate belongs to it",
			header+m0.rowWith("\""+m0.pem()+pemOf(issuer.Raw)+"\"")+m1.row(), m0.byMAC(), m1.byMAC()),
		csv("c07-with-other-issuer", "E", "an authority that has nothing to do with it",
			header+m0.rowWith("\""+m0.pem()+pemOf(otherCA.Raw)+"\"")+m1.row(), rejected("several-certificates", "number 2"), m1.byMAC()),
		csv("c07-private-key", "F", "a private key beside the certificate costs the whole file",
			header+m0.row()+m1.rowWith("\""+m1.pem()+secretText+"\""), ends("private-key", "private key")),
		csv("c07-private-key-extra-column", "F", "also in a column that is not read", extra("\""+secretText+"\""),
			ends("private-key", "private key")),
		csv("c07-private-key-escaped", "F", "also in one line", extra(strings.ReplaceAll(secretText, "\n", `\n`)),
			ends("private-key", "private key")),
		csv("c07-private-key-base64", "F", "also in base64", extra(base64.StdEncoding.EncodeToString([]byte("\n"+secretText))),
			ends("private-key", "private key")),
		csv("c07-private-key-der", "F", "also without armour", extra(base64.StdEncoding.EncodeToString(secretDER())),
			ends("private-key", "private key")).lateKey(m0),
		csv("c07-private-key-utf16", "F", "also in UTF-16", mustUTF16(extra("\""+secretText+"\"")), ends("private-key", "private key")),
		csv("c07-private-key-behind-break", "F", "also behind a break", header+m0.row()+m1.mac+",x,\"\n\"x\r\n\""+secretText+"\"",
			ends("private-key", "private key")),
		csv("c07-jwk", "F", "also as a JSON Web Key",
			extra(`"{""kty"":""EC"",""crv"":""P-256"",""x"":""AAAAAAAAAAAAAAAAAAAA"",""d"":""AAAAAAAAAAAAAAAAAAAA""}"`), ends("private-key",
				"private key")).lateKey(m0),
		csv("c08-duplicates", "N", "decoders do not judge repetitions, the import does: entry 1 is skipped there, entry 2 rejected",
			header+m0.row()+m0.row()+row(m0.mac, m1.cn, m1), m0.byMAC(), m0.byMAC(), device(m0.mac, m1.cn)),
		csv("c09-colons", "N", "colons", macs(colons), m0.byMAC(), m1.byMAC()),
		csv("c09-dashes-lower", "N", "dashes and lower case", macs(strings.ToLower(strings.ReplaceAll(colons, ":", "-"))), m0.byMAC(),
			m1.byMAC()),
		csv("c09-dots", "N", "groups of four", macs(m0.mac[:4]+"."+m0.mac[4:8]+"."+m0.mac[8:]), m0.byMAC(), m1.byMAC()),
		csv("c09-apostrophe", "N", "a spreadsheet's mark of text", macs("'"+m0.mac), m0.byMAC(), m1.byMAC()),
		csv("c09-formula", "N", "the formula with which people keep a spreadsheet from making it a number", macs("\"=\"\""+m0.mac+"\"\"\""),
			m0.byMAC(), m1.byMAC()),
		csv("c09-formula-unquoted", "N", "the same, as other programs write it", macs("=\""+m0.mac+"\""), m0.byMAC(), m1.byMAC()),
		csv("c09-formula-open", "E", "such a formula that is not closed", macs("=\""+m0.mac), rejected("malformed-entry", "a quote"), m1.byMAC()),
		csv("c09-formula-of-two", "E", "a formula that joins two texts", macs("=\""+m0.mac[:6]+"\"&\""+m0.mac[6:]+"\""),
			rejected("malformed-entry", "a quote"), m1.byMAC()),
		csv("c09-spaces", "N", "spaces, as on labels", macs(strings.ReplaceAll(colons, ":", " ")), m0.byMAC(), m1.byMAC()),
		csv("c09-halves", "N", "manufacturer and number", macs(m0.mac[:6]+"-"+m0.mac[6:]), m0.byMAC(), m1.byMAC()),
		csv("c09-mixed-separators", "E", "separators of two kinds", macs(strings.Replace(colons, ":", "-", 1)),
			rejected("bad-id", "not twelve hex digits"), m1.byMAC()),
		csv("c09-eleven-digits", "E", "a leading zero was lost, and which digit it was is not certain", macs(m0.mac[1:]),
			rejected("bad-id", "11 hex digits"), m1.byMAC()),
		csv("c09-spreadsheet-number", "E", "digits were lost", macs("1.23E+11"), rejected("bad-id", "spreadsheet"), m1.byMAC()),
		csv("c09-not-hex", "E", "a letter O", macs("O"+m0.mac[1:]), rejected("bad-id", "not twelve hex digits"), m1.byMAC()),
		csv("c09-empty", "E", "no MAC address", macs(""), rejected("bad-id", "empty"), m1.byMAC()),
		csv("c10-cn-swapped", "E", "two lines had their certificates exchanged", header+row(m0.mac, m0.cn, m1)+row(m1.mac, m1.cn, m0)+m2.row(),
			rejected("identity-mismatch", "column cn says"), rejected("identity-mismatch", "column cn says"), m2.byMAC()),
		csv("c10-cn-empty", "N", "an empty cell claims nothing: the certificate's own name counts", header+row(m0.mac, "", m0)+m1.row(),
			m0.byMAC(), m1.byMAC()),
		csv("c10-cn-blank", "N", "a cell with blanks only, too", header+row(m0.mac, "  ", m0)+m1.row(), m0.byMAC(), m1.byMAC()),
		csv("c11-formula", "E", "what a spreadsheet would run cannot be a thing's name",
			header+formula("=cmd|' /C calc'!A0")+formula("+1")+formula("@SUM(A1)")+m1.row(),
			rejected("bad-name", "AWS IoT takes"), rejected("bad-name", "AWS IoT takes"), rejected("bad-name", "AWS IoT takes"), m1.byMAC()),
	}
}

// lateKey expects a device before the end: a key without armour is detected only in its record.
func (v *vector) lateKey(m module) *vector {
	e := m.byMAC()
	v.Entries = append([]entry{e}, v.Entries...)
	return v
}

func mustUTF16(text string) string {
	out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return out
}

// formula returns a record with text as its CN.
func formula(text string) string {
	return m0.mac + ",\"" + text + "\",\"" + pemOf(leaf(text, m0.key).Raw) + "\"\r\n"
}

// siblingVectors returns row C16.
func siblingVectors() []*vector {
	return []*vector{
		csv("c16-rainmaker-node-ids", "F", "RainMaker's list of names", "node_id\n"+m0.cn+"\n"+m1.cn+"\n",
			ends("unsupported-format", "node_certs.csv")),
		csv("c16-nrf-attestation-tokens", "F", "tokens and no certificates", "351358811330130,"+m0.cn+",2dn3hQFQUDYxVDkxRPCAIhIbZAFifUERWCBo\n",
			ends("unsupported-format", "attestation_tokens.csv")),
		csv("c16-nrf-attestation-header", "F", "the same with a header", "IMEI,UUID,Attestation Token\n351358811330130,"+m0.cn+",2dn3\n",
			ends("unsupported-format", "attestation_tokens.csv")),
		csv("c16-esp-secure-cert", "F", "the description of a partition",
			"key,type,encoding,value\nesp_secure_cert,namespace,,\ndev_cert,file,binary,device.pem\n", ends("unsupported-format",
				"flash partition")),
	}
}
