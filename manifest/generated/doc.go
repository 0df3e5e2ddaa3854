// Package generated decodes lists of certificates that do not come from a vendor,
// but from one's own certification authority or from a migration.
//
// There are three shapes, of which the first two may be mixed. In the first each
// line is an entry: base64 of a certificate in DER, or base64 of PEM. In the second
// each PEM block is an entry, and text between blocks is ignored (RFC 7468, section
// 2). In the third each certificate in DER is an entry. The beginning of a file
// determines its shape. Blank lines and lines that begin with # are not entries.
//
// In each shape a PKCS #7 container may stand for a certificate, in DER or BER. Each
// certificate in it is an entry. An authority that issued another certificate of the
// container belongs to that one, because the certificates are a set without an order
// (RFC 5652, 10.2.3).
//
// A block may begin in the line in which another ends, because files are joined
// without a line break between them. Requests, public keys, revocation lists and
// parameters among certificates are passed over: the entry before them, or the
// first entry, names them in a warning.
//
// Base64 that was wrapped into lines of at most 128 characters is joined: a DER
// certificate states its length, and a line that begins another certificate ends
// the one before. A longer line is an entry by itself.
//
// A CA certificate that issued the certificate before it belongs to that entry.
// Any other CA certificate is a separate entry, which is rejected.
//
// JSON, PKCS #12, files with nothing but requests and the like are
// rejected with a message that names them.
package generated
