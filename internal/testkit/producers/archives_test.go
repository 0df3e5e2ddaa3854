package producers

import (
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/manifest"
)

func TestSevenZip(t *testing.T) {
	t.Parallel()
	produce(t, require.Producer(t, "7zz", "7z"), []production{
		{name: "zip", script: `"$P" a -tzip deflate.zip ./certificates/*.pem`, file: "deflate.zip"},
		{name: "zip, best", script: `"$P" a -tzip -mx=9 -mfb=258 -mpass=15 best.zip certificates`, file: "best.zip"},
		{name: "zip, stored", script: `"$P" a -tzip -mm=Copy copy.zip certificates`, file: "copy.zip"},
		{name: "zip of DER", script: `"$P" a -tzip der.zip der`, file: "der.zip"},
		{name: "zip of a table", script: `"$P" a -tzip table.zip reel.csv`, file: "table.zip"},
		{
			name:   "zip in zip",
			script: `"$P" a -tzip inner.zip certificates && "$P" a -tzip -mm=Copy outer.zip inner.zip`,
			file:   "outer.zip",
		},
		{name: "tar", script: `"$P" a -ttar t.tar certificates`, file: "t.tar"},
		{name: "gzip", script: `"$P" a -tgzip -mx=9 reel.csv.gz reel.csv`, file: "reel.csv.gz"},
		{
			name:   "zip, LZMA",
			script: `"$P" a -tzip -mm=LZMA lzma.zip certificates`,
			file:   "lzma.zip", reason: manifest.ReasonUnsupportedMethod,
		},
		{
			name:   "zip, BZip2",
			script: `"$P" a -tzip -mm=BZip2 b.zip certificates`,
			file:   "b.zip", reason: manifest.ReasonUnsupportedMethod,
		},
		{
			name:   "zip, Deflate64",
			script: `"$P" a -tzip -mm=Deflate64 6.zip certificates`,
			file:   "6.zip", reason: manifest.ReasonUnsupportedMethod,
		},
		{
			name:   "zip, PPMd",
			script: `"$P" a -tzip -mm=PPMd p.zip certificates`,
			file:   "p.zip", reason: manifest.ReasonUnsupportedMethod,
		},
		{name: "zip, ZipCrypto", script: `"$P" a -tzip -psecret c.zip certificates`, file: "c.zip", reason: manifest.ReasonEncrypted},
		{
			name:   "zip, AES",
			script: `"$P" a -tzip -psecret -mem=AES256 a.zip certificates`,
			file:   "a.zip", reason: manifest.ReasonEncrypted,
		},
		{
			name:   "zip with a key",
			script: `"$P" a -tzip k.zip certificates device.key`,
			file:   "k.zip", reason: manifest.ReasonPrivateKey,
		},
		{name: "zip, a volume", script: `"$P" a -tzip -v2k v.zip certificates`, file: "v.zip.001", reason: manifest.ReasonTruncated},
		{name: "xz", script: `"$P" a -txz all.pem.xz all.pem`, file: "all.pem.xz", reason: manifest.ReasonUnsupportedFormat},
		{name: "bzip2", script: `"$P" a -tbzip2 all.pem.bz2 all.pem`, file: "all.pem.bz2", reason: manifest.ReasonUnsupportedFormat},
		{
			name:   "7z with encrypted names",
			script: `"$P" a -psecret -mhe=on h.7z certificates`,
			file:   "h.7z", reason: manifest.ReasonEncrypted,
		},
		{name: "7z, encrypted", script: `"$P" a -psecret e.7z certificates`, file: "e.7z", reason: manifest.ReasonEncrypted},
	})
}

func TestGNUTar(t *testing.T) {
	t.Parallel()
	list := []production{
		{name: "tar.gz", script: `"$P" -czf t.tgz certificates`, file: "t.tgz"},
		{name: "with a label", script: `"$P" -V reel-7 -cf label.tar certificates`, file: "label.tar"},
		{name: "with extended attributes", script: `"$P" --xattrs --numeric-owner -cf x.tar certificates`, file: "x.tar"},
		{name: "appended", script: `"$P" -cf r.tar certificates/0[0-4].pem && "$P" -rf r.tar certificates/0[5-9].pem`, file: "r.tar"},
		{
			name:   "concatenated",
			script: `"$P" -cf a.tar certificates/0[0-4].pem && "$P" -cf b.tar certificates/0[5-9].pem && "$P" -Af a.tar b.tar`,
			file:   "a.tar",
		},
		{
			name:   "one behind the other",
			script: `"$P" -cf a.tar certificates/0[0-4].pem && "$P" -cf b.tar certificates/0[5-9].pem && cat a.tar b.tar >c.tar`,
			file:   "c.tar", reason: manifest.ReasonTrailingData,
		},
		{
			name:   "symbolic link",
			script: `ln -s 00.pem certificates/l.pem; "$P" -cf l.tar certificates; rm certificates/l.pem`,
			file:   "l.tar", reason: manifest.ReasonUnsafeMember,
		},
		{
			name:   "hard link",
			script: `ln certificates/00.pem certificates/h.pem; "$P" -cf h.tar certificates; rm certificates/h.pem`,
			file:   "h.tar", reason: manifest.ReasonUnsafeMember,
		},
		{
			name:   "pipe",
			script: `mkfifo certificates/f.pem; "$P" -cf f.tar certificates; rm certificates/f.pem`,
			file:   "f.tar", reason: manifest.ReasonUnsafeMember,
		},
		{name: "absolute", script: `"$P" -P -cf abs.tar "$PWD/certificates"`, file: "abs.tar", reason: manifest.ReasonUnsafeMember},
		{
			name:   "climbing",
			script: `"$P" -P --transform 's,^,../,' -cf up.tar certificates`,
			file:   "up.tar", reason: manifest.ReasonUnsafeMember,
		},
		{
			name:   "sparse",
			script: `truncate -s 1M hole.pem; "$P" -S -cf s.tar certificates hole.pem`,
			file:   "s.tar", reason: manifest.ReasonUnsupportedFormat,
		},
		{
			name:   "sparse, pax",
			script: `truncate -s 1M hole.pem; "$P" -S --format posix -cf s.tar hole.pem`,
			file:   "s.tar", reason: manifest.ReasonUnsupportedFormat,
		},
		{
			name:   "cut off",
			script: `"$P" -cf t.tar certificates; head -c 9000 t.tar >cut.tar`,
			file:   "cut.tar", reason: manifest.ReasonTruncated,
		},
		{
			name:   "a volume",
			script: `"$P" -M -L 10 -cf 1.tar -f 2.tar -f 3.tar certificates`,
			file:   "1.tar", reason: manifest.ReasonTruncated,
		},
	}
	for _, format := range []string{"v7", "oldgnu", "gnu", "ustar", "posix"} {
		script := `"$P" --format ` + format + ` -cf ` + format + `.tar certificates`
		list = append(list, production{name: format, script: script, file: format + ".tar"})
	}
	for _, format := range []string{"gnu", "posix"} {
		list = append(list, production{
			name: format + ", long names",
			script: `d=$(printf 'd%.0s' $(seq 90)); mkdir -p "$d/$d/$d"; cp certificates/* "$d/$d/$d"
"$P" --format ` + format + ` -cf long.tar "$d"; rm -r "$d"`,
			file: "long.tar",
		})
	}
	produce(t, require.Producer(t, "tar"), list)
}

func TestGzip(t *testing.T) {
	t.Parallel()
	produce(t, require.Producer(t, "gzip"), []production{
		{name: "table", script: `"$P" -c reel.csv >reel.csv.gz`, file: "reel.csv.gz"},
		{name: "without a name", script: `"$P" -n -9 -c all.pem >n.gz`, file: "n.gz"},
		{name: "two members", script: `(head -c 4000 reel.csv | "$P"; tail -c +4001 reel.csv | "$P") >two.gz`, file: "two.gz"},
		{name: "twice", script: `"$P" -c all.pem | "$P" >gg.gz`, file: "gg.gz"},
		{name: "cut off", script: `"$P" -c reel.csv | head -c 1500 >cut.gz`, file: "cut.gz", reason: manifest.ReasonTruncated},
		{
			name:   "a short text behind it",
			script: `("$P" -c reel.csv; echo end) >end.gz`,
			file:   "end.gz", reason: manifest.ReasonTrailingData,
		},
		{
			name:   "a text behind it",
			script: `("$P" -c reel.csv; cat reel.csv) >text.gz`,
			file:   "text.gz", reason: manifest.ReasonTrailingData,
		},
		{
			name:   "bomb",
			script: `for i in $(seq 2000); do cat all.pem; done | "$P" -9 | "$P" -9 >bomb.gz`,
			file:   "bomb.gz", reason: manifest.ReasonLimitExceeded,
		},
	})
}

func TestPythonsArchivers(t *testing.T) {
	t.Parallel()
	const open = `"$P" - <<'EOP'
import gzip, io, os, stat, sys, tarfile, zipfile
names = sorted("certificates/" + n for n in os.listdir("certificates"))
def tar(file, mode="w", **more): return tarfile.open(file, mode, **more)
def zip(file, method=zipfile.ZIP_DEFLATED, **more): return zipfile.ZipFile(file, "w", method, **more)
`
	of := func(name, script, file string, reason manifest.Reason) production {
		return production{name: name, script: open + script + "\nEOP", file: file, reason: reason}
	}
	const addAll = "\n for n in names: a.add(n)"
	const writeAll = "\n for n in names: a.write(n)"
	produce(t, require.Python(t), []production{
		of("tar, ustar", `with tar("u.tar", format=tarfile.USTAR_FORMAT) as a:`+addAll, "u.tar", ""),
		of("tar, GNU", `with tar("g.tar", format=tarfile.GNU_FORMAT) as a:`+addAll, "g.tar", ""),
		of("tar, pax", `with tar("p.tar", format=tarfile.PAX_FORMAT, pax_headers={"comment": "ö"}) as a:
 for i, n in enumerate(names): a.add(n, "Straße 7/%d ü.pem" % i)`, "p.tar", ""),
		of("tar.gz", `with tar("t.tgz", "w:gz") as a:`+addAll, "t.tgz", ""),
		of("tar, stream", `with open("s.tgz", "wb") as f, tarfile.open(fileobj=f, mode="w|gz") as a:`+addAll, "s.tgz", ""),
		of("tar, bzip2", `with tar("t.tbz", "w:bz2") as a:`+addAll, "t.tbz", manifest.ReasonUnsupportedFormat),
		of("tar, device", `with tar("dev.tar") as a:
 i = tarfile.TarInfo("null"); i.type = tarfile.CHRTYPE; a.addfile(i)`+addAll, "dev.tar", manifest.ReasonUnsafeMember),
		of("tar, climbing", `with tar("up.tar") as a:
 for n in names: a.add(n, "a/../../" + n)`, "up.tar", manifest.ReasonUnsafeMember),
		of("zip", `with zip("d.zip") as a:`+writeAll, "d.zip", ""),
		of("zip, stored", `with zip("s.zip", zipfile.ZIP_STORED) as a:`+writeAll, "s.zip", ""),
		of("zip, comment", `with zip("c.zip") as a:
 a.comment = b"reel PK\x05\x06 7" * 100`+writeAll, "c.zip", ""),
		of("zip, ZIP64", `with zip("64.zip") as a:
 for n in names:
  with a.open(n, "w", force_zip64=True) as to: to.write(open(n, "rb").read())`, "64.zip", ""),
		of("zip, stream", `class Pipe(io.RawIOBase):
 def __init__(self, f): self.f = f
 def writable(self): return True
 def seekable(self): return False
 def write(self, b): return self.f.write(b)
with open("p.zip", "wb") as f, zipfile.ZipFile(Pipe(f), "w", zipfile.ZIP_DEFLATED) as a:`+writeAll, "p.zip", ""),
		of("zip, other names", `with zip("n.zip") as a:
 for i, n in enumerate(names): a.write(n, "Straße 7/%d ü.pem" % i)`, "n.zip", ""),
		of("zip, BZip2", `with zip("b.zip", zipfile.ZIP_BZIP2) as a:`+writeAll, "b.zip", manifest.ReasonUnsupportedMethod),
		of("zip, LZMA", `with zip("l.zip", zipfile.ZIP_LZMA) as a:`+writeAll, "l.zip", manifest.ReasonUnsupportedMethod),
		of("zip, link", `with zip("link.zip") as a:
 i = zipfile.ZipInfo("l.pem"); i.create_system = 3; i.external_attr = (stat.S_IFLNK | 0o777) << 16
 a.writestr(i, "certificates/00.pem")`+writeAll, "link.zip", manifest.ReasonUnsafeMember),
		of("zip, climbing", `with zip("up.zip") as a:
 for n in names: a.write(n, "../" + n)`, "up.zip", manifest.ReasonUnsafeMember),
		of("zip, Windows path", `with zip("w.zip") as a:
 i = zipfile.ZipInfo("x"); i.filename = "C:\\reels\\0.pem"
 a.writestr(i, open(names[0]).read())`+writeAll, "w.zip", manifest.ReasonUnsafeMember),
		of("zip bomb", `with zip("bomb.zip") as a:
 a.writestr("all.pem.gz", gzip.compress(gzip.compress(open("all.pem", "rb").read() * 2000)))`, "bomb.zip", manifest.ReasonLimitExceeded),
		of("zip, behind a text", `with open("sfx.zip", "wb") as f:
 f.write(b"#!/bin/sh\n" * 100)
with zipfile.ZipFile("sfx.zip", "a") as a:`+writeAll, "sfx.zip", manifest.ReasonUnknownFormat),
	})
}
