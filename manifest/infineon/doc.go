// Package infineon decodes the manifests of OPTIGA Trust M Express: a 7z
// archive of 7z archives, one for each certificate object of the chips
// (<reel>_<GUID>_E0E0_Certs.7z, E0E1, E0E2), in which each chip has a file
// <chip ID>_E0E0.pem. A manifest may also be one of the inner archives.
//
// Only the chosen bundle is opened; an entry is a file in it. The encrypted
// archive of keys next to it is skipped unread. A manifest with a decrypted list
// of keys is rejected. The GUID of the reel is confidential: it occurs in no
// attribute and in no message, except in the name that the caller gave the
// manifest.
//
// The archives are not signed. Their checksums detect damage, not forgery.
//
// # Bounds
//
// Counts, sizes, methods and dictionaries are checked before anything is
// unpacked. The inner archive is kept in a temporary file if it is larger than
// 8 MiB.
package infineon
