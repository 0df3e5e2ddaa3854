package main

import (
	"bytes"
	"strings"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// fileVectors returns rows M28, M29 and M31: the frame around the entries.
func fileVectors() []*vector {
	one, two := materialtest.Array(good(0)), materialtest.Array(good(0), good(1))
	lines := append(append(material.JSON(good(0)), '\n'), material.JSON(good(1))...)
	compact := material.JSON([]material.Object{good(0), good(1)})
	second := bytes.LastIndex(two, []byte(`"payload"`))
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	frame := func(name, reason, detail, note, text string) *vector {
		return fatal(name, reason, detail, note, []byte(text))
	}
	return []*vector{
		vec("m28-single-object", "N", "one entry that is not in an array", material.JSON(good(0))).device(0),
		vec("m28-json-lines", "F", "one entry a line", lines).device(0).ends("trailing-data", "JSON Lines"),
		frame("m28-null", "unknown-format", "JSON array", "the JSON is null", "null"),
		frame("m28-number", "unknown-format", "JSON array", "the JSON is a number", "42"),
		frame("m28-text", "unknown-format", "JSON array", "the JSON is a string", `"manifest"`),
		frame("m28-empty-array", "empty", "no entries", "an empty array", "[]"),
		frame("m28-null-entry", "unknown-format", "first element", "an array of null", "[null]"),
		frame("m28-nested-array", "unknown-format", "first element", "an array of arrays", "[[{}]]"),
		frame("m28-number-entry", "unknown-format", "first element", "an array of numbers", "[1,2,3]"),
		frame("m28-empty-file", "empty", "nothing", "a file without a byte", ""),
		frame("m28-blank-file", "empty", "nothing", "a file of white space", " \r\n\t\n"),
		frame("m28-html", "unknown-format", "JSON array", "an error page of a portal", "<!DOCTYPE html><title>Sign in</title>"),
		vec("m28-empty-object", "E", "an object without anything", []byte("[{}]")).rejected("malformed-entry", `no "payload"`),
		vec("m28-null-between", "E", "something that is no object, between entries", join(good(0), "null", good(1))).device(0).
			rejected("malformed-entry", "the entry is null").device(1),
		vec("m28-array-between", "E", "an array between entries", join(good(0), "[[1]]", good(1))).device(0).
			rejected("malformed-entry", "the entry is an array").device(1),
		bad("m28-payload-object", "malformed-entry", "payload is an object", "the payload is not encoded", good(0).With("payload", content(0))),
		bad("m28-general-serialization", "malformed-entry", "general JWS", "a JWS with several signatures",
			good(0).Without("signature").And("signatures", []material.Object{})),
		vec("m28-compact", "N", "no white space at all", compact).device(0).device(1),
		vec("m28-crlf", "N", "lines end with CRLF, and the file with one",
			append(bytes.ReplaceAll(two, []byte("\n"), []byte("\r\n")), "\r\n"...)).
			device(0).device(1),
		vec("m29-truncated-in-entry", "F", "the file ends inside the second entry", two[:second+200]).device(0).ends("truncated", "not closed"),
		vec("m29-truncated-after-entry", "F", "the file ends behind an entry", open(one)).device(0).ends("truncated", "not closed"),
		vec("m29-truncated-after-comma", "F", "the file ends behind a comma", append(open(one), ',')).device(0).ends("truncated", "not closed"),
		fatal("m29-truncated-at-start", "truncated", "not closed", "the file is one bracket", []byte("[")),
		vec("m29-trailing-garbage", "F", "something follows the array", append(append([]byte(nil), one...), " garbage"...)).device(0).
			ends("trailing-data", "after the end"),
		vec("m29-two-arrays", "F", "two files in one", append(append([]byte(nil), one...), materialtest.Array(good(1))...)).device(0).
			ends("trailing-data", "after the end"),
		vec("m29-trailing-comma", "F", "a comma before the end", append(open(one), ",]"...)).device(0).ends("corrupt", "after a comma"),
		vec("m29-two-commas", "F", "two commas between entries", join(good(0), ",", good(1))).device(0).ends("corrupt", "after a comma"),
		vec("m29-no-comma", "F", "no comma between entries", replace(two, "},\n  {\n    \"payload\"", "}\n  {\n    \"payload\"")).device(0).
			ends("corrupt", "comma"),
		vec("m29-break-inside", "F", "the JSON breaks where an entry's end is not certain", replace(two, `"header": {`, `"header": !{`)).
			ends("corrupt", "breaks inside an entry"),
		vec("m29-quote-in-value", "E", "a character of the payload was damaged into a quote: the entry's end is certain", damage(two, '"')).
			rejected("malformed-entry", "not valid JSON").device(1),
		vec("m29-backslash-in-value", "E", "the last character of the signature was damaged into a backslash", damageEnd(two, '\\')).
			rejected("malformed-entry", "not valid JSON").device(1),
		vec("m29-control-in-value", "E", "a character of the payload was damaged into a control character", damage(two, 0x07)).
			rejected("malformed-entry", "not valid JSON").device(1),
		frame("m31-deep-array", "unknown-format", "first element", "arrays in arrays", strings.Repeat("[", 5000)),
		frame("m31-deep-entry", "limit-exceeded", "deeper than 32", "an entry that nests without end", `[{"header":`+strings.Repeat(`[`, 5000)),
		frame("m31-deep-closed-entry", "limit-exceeded", "deeper than 32", "an entry that nests deeply", `[{"header":`+deep+`}]`),
		bad("m31-deep-payload", "malformed-entry", "deeper than 32", "a payload that nests deeply",
			material.SignText(header(), []byte(`{"modelInfo":`+deep+`}`), reel.SignerKey)),
		vec("m31-long-entry", "F", "an entry beyond the limit", two).ends("limit-exceeded", "longer than 1024 bytes").
			with(func(o *options) { o.Limits = &limits{EntryBytes: 1024} }),
		vec("m31-endless-string", "F", "a string that does not end within the limit", []byte(`[{"payload":"`+strings.Repeat("A", 5000))).
			ends("limit-exceeded", "longer than 1024 bytes").with(func(o *options) { o.Limits = &limits{EntryBytes: 1024} }),
		vec("m31-many-entries", "F", "more entries than the limit", two).device(0).ends("limit-exceeded", "more than 1 entries").
			with(func(o *options) { o.Limits = &limits{Entries: 1} }),
	}
}

// open removes the end of an array.
func open(array []byte) []byte { return bytes.Clone(bytes.TrimRight(array, "\n]")) }

// join inserts text between two entries of an array.
func join(before material.Object, text string, after material.Object) []byte {
	return bytes.Join([][]byte{append([]byte("["), material.JSON(before)...), []byte(text), append(material.JSON(after), ']')}, []byte(","))
}

func replace(text []byte, old, with string) []byte {
	if !bytes.Contains(text, []byte(old)) {
		panic("nothing to replace: " + old)
	}
	return bytes.Replace(text, []byte(old), []byte(with), 1)
}

// damage changes a byte inside the first payload.
func damage(text []byte, to byte) []byte {
	c := bytes.Clone(text)
	c[bytes.Index(c, []byte("eyJ"))+40] = to
	return c
}

// damageEnd changes the last byte of the first signature.
func damageEnd(text []byte, to byte) []byte {
	c := bytes.Clone(text)
	at := bytes.Index(c, []byte(`"signature": "`)) + len(`"signature": "`)
	c[at+bytes.IndexByte(c[at:], '"')-1] = to
	return c
}
