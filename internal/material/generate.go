package material

import (
	"bufio"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// Generate writes a manifest. Its memory does not grow with the number of
// entries. It stops when the context ends; what was written until then is no
// complete manifest.
func Generate(ctx context.Context, o Options) error {
	o, err := o.check()
	if err != nil {
		return err
	}
	if err := generate(ctx, o); err != nil {
		return fmt.Errorf("generate %s: %w", o.Vendor, err)
	}
	return nil
}

func generate(ctx context.Context, o Options) error {
	if o.KeysDir != "" {
		if err := os.MkdirAll(o.KeysDir, 0o700); err != nil {
			return err
		}
	}
	s := newSeed(o.Seed)
	switch o.Vendor {
	case "espressif":
		f, err := newEspressif(s, o.Key)
		if err != nil {
			return err
		}
		return stream(ctx, o, espressifFrame, newMaker(s, o, f))
	case "microchip":
		f, err := newMicrochip(s, o.Key)
		if err != nil {
			return err
		}
		if o.SignerOut != nil {
			if err := pem.Encode(o.SignerOut, &pem.Block{Type: "CERTIFICATE", Bytes: f.signerDER}); err != nil {
				return err
			}
		}
		return stream(ctx, o, microchipFrame, newMaker(s, o, f))
	case "infineon":
		return writeReel(ctx, o, s)
	default:
		f, err := newLines(s, o.Key)
		if err != nil {
			return err
		}
		return stream(ctx, o, linesFrame, newMaker(s, o, f))
	}
}

// A frame is what stands around the entries of a manifest.
type frame struct{ head, between, tail string }

var (
	espressifFrame = frame{"MAC,cn,cert\r\n", "\r\n", ""}
	microchipFrame = frame{"[\n  ", ",\n  ", "\n]"}
	linesFrame     = frame{"", "\n", "\n"}
)

// stream writes a manifest whose entries follow one another.
func stream[E any](ctx context.Context, o Options, around frame, m *maker[E]) error {
	out := bufio.NewWriterSize(o.Out, 1<<16)
	expected := newExpectations(o.Expected)
	before := around.head
	err := ordered(ctx, o.N, m.make, func(i int, entry made[E]) error {
		if _, err := out.WriteString(before); err != nil {
			return err
		}
		if _, err := out.Write(entry.text); err != nil {
			return err
		}
		before = around.between
		if (i+1)%chunk == 0 || i+1 == o.N {
			o.Progress(i + 1)
		}
		return expected.write(entry.expect)
	})
	if err != nil {
		return err
	}
	if _, err := out.WriteString(around.tail); err != nil {
		return err
	}
	return errors.Join(out.Flush(), expected.flush())
}
