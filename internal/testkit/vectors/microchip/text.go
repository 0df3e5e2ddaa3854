package main

import (
	"encoding/base64"
	"encoding/binary"
	"unicode/utf16"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// textVectors returns row M30: how characters are written.
func textVectors() []*vector {
	two := materialtest.Array(good(0), good(1))
	return []*vector{
		vec("m30-utf8-bom", "N", "UTF-8 with byte order mark", append([]byte("\xef\xbb\xbf"), two...)).device(0).device(1),
		vec("m30-utf16le", "N", "UTF-16, little-endian, with byte order mark", inUTF16(two, binary.LittleEndian)).device(0).device(1),
		vec("m30-utf16be", "N", "UTF-16, big-endian, with byte order mark", inUTF16(two, binary.BigEndian)).device(0).device(1),
		fatal("m30-utf16-no-bom", "unknown-format", "JSON array", "UTF-16 without byte order mark", inUTF16(two, binary.LittleEndian)[2:]),
		vec("m30-invalid-utf8", "F", "a byte that is not UTF-8 in the unsigned header",
			replace(two, chip(0).UniqueID, chip(0).UniqueID[:17]+"\xff")).ends("corrupt", "not UTF-8"),
		vec("m30-latin1-comment", "F", "Latin-1 in a member that does not matter",
			replace(materialtest.Array(good(0).And("note", "u"), good(1)), `"u"`, "\"\xfc\"")).ends("corrupt", "not UTF-8"),
		vec("m30-lone-surrogate", "F", "an escape that stands for no character, in the unsigned header",
			replace(two, chip(0).UniqueID, `\ud800`)).
			ends("corrupt", "not UTF-8"),
		vec("m30-nul-in-text", "F", "a NUL byte inside a string", replace(two, chip(0).UniqueID, chip(0).UniqueID[:17]+"\x00")).
			ends("corrupt", "NUL"),
		vec("m30-nul-between", "F", "a NUL byte between entries", replace(two, "},\n  {", "},\x00\n  {")).device(0).
			ends("corrupt", "after a comma"),
		vec("m30-invalid-utf8-in-value", "E", "a byte that is not UTF-8 inside the payload: the damage is confined", damage(two, 0xe5)).
			rejected("bad-encoding", "payload").device(1),
		bad("m30-surrogate-in-payload", "malformed-entry", "not valid JSON", "the signed payload holds an escape that stands for no character",
			payloadText(`{"version":1,"uniqueId":"\ud800"}`)),
		bad("m30-utf8-in-payload", "malformed-entry", "not valid JSON", "the signed payload is not UTF-8",
			payloadText("{\"version\":1,\"uniqueId\":\"\xff\"}")),
		bad("m30-payload-not-json", "malformed-entry", "not valid JSON", "the signed payload is not JSON", payloadText("version=1")),
		bad("m30-payload-two-values", "malformed-entry", "something follows", "the signed payload is two objects",
			payloadText(string(material.JSON(content(0)))+"{}")),
		bad("m30-payload-empty", "malformed-entry", "not valid JSON", "the signed payload is empty", payloadText("")),
	}
}

// payloadText signs any text.
func payloadText(text string) material.Object {
	return material.SignText(header(), []byte(text), reel.SignerKey)
}

func inUTF16(text []byte, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(string(text)))...) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// withoutFirstByte drops a leading byte of base64url.
func withoutFirstByte(text string) string {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || raw[0] != 0 {
		panic("no leading zero in " + text)
	}
	return material.URL64(raw[1:])
}
