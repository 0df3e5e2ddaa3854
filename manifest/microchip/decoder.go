package microchip

import (
	"bytes"
	"context"
	"iter"

	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/manifest/internal/objects"
	"github.com/thingpress/thingpress/manifest/internal/stream"
)

const vendor = "microchip"

// Format describes the manifests of Microchip.
func Format() manifest.Format {
	return manifest.Format{
		Decoder: Decoder{}, Title: "Microchip", Extension: ".json",
		Options:      []manifest.FormatOption{{Name: manifest.OptionSigners, Required: true}, {Name: manifest.OptionSlot}},
		Limits:       []manifest.LimitName{manifest.LimitDepth},
		Attributes:   []string{manifest.AttributeUniqueID, manifest.AttributePartNumber, manifest.AttributeSlot, manifest.AttributeMAC},
		ParseSigners: ParseSigners, PublishedSigners: PublishedSigners,
		Cut: cut,
	}
}

// A Decoder reads Microchip manifests. The zero value is ready for use.
type Decoder struct{}

var _ manifest.Decoder = Decoder{}

// Vendor returns "microchip".
func (Decoder) Vendor() string { return vendor }

// Detect reports whether a manifest begins like an array of JWS, or like a single one.
func (Decoder) Detect(head []byte, _ int64) bool {
	head = stream.Head(head)
	at := objects.SkipSpace(head, 0)
	if at < len(head) && head[at] == '[' {
		at = objects.SkipSpace(head, at+1)
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

// Decode yields the entries of a manifest. It verifies them in as many goroutines
// as there are processors, and keeps their order. The goroutines end before the
// iteration does. Signers that cannot have signed a manifest are an error at the
// start.
func (Decoder) Decode(ctx context.Context, in manifest.Input, opts manifest.Options) iter.Seq2[manifest.Device, error] {
	return stream.Decode(ctx, vendor, in, opts, func(f *stream.Frame) error { return readEntries(ctx, f) })
}

func readEntries(ctx context.Context, f *stream.Frame) error {
	signers, err := newRegistry(f.Options.Signers)
	if err != nil {
		return err
	}
	s, err := newScanner(f)
	if err != nil {
		return err
	}
	p := newPipeline(ctx, s, func() *judge {
		return &judge{options: f.Options, depth: f.Limits.Depth, signers: signers}
	})
	defer p.close()
	for {
		b, err := p.next(ctx)
		if err != nil {
			return err
		}
		for _, v := range b.verdicts {
			if err := f.Emit(v.device, v.who, v.err); err != nil {
				return err
			}
		}
		p.release(b)
	}
}
