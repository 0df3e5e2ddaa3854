// Package generated decodes lists of certificates that come from no vendor:
// from a certification authority of one's own, or from a migration.
//
// Two shapes are taken, and may be mixed. In the first each line is an entry:
// base64 of a certificate in DER, or base64 of PEM. In the second each PEM block
// is an entry, and the text between blocks is passed over (RFC 7468, section 2).
// Which one a file has is decided by what it begins with. Blank lines and lines
// that begin with # are no entries.
//
// Base64 that was wrapped into lines of at most 128 characters is put together
// again: a DER certificate says how long it is, and a line that begins another
// certificate ends the one before. A longer line is an entry by itself.
//
// A CA certificate that issued the certificate before it belongs to that entry.
// Any other CA certificate is an entry of its own, and rejected.
//
// JSON Lines, PKCS #7, PKCS #12, certificate requests and the like are refused by
// name.
package generated
