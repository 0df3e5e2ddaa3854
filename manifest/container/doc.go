// Package container opens what manifests come in: ZIP and tar archives, files that are
// compressed with gzip, and these in each other.
//
// A container is one manifest, whose entries are those of its files in order. All files
// must have one format. Files that are not manifests are passed over, and the entry before
// them, or the first entry, names them in a warning: a README, what operating systems
// leave in archives, requests, lists without certificates.
//
// # Hostile containers
//
// These end a container as a whole: a private key in any of its files, a name that is an
// absolute path or climbs out of the container, a link or a device, an encrypted file, an
// unknown compression method, and more than the [manifest.Limits] allow. Files in it are
// never written under their names. A file is kept in memory or, if it is long, in a
// temporary file without a name.
package container
