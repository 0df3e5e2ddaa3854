// Package infineon decodes the manifests of OPTIGA Trust M Express: a 7z
// archive of 7z archives, one for each certificate object of the chips
// (<reel>_<GUID>_E0E0_Certs.7z, E0E1, E0E2), in which each chip has a file
// <chip ID>_E0E0.pem. One of the inner archives may be given alone.
//
// Only the chosen bundle is opened; an entry is a file in it. The encrypted
// archive of keys next to it is passed over unread, and a decrypted list of
// keys refuses the manifest. The GUID of the reel is confidential: it is in no
// attribute and no message but for the name that the caller gave the manifest.
//
// The archives carry no signature. Their checksums find damage, not forgery.
//
// # Bounds
//
// Counts, sizes, methods and dictionaries are checked before anything is
// unpacked. The inner archive is kept in a temporary file if it is larger than
// 8 MiB. What grows with the entries is some 30 bytes for each, which tell
// repeated chip IDs.
package infineon
