package material

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/thingpress/thingpress/internal/material/sevenz"
)

// writeReel writes Infineon's archive of archives: one per bundle, the
// encrypted keys archive, and a README. The inner archives are temporary files
// until all are there.
func writeReel(ctx context.Context, o Options, s seed) (err error) {
	name, err := reel(s)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.TempDir, "thingpress-generate-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	fill := func(outer *os.File) error { return writeOuter(ctx, o, s, name, dir, outer) }
	return throughFile(dir, fill, func(content io.Reader) error {
		_, err := io.Copy(o.Out, content)
		return err
	})
}

func writeOuter(ctx context.Context, o Options, s seed, name, dir string, outer *os.File) error {
	archive, err := sevenz.NewWriter(outer, sevenz.Options{Stored: true})
	if err != nil {
		return err
	}
	inner := func(part string, write func(*os.File) error) error {
		return throughFile(dir, write, func(content io.Reader) error {
			return archive.Add(name+"_"+part+".7z", notBefore, content)
		})
	}
	for n, bundle := range o.Bundles {
		if err := inner(bundle+"_Certs", func(f *os.File) error { return writeBundle(ctx, o, s, n, f) }); err != nil {
			return fmt.Errorf("bundle %s: %w", bundle, err)
		}
	}
	if err := inner("keys", func(f *os.File) error { return writeKeysArchive(ctx, o, s, f) }); err != nil {
		return err
	}
	if err := archive.AddBytes("README.txt", notBefore, []byte(reelReadme)); err != nil {
		return err
	}
	return archive.Close()
}

// throughFile lets write fill a temporary file, because an archive's beginning
// is written last, and hands its content to use.
func throughFile(dir string, write func(*os.File) error, use func(io.Reader) error) (err error) {
	file, err := os.CreateTemp(dir, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	if err := write(file); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return use(file)
}

// writeBundle writes the n-th bundle. Its certificates are made on all cores,
// and packed on one.
func writeBundle(ctx context.Context, o Options, s seed, n int, file *os.File) error {
	f, err := newInfineon(s, o.Bundles[n])
	if err != nil {
		return err
	}
	archive, err := sevenz.NewWriter(file, sevenz.Options{})
	if err != nil {
		return err
	}
	expected := newExpectations(nil)
	if n == 0 {
		// An entry is good or not in all bundles alike.
		expected = newExpectations(o.Expected)
	}
	err = ordered(ctx, o.N, newMaker(s, o, f).make, func(i int, entry made[infineonEntry]) error {
		if err := archive.AddBytes(entry.entry.file(), notBefore, entry.text); err != nil {
			return err
		}
		if (i+1)%chunk == 0 || i+1 == o.N {
			o.Progress((n*o.N + i + 1) / len(o.Bundles))
		}
		return expected.write(entry.expect)
	})
	if err != nil {
		return err
	}
	return errors.Join(archive.Close(), expected.flush())
}

// writeKeysArchive writes what Infineon ships beside the certificates: two
// files of keys, encrypted. Here they are random, and so is the password.
func writeKeysArchive(ctx context.Context, o Options, s seed, file *os.File) error {
	archive, err := sevenz.NewWriter(file, sevenz.Options{
		Stored: true, Password: s.hex("infineon transport key", 0, 16), IV: [16]byte(s.bytes("infineon iv", 0, 16)),
	})
	if err != nil {
		return err
	}
	for _, name := range []string{"auto_keys.txt", "PBS_keys.txt"} {
		lines := &keyLines{ctx: ctx, seed: s, name: name, left: o.N}
		if err := archive.Add(name, notBefore, lines); err != nil {
			return err
		}
	}
	return archive.Close()
}

// keyLines reads as lines of chip ID and a key.
type keyLines struct {
	ctx     context.Context // a reader has no other way to end with its caller
	seed    seed
	name    string
	next    int
	left    int
	pending []byte
}

// Read returns whole lines, as far as they fit.
func (k *keyLines) Read(p []byte) (int, error) {
	if len(k.pending) == 0 {
		if k.left == 0 {
			return 0, io.EOF
		}
		if err := k.ctx.Err(); err != nil {
			return 0, err
		}
		line := chipID(k.seed, k.next) + ", " + strings.ToUpper(k.seed.hex(k.name, k.next, 64)) + "\n"
		k.pending = append(k.pending[:0], line...)
		k.next++
		k.left--
	}
	n := copy(p, k.pending)
	k.pending = k.pending[n:]
	return n, nil
}

const reelReadme = `TEST MATERIAL
=============
This bundle was made by "thingpress generate". Nothing in it belongs to a real
device, and nothing in it was made by Infineon. It has the structure of the
bundles that Infineon ships with a reel of OPTIGA(TM) Trust M Express:

reelID_GUID_E0E0_Certs.7z, reelID_GUID_E0E1_Certs.7z, reelID_GUID_E0E2_Certs.7z
  The certificates of one data object, one file per chip, named after the chip:
  chipID_E0E0.pem. A bundle may have been left out.

reelID_GUID_keys.7z
  An encrypted archive, as the one with the chips' binding and authorization
  secrets is. Its keys are random numbers that were never in a chip.

The issuers are called "Thingpress Test"; their keys were thrown away.
`
