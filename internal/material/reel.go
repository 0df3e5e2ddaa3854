package material

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/thingpress/thingpress/internal/material/sevenz"
	"github.com/thingpress/thingpress/internal/spool"
)

// writeReel writes Infineon's archive of archives: one per bundle, the encrypted
// archive of keys, and a README. The inner archives are temporary files until all
// are complete.
func writeReel(ctx context.Context, o Options, s seed) error {
	if len(o.Bundles) == 0 {
		o.Bundles = []string{bundleE0E0, bundleE0E1}
		if o.Key == RSA {
			o.Bundles = append(o.Bundles, bundleE0E2)
		}
	}
	return throughFile(o.TempDir, sevenz.Options{Stored: true}, o.Out, func(outer *sevenz.Writer) error {
		return writeOuter(ctx, o, s, outer)
	})
}

// throughFile packs an archive into a temporary file, because its beginning is
// written last, and copies it to to.
func throughFile(dir string, o sevenz.Options, to io.Writer, fill func(*sevenz.Writer) error) (err error) {
	file, err := spool.Create(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	archive, err := sevenz.NewWriter(file, o)
	if err != nil {
		return err
	}
	if err := fill(archive); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(to, file)
	return err
}

func writeOuter(ctx context.Context, o Options, s seed, outer *sevenz.Writer) error {
	inner := func(part string, options sevenz.Options, fill func(*sevenz.Writer) error) error {
		if err := outer.Create(reelName(s)+"_"+part+".7z", notBefore); err != nil {
			return err
		}
		return throughFile(o.TempDir, options, outer, fill)
	}
	for n, bundle := range o.Bundles {
		fill := func(archive *sevenz.Writer) error { return writeBundle(ctx, o, s, n, archive) }
		if err := inner(bundle+"_Certs", sevenz.Options{}, fill); err != nil {
			return fmt.Errorf("bundle %s: %w", bundle, err)
		}
	}
	shut := sevenz.Options{Stored: true, Password: s.hex("infineon transport key", 0, 16), IV: [16]byte(s.bytes("infineon iv", 0, 16))}
	if err := inner("keys", shut, func(archive *sevenz.Writer) error { return writeKeyLists(ctx, o, s, archive) }); err != nil {
		return err
	}
	return outer.Add("README.txt", notBefore, []byte(reelReadme))
}

// reelName returns the beginning of the names of the inner archives: reel ID and GUID.
func reelName(s seed) string {
	return strings.ToUpper(s.hex("infineon reel", 0, 8)) + "_" + s.uuid("infineon guid", 0)
}

// writeBundle writes the n-th bundle. It makes the certificates on all cores and
// packs them on one.
func writeBundle(ctx context.Context, o Options, s seed, n int, archive *sevenz.Writer) error {
	expected := bufio.NewWriter(o.Expected)
	if n > 0 {
		expected.Reset(io.Discard) // an entry is good or faulty in all bundles alike
	}
	from := newInfineon(s, o.Bundles[n])
	return errors.Join(ordered(ctx, o.N, newMaker(s, o, from).make, func(i int, e made[*infineonEntry]) error {
		if err := archive.Add(e.entry.file(), notBefore, e.text); err != nil {
			return err
		}
		if (i+1)%chunk == 0 || i+1 == o.N {
			o.Progress((n*o.N + i + 1) / len(o.Bundles))
		}
		return json.NewEncoder(expected).Encode(e.expect)
	}), expected.Flush())
}

// writeKeyLists writes the two encrypted files of keys that Infineon ships with
// the certificates. Here the keys and the password are random.
func writeKeyLists(ctx context.Context, o Options, s seed, archive *sevenz.Writer) error {
	for _, name := range []string{"auto_keys.txt", "PBS_keys.txt"} {
		if err := archive.Create(name, notBefore); err != nil {
			return err
		}
		out := bufio.NewWriter(archive)
		for i := range o.N {
			fmt.Fprintf(out, "%s, %s\n", chipID(s, i), strings.ToUpper(s.hex(name, i, 64)))
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
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
