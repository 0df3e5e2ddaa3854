package main

import (
	"crypto/x509"
	"encoding/json"
	"math/big"
	"strings"

	"github.com/thingpress/thingpress/internal/material"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// identityVectors returns rows M11 to M16, M20, M23 to M26 and M32: what an entry claims to be.
func identityVectors() []*vector {
	e, other := good(0), chip(2)
	renamed := func(id any) material.Object { return e.With("header", material.Object{}.With("uniqueId", id)) }
	identified := func(id any) material.Object { return sign(0, content(0).With("uniqueId", id)) }
	versioned := func(text string) material.Object {
		return sign(0, content(0).With("version", json.RawMessage(text)))
	}
	timed := func(at any) material.Object { return sign(0, content(0).With("provisioningTimestamp", at)) }
	spaces := withChain(leaf("01237A005B08BCC527 ATECC", nil), reel.Issuer)
	id := chip(0).UniqueID
	spacedName := strings.ToUpper(id) + " ATECC"
	ownSpaces := withChain(leaf(spacedName, nil), reel.Issuer)
	longID := strings.Repeat("0123456789abcdef", 4)
	unusual := func(id string) material.Object {
		payload := reel.PayloadOf(id, material.JWK("0", &chip(0).Key.PublicKey).
			And("x5c", materialtest.X5C(customLeaf("unit-1", chip(0).Key), custom)))
		return sign(0, payload).Without("header")
	}
	loraName := strings.ToUpper(id) + " 0004A310001FF9DA ATECC"
	return []*vector{
		bad("m11-renamed-in-header", "identity-mismatch", "the header calls the chip", "the unsigned header names another chip",
			renamed(other.UniqueID)),
		bad("m11-header-not-text", "malformed-entry", "uniqueId of the header", "the header's uniqueId is a number", renamed(7)),
		bad("m11-empty-in-header", "identity-mismatch", "the header calls the chip", "the header's uniqueId is empty", renamed("")),
		fine("m11-header-upper-case", "the header writes the ID in upper case", renamed(strings.ToUpper(id))),
		fine("m12-no-header", "no unsigned header, as in real parts of 2019", e.Without("header")),
		fine("m12-empty-header", "an unsigned header without uniqueId", e.With("header", material.Object{})),
		bad("m12-header-not-object", "malformed-entry", "the header is a string", "the unsigned header is a string", e.With("header", id)),
		vec("m13-repetition", "N", "the same entry twice: both decode, and the importer skips the second", materialtest.Array(e, e)).device(0).
			device(0),
		vec("m14-two-certificates", "E", "one ID with two certificates: both decode, and the importer rejects the second as a contradiction",
			materialtest.Array(e, reissued())).device(0).device(0),
		vec("m14-certificate-in-two-chips", "N", "one certificate of a customer's authority under two IDs: both decode, "+
			"and the import rejects the second as a contradiction",
			materialtest.Array(unusual(id), unusual(other.UniqueID))).named(id, "unit-1").named(other.UniqueID, "unit-1"),
		bad("m14-certificate-of-another", "identity-mismatch", "the certificate is for",
			"one certificate under two IDs, issued by Microchip's authority",
			sign(0, content(2).With("uniqueId", id))),
		vec("m15-replay", "N", "a valid entry that was imported before: whether it conflicts is for the importer to see in AWS",
			materialtest.Array(e)).device(0),
		bad("m16-payload-twice", "duplicate-field", "payload", "readers differ in which one they take",
			e.And("payload", good(2).Text("payload"))),
		bad("m16-signature-twice", "duplicate-field", "signature", "readers differ in which one they take",
			e.And("signature", good(2).Text("signature"))),
		bad("m16-id-twice", "duplicate-field", "uniqueId", "the signed payload has two IDs", sign(0, content(0).And("uniqueId", other.UniqueID))),
		bad("m16-alg-twice", "duplicate-field", "alg", "the protected header has two algorithms", protect(header().And("alg", "none"))),
		bad("m16-chain-twice", "duplicate-field", "x5c", "a key has two chains",
			withKeys(deviceKey(0).And("x5c", materialtest.X5C(other.Leaf, reel.Issuer)))),
		bad("m16-id-in-two-cases", "duplicate-field", "only in case", "readers that ignore case take the second",
			sign(0, content(0).And("UNIQUEID", other.UniqueID))),
		bad("m16-id-in-other-case", "duplicate-field", "only in case", "names are matched exactly",
			sign(0, content(0).Without("uniqueId").And("uniqueID", id))),
		bad("m16-payload-in-two-cases", "duplicate-field", "only in case", "readers that ignore case take the second",
			e.And("Payload", good(2).Text("payload"))),
		vec("m16-escaped-name-twice", "E", "an escape hides that the name is the same",
			replace(materialtest.Array(e.And("second", good(2).Text("payload")), good(1)), `"second"`, `"p\u0061yload"`)).
			rejected("duplicate-field", "twice").device(1),
		bad("m20-name-of-another", "identity-mismatch", "the certificate is for", "the name in a Microchip certificate is another chip's",
			withChain(leaf("sn"+strings.ToUpper(other.UniqueID), nil), reel.Issuer)),
		bad("m20-free-name", "identity-mismatch", "the certificate is for", "the name in a Microchip certificate is no serial number",
			withChain(leaf("device-1", nil), reel.Issuer)),
		vec("m20-custom-authority-serial", "W", "a customer's authority, and the name has the form of another chip's serial number",
			materialtest.Array(withChain(customLeaf("sn"+strings.ToUpper(other.UniqueID), chip(0).Key), custom), good(1))).
			named(id, "sn"+strings.ToUpper(other.UniqueID)).warn("identity-mismatch").device(1),
		vec("m20-custom-authority-name", "N", "a customer's authority names devices as it likes",
			materialtest.Array(withChain(customLeaf("pump-0001", chip(0).Key), custom), good(1))).named(id, "pump-0001").device(1),
		bad("m23-version-4", "unsupported-version", "version 4 is not known", "a version that does not exist yet", versioned("4")),
		bad("m23-version-text", "unsupported-version", "a string and not a number", "the version is a string", versioned(`"1"`)),
		bad("m23-no-version", "unsupported-version", "no version", "the version is missing", sign(0, content(0).Without("version"))),
		bad("m23-version-negative", "unsupported-version", "version -1 is not known", "a negative version", versioned("-1")),
		bad("m23-version-huge", "unsupported-version", "version 1e309 is not known", "a number beyond what floating point holds",
			versioned("1e309")),
		bad("m23-version-fraction", "unsupported-version", "version 1.0 is not known", "versions are integers", versioned("1.0")),
		fine("m23-version-3", "payload version 3, the new Full format", versioned("3")),
		fine("m25-upper-case", "tools of Microchip write the ID in upper case; it is normalised to lower case",
			sign(0, content(0).With("uniqueId", strings.ToUpper(id)))),
		warned("m25-eight-bytes", "the specification gives no length of IDs", unusual(id[:16]), "odd-id").identity(id[:16], "unit-1"),
		warned("m25-thirty-two-bytes", "the longest ID", unusual(longID), "odd-id").identity(longID, "unit-1"),
		warned("m25-one-byte", "the shortest ID", unusual("0A"), "odd-id").identity("0a", "unit-1"),
		bad("m25-thirty-three-bytes", "bad-id", "1 to 32 bytes", "the ID is too long", identified(longID+"00")),
		bad("m25-half-a-byte", "bad-id", "1 to 32 bytes", "the ID has 17 digits", identified(id[:17])),
		bad("m25-not-hex", "bad-id", "1 to 32 bytes", "the ID is not hex", identified("0123zz"+id[6:])),
		bad("m25-path", "bad-id", "1 to 32 bytes", "the ID is a path", identified("../../../etc/passwd")),
		bad("m25-long", "bad-id", "1 to 32 bytes", "the ID has ten thousand characters", identified(strings.Repeat("a", 10_000))),
		bad("m25-missing", "bad-id", "1 to 32 bytes", "there is no ID", sign(0, content(0).Without("uniqueId"))),
		bad("m25-number", "malformed-entry", "uniqueId", "the ID is a number", identified(123)),
		bad("m25-zero-byte", "bad-id", "1 to 32 bytes", "the ID holds a NUL", identified(id[:17]+"\x00")),
		bad("m26-spaces", "bad-name", "AWS IoT takes", "CN of LoRaWAN parts of 2019: not a thing name, and never changed silently", ownSpaces),
		bad("m26-spaces-of-another", "identity-mismatch", "the certificate is for", "CN with spaces and another chip's serial number", spaces),
		vec("m26-spaces-template", "N", "the same with a template that takes the ID", materialtest.Array(ownSpaces, good(1))).
			named(id, id).named(chip(1).UniqueID, chip(1).UniqueID).with(func(o *options) { o.ThingName = "{unique_id}" }),
		vec("m26-lora-template", "N", "CN with serial number and EUI-64", materialtest.Array(withChain(leaf(loraName, nil), reel.Issuer))).
			named(id, "lora-"+id).with(func(o *options) { o.ThingName = "lora-{id}" }),
		fine("m32-signer-expired-since", "the signer was valid when the chip was provisioned, which is what counts",
			short("2025-06-01T20:14:53.773Z")).
			with(func(o *options) { o.Signers = append(o.Signers, "signers/short.pem") }),
		bad("m32-after-signer", "signer-not-valid", "provisioned on 2026-03-01", "provisioned after the signer's validity",
			short("2026-03-01T00:00:00Z")).
			with(func(o *options) { o.Signers = append(o.Signers, "signers/short.pem") }),
		warned("m32-after-signer-allowed", "the same, allowed", short("2026-03-01T00:00:00Z"), "signer-not-valid").
			with(func(o *options) { o.Signers, o.AllowLate = append(o.Signers, "signers/short.pem"), true }),
		warned("m32-before-signer", "provisioned before the signer's validity, as scripts for self-made signers write it",
			timed("2019-01-01T00:00:00Z"), "early-signature"),
		warned("m32-no-timestamp", "no timestamp to hold the signer's validity against", sign(0, content(0).Without("provisioningTimestamp")),
			"no-timestamp"),
		warned("m32-bad-timestamp", "the timestamp is not RFC 3339", timed("June 1st"), "no-timestamp"),
		warned("m32-timestamp-number", "the timestamp is a number", timed(1748808893), "no-timestamp"),
	}
}

// reissued returns chip 0 with another certificate for the same key and name.
func reissued() material.Object {
	return withChain(leaf("sn"+strings.ToUpper(chip(0).UniqueID), func(t *x509.Certificate) { t.SerialNumber = big.NewInt(7) }), reel.Issuer)
}

// short returns an entry of a signer whose validity ended in January 2026.
func short(at string) material.Object {
	return material.SignText(material.Protected(shortSigner()), material.JSON(content(0).With("provisioningTimestamp", at)), reel.SignerKey).
		Named(chip(0).UniqueID)
}
