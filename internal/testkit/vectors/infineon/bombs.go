package main

import (
	"bytes"

	"github.com/thingpress/thingpress/internal/material/sevenz"
	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// bombVectors returns rows I4 and I5: archives that claim, or unpack to, too much.
func bombVectors() []*vector {
	member := bundle(e0e0, inner(trust.File(0, e0e0)))
	lying := func(change func(*materialtest.SevenZ)) []byte {
		z := materialtest.SevenZ{Files: []materialtest.SevenZFile{member, readme()}}
		change(&z)
		return z.Bytes()
	}
	claims := func(n uint64) []byte { return lying(func(z *materialtest.SevenZ) { z.ClaimedFiles = n }) }
	dictionary := func(coder ...byte) func(*materialtest.SevenZ) {
		return func(z *materialtest.SevenZ) { z.Coders = coder }
	}
	zeros := make([]byte, 16<<20)
	nested := outer(bundle(e0e0, good()))
	three := manifest(trust.File(0, e0e0), trust.File(1, e0e0), trust.File(2, e0e0))
	const limit = "limit-exceeded"
	return []*vector{
		fatal("i04-zeros-as-bundle", limit, "more than 1000 times", "the bundle is 16 MiB of zeros in 2 KB", outer(bundle(e0e0, zeros))),
		fatal("i04-zeros-as-file", limit, "more than 1000 times", "a file in the bundle is 16 MiB of zeros", manifest(holding(zeros))),
		fatal("i04-size-2-63", limit, "claims a size", "the block claims to unpack to 2^63 bytes",
			lying(func(z *materialtest.SevenZ) { z.Sizes = []uint64{1 << 63} })),
		fatal("i04-size-2-40", limit, "claims to unpack", "the block claims to unpack to 1 TiB",
			lying(func(z *materialtest.SevenZ) { z.Sizes = []uint64{1 << 40} })),
		fatal("i04-lzma2-dictionary-4-gib", limit, "dictionary of 4 GiB", "LZMA2 asks for a dictionary of 4 GiB",
			lying(dictionary(sevenz.LZMA2(40)...))),
		fatal("i04-lzma2-dictionary-2-gib", limit, "dictionary of 2 GiB", "LZMA2 asks for a dictionary of 2 GiB",
			lying(dictionary(sevenz.LZMA2(38)...))),
		fatal("i04-lzma-dictionary-4-gib", limit, "dictionary of 4 GiB", "LZMA asks for a dictionary of 4 GiB",
			lying(dictionary(0x23, 3, 1, 1, 5, 0x5d, 0xff, 0xff, 0xff, 0xff))),
		fatal("i04-header-dictionary", limit, "dictionary of 4 GiB", "the packed header asks for a dictionary of 4 GiB",
			lying(func(z *materialtest.SevenZ) { z.HeaderCoders = sevenz.LZMA2(40) })),
		fatal("i04-header-size", limit, "claims to unpack", "the packed header claims to unpack to 1 TiB",
			lying(func(z *materialtest.SevenZ) { z.HeaderSize = 1 << 40 })),
		fatal("i04-inner-dictionary", limit, "bundle E0E0", "an inner archive asks for a dictionary of 2 GiB",
			outer(bundle(e0e0, materialtest.SevenZ{Files: []materialtest.SevenZFile{trust.File(0, e0e0)}, Coders: sevenz.LZMA2(38)}.Bytes()))),
		fatal("i04-268-million-files", limit, "268435456 files", "the header claims 268 million files", claims(1<<28)),
		fatal("i04-files-2-63", limit, "files", "the header claims 2^63 files", claims(1<<63)),
		fatal("i04-million-files", "corrupt", "1000000 files", "the header claims a million files in a few hundred bytes", claims(1_000_000)),
		fatal("i04-empty-files", limit, "3000 files", "an archive of 3,000 empty files, where 1,000 are allowed", emptyFiles(3000)).
			within(limits{ArchiveMembers: 1000}),
		fatal("i04-members", limit, "the limit is 2", "three files, where two are allowed", three).within(limits{ArchiveMembers: 2}),
		fatal("i04-expanded", limit, "the limit is 1 KiB", "more than a kilobyte, where one is allowed", three).
			within(limits{ExpandedBytes: 1 << 10}),
		fatal("i04-dictionary", limit, "the limit is 1 MiB", "a dictionary of 16 MiB, where one is allowed", three).
			within(limits{DictionaryBytes: 1 << 20}),
		fatal("i04-many-methods", limit, "40 methods", "a block of 40 methods", lying(func(z *materialtest.SevenZ) {
			z.Coders, z.CoderCount, z.Sizes = bytes.Repeat(materialtest.CopyCoder(), 40), 40, make([]uint64, 40)
		})),
		fatal("i04-aes-cycles", "encrypted", "password", "AES asks for 2^62 rounds; nothing is derived",
			lying(func(z *materialtest.SevenZ) { encrypt(z, 62) })),
		fatal("i05-three-deep", limit, "archives in archives", "the bundle is a manifest with bundles of its own", nested),
		fatal("i05-archive-in-bundle", limit, "archives in archives", "a bundle with an archive beside its files",
			manifest(trust.File(0, e0e0), materialtest.SevenZFile{Name: "more.7z", Content: inner(trust.File(1, e0e0))})),
	}
}

func emptyFiles(n int) []byte {
	files := make([]materialtest.SevenZFile, n)
	for i := range files {
		files[i].Name = "f"
	}
	return materialtest.SevenZ{Files: files}.Bytes()
}

// encrypt makes the block claim AES-256 with 2^power rounds before LZMA2.
func encrypt(z *materialtest.SevenZ, power byte) {
	coder := append([]byte{0x24, 0x06, 0xf1, 0x07, 0x01, 18, 0x40 | power, 0x0f}, materialtest.Bytes("iv", 16)...)
	z.Coders = append(append(coder, sevenz.LZMA2(24)...), 1, 0)
	z.CoderCount = 2
	z.Packed = materialtest.Bytes("encrypted", 512)
	z.Sizes = []uint64{512, 0}
	for _, f := range z.Files {
		z.Sizes[1] += uint64(len(f.Content))
	}
}

// methodVectors returns rows I7 and I17.
func methodVectors() []*vector {
	in := []materialtest.SevenZFile{trust.File(0, e0e0), trust.File(1, e0e0)}
	locked := materialtest.SevenZ{Files: in}
	encrypt(&locked, 19)
	secretNames := materialtest.SevenZFrame(materialtest.Bytes("header", 128), append([]byte{
		0x17, 0x06, 0, 1, 0x09, 0x80, 128, 0, 0x07, 0x0b, 1, 0, 1, 0x24, 0x06, 0xf1, 0x07, 0x01, 18, 0x53, 0x0f,
	}, append(materialtest.Bytes("iv", 16), 0x0c, 0x80, 128, 0, 0)...))
	method := func(name, detail, note string, coder ...byte) *vector {
		return fatal(name, "unsupported-method", detail, note, outer(bundle(e0e0, materialtest.SevenZ{Files: in, Coders: coder}.Bytes())))
	}
	var content []byte
	for _, f := range in {
		content = append(content, f.Content...)
	}
	stored := materialtest.SevenZ{Files: in, Coders: materialtest.CopyCoder(), Packed: content}.Bytes()
	size := uint64(len(content))
	filtered := materialtest.SevenZ{
		Files: in, Packed: materialtest.LZMA2(content), CoderCount: 2, Sizes: []uint64{size, size},
		Coders: append(sevenz.LZMA2(24), 0x04, 0x03, 0x03, 0x01, 0x03, 1, 0),
	}.Bytes()
	plain := materialtest.SevenZ{Files: []materialtest.SevenZFile{bundle(e0e0, inner(in...))}, PlainHeader: true}.Bytes()
	return []*vector{
		fatal("i07-encrypted-bundle", "encrypted", "password", "the archive of the bundle is protected by a password",
			outer(bundle(e0e0, locked.Bytes()))),
		fatal("i07-encrypted-header", "encrypted", "password", "the names in the archive are encrypted, too", secretNames),
		method("i17-ppmd", "PPMd", "packed with PPMd", 0x23, 3, 4, 1, 5, 6, 0, 0, 0, 1),
		method("i17-arm64", "ARM64", "packed with the filter for ARM64 programs", 0x01, 0x0a),
		method("i17-bzip2", "BZip2", "packed with BZip2", 0x03, 4, 2, 2),
		method("i17-zstandard", "Zstandard", "packed with Zstandard, which 7-Zip's successors offer", 0x04, 4, 0xf7, 0x11, 1),
		method("i17-custom", "0x0badc0de", "packed with a method that nobody knows", 0x04, 0x0b, 0xad, 0xc0, 0xde),
		method("i17-bcj2", "BCJ2", "packed with BCJ2, which has four inputs", 0x14, 3, 3, 1, 0x1b, 4, 1, 0, 1, 2, 3),
		vec("i17-stored", "N", "not packed at all", outer(bundle(e0e0, stored))).device(0).device(1),
		vec("i17-bcj", "N", "with the filter for x86 programs, as Infineon's own archives are", outer(bundle(e0e0, filtered))).device(0).
			device(1),
		vec("i17-plain-header", "N", "the header is not packed", plain).device(0).device(1),
	}
}
