package main

import (
	"bytes"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// damagedVectors returns rows I1 to I3, with something cut or changed.
func damagedVectors() []*vector {
	whole := good()
	packed := inner(trust.File(0, e0e0), trust.File(1, e0e0))
	wrongSum := trust.File(1, e0e0)
	wrongSum.BadChecksum = true
	wrongBundle := bundle(e0e0, packed)
	wrongBundle.BadChecksum = true
	plain := materialtest.SevenZ{Files: []materialtest.SevenZFile{bundle(e0e0, packed)}, PlainHeader: true}.Bytes()
	stuck := materialtest.SevenZFrame(materialtest.Bytes("stuck", 16), []byte{
		0x17, 0x06, 0, 1, 0x09, 16, 0, 0x07, 0x0b, 1, 0, 1, 0x21, 0x03, 1, 0x18, 0x0c, 0x81, 0x4c, 0, 0,
	})
	return []*vector{
		fatal("i01-empty-file", "empty", "nothing in the file", "a file without a byte", []byte{}),
		fatal("i01-cut-in-start", "truncated", "after 20 bytes", "the file ends within the first 32 bytes", whole[:20]),
		fatal("i01-cut-behind-start", "truncated", "cut off", "the file ends behind the first 32 bytes", whole[:32]),
		fatal("i01-cut-in-half", "truncated", "cut off", "the file ends in the middle", whole[:len(whole)/2]),
		fatal("i01-last-byte-missing", "truncated", "cut off", "the last byte is missing", whole[:len(whole)-1]),
		fatal("i01-not-finished", "truncated", "was not finished", "the start says nothing of a header, as when packing was stopped",
			unfinished(whole)),
		fatal("i01-start-checksum", "corrupt", "first bytes", "a bit in the first 32 bytes is flipped", flip(whole, 13)),
		fatal("i01-header-checksum", "corrupt", "header", "a bit in a plain header is flipped", flip(plain, len(plain)-5)),
		fatal("i01-packed-header", "corrupt", "", "a bit in the packed header is flipped", flip(whole, len(whole)-60)),
		fatal("i01-filter-stuck", "corrupt", "",
			"the packed header claims a delta filter and more than there is, at which a reader may wait for ever", stuck),
		fatal("i01-outer-checksum", "corrupt", "checksum", "the checksum of the inner archive is wrong", outer(wrongBundle)),
		vec("i01-inner-checksum", "F", "the checksum of the second file in the bundle is wrong", manifest(trust.File(0, e0e0), wrongSum)).
			device(0).ends("corrupt", "checksum"),
		fatal("i01-inner-truncated", "truncated", "bundle E0E0", "the inner archive is cut off", outer(bundle(e0e0, packed[:len(packed)-100]))),
		fatal("i01-trailing-data", "trailing-data", "4 bytes follow", "something follows the archive", append(bytes.Clone(whole), "more"...)),
		fatal("i01-no-checksums", "unsupported-format", "no checksums", "the files have no checksums, so that damage would not show",
			outer(bundle(e0e0, materialtest.SevenZ{Files: []materialtest.SevenZFile{trust.File(0, e0e0)}, NoChecksums: true}.Bytes()))),
		fatal("i03-first-volume", "truncated", "volume", "the first volume of a split archive", whole[:600]).as(".7z.001"),
		fatal("i03-second-volume", "unknown-format", "volume", "the second volume of a split archive", whole[600:]).as(".7z.002"),
	}
}

// foreignVectors returns row I2: files that are not 7z archives.
func foreignVectors() []*vector {
	const detail = "not a 7z archive"
	return []*vector{
		fatal("i02-zip", "unknown-format", detail, "a ZIP archive under the name of 7z", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00test")),
		fatal("i02-gzip", "unknown-format", detail, "a gzip file under the name of 7z", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03test")),
		fatal("i02-html", "unknown-format", detail, "an error page of a portal under the name of 7z",
			[]byte("<!DOCTYPE html><title>Sign in</title>")),
		fatal("i02-zeros", "unknown-format", detail, "a file of zeros", make([]byte, 512)),
	}
}

func flip(data []byte, at int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 0x10
	return data
}

// unfinished returns an archive whose start was never filled in.
func unfinished(archive []byte) []byte {
	empty := materialtest.SevenZFrame(nil, nil)
	return append(empty[:32:32], archive[32:]...)
}
