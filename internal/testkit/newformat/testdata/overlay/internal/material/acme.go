package material

import (
	"context"
	"encoding/base64"
)

var acmeFormat = Format{Name: "acme", Signs: true, write: func(ctx context.Context, o Options, s seed) error {
	from := newLines(s, o.Key)
	if o.SignerOut != nil {
		// Any certificate will do: Acme's decoder wants a signer, and asks nothing of it.
		entry, _ := from.entry(0)
		signer, err := base64.StdEncoding.DecodeString(string(from.render(entry)))
		if err != nil {
			return err
		}
		if _, err := o.SignerOut.Write(signer); err != nil {
			return err
		}
	}
	return stream(ctx, o, s, frame{"acme ", "\nacme ", "\n"}, from)
}}
