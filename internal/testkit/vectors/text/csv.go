package main

import (
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// table returns a new vector of a table with columns.
func table(name, outcome, note, columns, text string, expect ...any) *vector {
	return vec("csv", name, outcome, note, []byte(text), expect...).with(func(o *options) { o.Columns = columns })
}

// record returns a record with LF, in which cells with separators are quoted.
func record(separator string, cells ...string) string {
	for i, cell := range cells {
		if strings.ContainsAny(cell, separator+"\"\n") {
			cells[i] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
	}
	return strings.Join(cells, separator) + "\n"
}

const plainColumns = "cert=certificate,check=cn,id=serial"

func plainTable(separator string, modules ...module) string {
	text := record(separator, "serial", "cn", "certificate")
	for _, m := range modules {
		text += record(separator, m.mac, m.cn, m.pem())
	}
	return text
}

// byID expects the module with its MAC address as it is written.
func (m module) byID() entry { return device(m.mac, m.cn) }

// tableVectors returns rows T1 to T4: headers, delimiters, encodings, and what else stands in a table.
func tableVectors() []*vector {
	utf16 := func(order unicode.Endianness, text string) string {
		out, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(text)
		if err != nil {
			panic(err)
		}
		return out
	}
	plain := plainTable(",", m0, m1)
	header, rest, _ := strings.Cut(plain, "\n")
	withoutHeader := rest
	rest = header + "\n" + rest
	return []*vector{
		table("t01-by-header", "N", "the columns are named", plainColumns, plain, m0.byID().On(2), m1.byID()),
		table("t01-case-and-blanks", "N", "headers match whatever their case and blanks", "cert=CERTIFICATE,check= Cn ,id=Serial", plain,
			m0.byID(), m1.byID()),
		table("t01-quoted-header", "N", "a header with a comma and a bar", `cert="Certificate, PEM|DER",id=a`,
			record(",", "a", "Certificate, PEM|DER")+record(",", "7", m0.pem()), device("7", m0.cn)),
		table("t01-alternatives", "N", "the first header that the table has counts", "cert=pem|certificate,id=imei?,check=CN", plain, m0.byCN(),
			m1.byCN()),
		table("t01-missing", "F", "a column that is named is not there", "cert=certificate,group=line", plain,
			ends("unknown-columns", "no column line")),
		table("t01-no-certificates", "F", "nor is that of the certificates", "cert=pem", "a,b\n1,2\n", ends("unknown-columns", `"a", "b"`)),
		table("t01-twice", "F", "two columns have the name", "cert=certificate,id=serial", "serial,serial,certificate\n1,2,x\n",
			ends("duplicate-field", "two columns serial")),
		table("t01-twice-by-number", "N", "a number tells them apart", "cert=certificate,id=2",
			"serial,serial,certificate\n"+record(",", "1", m0.mac, m0.pem()), m0.byID()),
		table("t02-by-number", "N", "no header at all", "cert=3,check=2,id=1", withoutHeader, m0.byID().On(1), m1.byID()),
		table("t02-by-number-with-header", "N", "a header is no entry", "cert=3,check=2,id=1", rest, m0.byID().On(2), m1.byID()),
		table("t02-by-number-with-titles", "N", "nor are titles", "cert=3,check=2,id=1", "Order 4711,,\n\n"+withoutHeader, m0.byID().On(3),
			m1.byID()),
		table("t02-bad-first-record", "E", "a record without a certificate is one, even if it is the first", "cert=3,check=2,id=1",
			record(",", m2.mac, m2.cn, "none yet")+withoutHeader, rejected("bad-certificate", "column 3"), m0.byID(), m1.byID()),
		table("t02-number-too-large", "F", "there are three columns", "cert=4", withoutHeader, ends("unknown-columns", "no column 4")),
		table("t03-semicolon", "N", "found by the header", plainColumns, plainTable(";", m0, m1), m0.byID(), m1.byID()),
		table("t03-tab", "N", "the same with tabs", plainColumns, plainTable("\t", m0, m1), m0.byID(), m1.byID()),
		table("t03-bar", "N", "the same with bars", plainColumns, plainTable("|", m0, m1), m0.byID(), m1.byID()),
		table("t03-named", "N", "a delimiter that is named counts", "cert=certificate",
			"a,b;certificate\n"+record(";", "x,y", m0.pem()), m0.byCN()).with(func(o *options) { o.Delimiter = "semicolon" }),
		table("t03-sep-line", "N", "Excel's own line names it", plainColumns, "sep=;\r\n"+plainTable(";", m0), m0.byID().On(3)),
		table("t04-byte-order-mark", "N", "as Excel saves UTF-8", plainColumns, "\ufeff"+plain, m0.byID(), m1.byID()),
		table("t04-utf16-le", "N", "as Excel saves Unicode text, with tabs", plainColumns,
			utf16(unicode.LittleEndian, strings.ReplaceAll(plainTable("\t", m0, m1), "\n", "\r\n")), m0.byID(), m1.byID()),
		table("t04-utf16-be", "N", "the other byte order", plainColumns, utf16(unicode.BigEndian, plain), m0.byID(), m1.byID()),
		table("t04-latin1", "F", "the message names the encoding and the line", "cert=certificate",
			"site,certificate\n"+record(",", "here", m0.pem())+record(",", "M\xfcnchen", m1.pem()), m0.byCN(),
			ends("corrupt", "iconv -f ISO-8859-1")),
		table("t04-windows-1252", "F", "the same with a character that Latin-1 does not have", "cert=certificate",
			"price,certificate\n"+record(",", "7 \x80", m0.pem()), ends("corrupt", "iconv -f WINDOWS-1252")),
		table("t04-titles-comments-blanks", "N", "none of them is an entry", plainColumns,
			"Order 4711,,\n\"as of, today\",,\n,,\n# by hand\n\n"+plain+",,\n# end\n", m0.byID().On(7), m1.byID()),
		table("t04-joined", "N", "two tables that were joined without a line end between them", plainColumns,
			strings.TrimSuffix(plainTable(",", m0), "\n")+plainTable(",", m1), m0.byID(), m1.byID()),
		table("t04-joined-without-header", "N", "the same of tables without a header", "cert=3,check=2,id=1",
			strings.TrimSuffix(record(",", m0.mac, m0.cn, m0.pem()), "\n")+record(",", m1.mac, m1.cn, m1.pem()), m0.byID(), m1.byID()),
		table("t04-ragged", "E", "records of another length cost no other", plainColumns,
			plainTable(",", m0)+"x\n"+record(",", m1.mac, m1.cn, m1.pem(), "y")+record(",", m2.mac, m2.cn, m2.pem()),
			m0.byID(), rejected("malformed-entry", "1 column, where"), rejected("malformed-entry", "4 columns"), m2.byID()),
		table("t04-header-only", "F", "nothing to import is not success", plainColumns, header+"\n", ends("empty", "no record")),
		table("t04-blank", "F", "only blank lines", plainColumns, "\n\n", ends("empty", "nothing")),
		table("t04-entry-too-long", "F", "a record beyond the limit of one entry", plainColumns,
			plain+record(",", "7", strings.Repeat("A", 5000), "x"), m0.byID(), m1.byID(), ends("limit-exceeded", "longer than 4096 bytes")).
			with(limit(4096, 0)),
	}
}

// tableCellVectors returns rows T5 to T7, and C15: cells, secrets, and tables of known programs.
func tableCellVectors() []*vector {
	one := func(cell string) string { return record(",", "serial", "certificate") + record(",", m0.mac, cell) }
	const columns = "cert=certificate,id=serial"
	nordic := func(m module) string { return record(",", m.cn, "gateway", "line-7|hall-2", "APP|MODEM", m.pem()) }
	onboard := func(name, outcome, note, text string, expect ...any) *vector {
		return vec("csv", name, outcome, note, []byte(text), expect...)
	}
	return []*vector{
		table("t05-pem-escaped", "N", `PEM with \n`, columns, one(m0.escaped()), m0.byID()),
		table("t05-pem-one-line", "N", "PEM with blanks in the place of line ends", columns, one(strings.ReplaceAll(m0.pem(), "\n", " ")),
			m0.byID()),
		table("t05-pem-literal", "N", "line ends that a spreadsheet wrote out", columns, one(strings.ReplaceAll(m0.pem(), "\n", "_x000D_\n")),
			m0.byID()),
		table("t05-pem-base64", "N", "base64 of PEM", columns, one(m0.pem64()), m0.byID()),
		table("t05-der-base64", "N", "base64 of DER", columns, one(m0.der64()), m0.byID()),
		table("t05-der-hex", "N", "hex of DER", columns, one(hexPairs(m0.cert.Raw, "")), m0.byID()),
		table("t05-der-hex-colons", "N", "hex with colons, in capitals", columns, one(strings.ToUpper(hexPairs(m0.cert.Raw, ":"))), m0.byID()),
		table("t05-empty", "E", "no certificate", columns, one("")+record(",", m1.mac, m1.pem()),
			rejected("no-certificate", "column certificate"),
			m1.byID()),
		table("t05-broken", "E", "a certificate that is none", columns, one("MIIB")+record(",", m1.mac, m1.pem()),
			rejected("bad-certificate", "column certificate"), m1.byID()),
		table("t05-other-name", "E", "the cell that should repeat the CN does not", "cert=certificate,check=serial", one(m0.pem()),
			rejected("identity-mismatch", "column serial says")),
		table("t05-name", "N", "a cell names the thing", "cert=certificate,name=serial", one(m0.pem()), device(m0.cn, m0.mac)),
		table("t05-bad-name", "E", "a cell names it badly", "cert=certificate,name=serial",
			record(",", "serial", "certificate")+record(",", "pump 7", m0.pem()), rejected("bad-name", "pump 7")),
		table("t05-no-name", "E", "or not at all", "cert=certificate,name=serial", record(",", "serial", "certificate")+record(",", "", m0.pem()),
			rejected("no-name", "column.1")),
		table("t05-no-id", "E", "an ID is missing", columns,
			record(",", "serial", "certificate")+record(",", "", m0.pem())+record(",", m1.mac, m1.pem()),
			rejected("bad-id", "column serial is empty"), m1.byID()),
		table("t06-private-key", "F", "a private key beside the certificate costs the whole file", columns,
			record(",", "serial", "certificate", "key")+record(",", m0.mac, m0.pem(), secretText), ends("private-key", "private key")),
		table("t06-private-key-in-cell", "F", "nor may the cell of the certificate have one", columns, one(m0.pem()+secretText),
			ends("private-key", "private key")),
		table("t06-private-key-hex", "F", "also in hex", columns,
			record(",", "serial", "certificate", "x")+record(",", m0.mac, m0.pem(), hexPairs(secretDER(), " ")), ends("private-key", "private key")).
			lateKey(m0),
		table("t06-secret-by-number", "F", "a password cannot be an attribute", "cert=2,attribute.p=1",
			record(",", "Wifi Password", "certificate")+record(",", "hunter2", m0.pem()), ends("secret-column", "holds a secret")),
		table("t06-secret-cell", "E", "a cell that looks like one cannot either", "cert=certificate,attribute.p=label",
			record(",", "label", "certificate")+record(",", `{"ver":"v1","name":"PROV_1","pop":"abcd1234"}`, m0.pem()),
			rejected("secret-column", "column label")),
		table("t06-secret-template", "E", "nor can it name the thing", "cert=certificate",
			record(",", "label", "certificate")+record(",", `{"ver":"v1","pop":"abcd1234"}`, m0.pem()), rejected("secret-column", "label")).
			with(func(o *options) { o.ThingName = "{column.label}" }),
		table("t06-column-template", "N", "other columns can", "cert=certificate",
			record(",", "Label No", "certificate")+record(",", "L-7", m0.pem()), device(m0.cn, "x-l-7")).
			with(func(o *options) { o.ThingName = "x-{column.label no|lower}" }),
		onboard("c15-nrf-onboard", "N", "onboard.csv of nrfcloud-utils needs no columns", nordic(m0)+nordic(m1), m0.byCN().On(1), m1.byCN()),
		onboard("c15-nrf-joined", "N", "two of its files of 1,000 records joined", strings.TrimSuffix(nordic(m0), "\n")+nordic(m1), m0.byCN(),
			m1.byCN()),
		onboard("c15-nrf-mismatch", "E", "the device ID is another one", record(",", m1.cn, "", "", "", m0.pem())+nordic(m1),
			rejected("identity-mismatch", "column 1 says"), m1.byCN()),
		onboard("c15-nrf-ragged", "E", "tags with commas without quotes", nordic(m0)+strings.Replace(nordic(m1), "|", ",", 1), m0.byCN(),
			rejected("malformed-entry", "6 columns")),
		onboard("t07-unknown", "F", "a table of another program", plainTable(",", m0, m1),
			ends("unknown-columns", `"serial", "cn", "certificate"`)),
		onboard("t07-prose", "F", "no table", "Dear customer,\nyours\n", ends("unknown-format", "not a table")),
	}
}
