// Package sevenz reads 7z archives that nobody vouches for.
//
// A 7z archive describes itself in a header of counts, sizes and properties,
// and a reader that believes them allocates what a hundred kilobytes claim:
// 268 million members, a dictionary of 4 GiB. This package reads the header
// itself (7zFormat.txt in the LZMA SDK by Igor Pavlov), with limits on all of
// them, and keeps none of it but one small record per block: names, sizes and
// checksums are read again from the header as members are visited. Its memory
// does not grow with the number of members.
//
// Unpacking is left to github.com/bodgit/sevenzip, which never sees the
// archive's own header: each block is shown to it as an archive of one file,
// whose header was written here from what had been checked. So the two cannot
// understand a header differently. The dictionary in it is no larger than the
// block.
//
// Members come in the order of the archive, and solid blocks are unpacked once.
// Every checksum is compared. Errors carry a [manifest.Reason]; those of the
// underlying reader do not, and are returned as they are.
package sevenz
