// Package sevenz reads untrusted 7z archives.
//
// A 7z archive describes itself in a header of counts, sizes and properties. A
// reader that trusts them allocates whatever a hundred kilobytes claim: 268
// million members, a dictionary of 4 GiB. This package reads the header itself
// (7zFormat.txt in the LZMA SDK by Igor Pavlov), with limits on all of them. It
// keeps only one small record per block, and reads names, sizes and checksums
// from the header again as members are visited. Its memory does not grow with the
// number of members.
//
// Blocks are unpacked by github.com/ulikunitz/xz/lzma and by the filters in this package, never by a
// library that interprets the header a second time. A dictionary is no larger than what the block
// unpacks to.
//
// Members are visited in the order of the archive, and solid blocks are unpacked
// once. Every checksum is compared. Errors have a [manifest.Reason], except those
// of the underlying reader, which are returned unchanged.
package sevenz
