package microchip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/window"
)

const vendor = "microchip"

// Format describes the manifests of Microchip.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "Microchip", Extension: ".json",
		Options:      []manifest.FormatOption{{Name: manifest.OptionSigners, Required: true}, {Name: manifest.OptionSlot}},
		Limits:       []manifest.LimitName{manifest.LimitDepth},
		Attributes:   []string{manifest.AttributeUniqueID, manifest.AttributePartNumber, manifest.AttributeSlot, manifest.AttributeMAC},
		ParseSigners: ParseSigners,
	}
}

// A Decoder reads Microchip manifests. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "microchip".
func (Decoder) Vendor() string { return vendor }

// Detect says whether a manifest begins like an array of JWS, or one of them.
func (Decoder) Detect(head []byte, _ int64) bool {
	if isUTF16(head) {
		// What the cut leaves of the last character is no error here.
		head, _ = io.ReadAll(utf16Reader(bytes.NewReader(head)))
	}
	head = bytes.TrimPrefix(head, bomUTF8)
	at := skipSpace(head, 0)
	if at < len(head) && head[at] == '[' {
		at = skipSpace(head, at+1)
	}
	if at == len(head) || head[at] != '{' {
		return false
	}
	for _, name := range []string{namePayload, nameProtected, nameSignature} {
		if bytes.Contains(head[at:], []byte(`"`+name+`"`)) {
			return true
		}
	}
	return false
}

// Decode yields the entries of a manifest. They are verified in as many
// goroutines as there are processors, and keep their order; the goroutines
// have ended when the iteration has. Signers that cannot have signed a
// manifest are an error at the start.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return func(yield func(manifest.Device, error) bool) {
		if err := decode(ctx, in, opts, yield); err != nil {
			yield(manifest.Device{}, err)
		}
	}
}

// decode returns the error that ends the stream, and nil where it is complete
// or the caller has left.
func decode(ctx context.Context, in manifest.Input, opts manifest.Options, yield func(manifest.Device, error) bool) error {
	signers, err := newRegistry(opts.Signers)
	if err != nil {
		return fmt.Errorf("microchip: %w", err)
	}
	limits := opts.Limits.OrDefault()
	in.Reader = window.Interruptible(ctx, in.Reader)
	s, err := newScanner(in, limits, opts.Start)
	if err != nil {
		return err
	}
	p := newPipeline(ctx, s, func() *judge {
		return &judge{options: &opts, limits: limits, signers: signers, manifest: in.Name}
	})
	defer p.close()
	for {
		b, err := p.next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		for _, v := range b.verdicts {
			var final *manifest.FileError
			if errors.As(v.err, &final) {
				return v.err
			}
			if !yield(v.device, v.err) {
				return nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		p.release(b)
	}
}
