package material

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Generate writes a manifest. Its memory does not grow with the number of entries.
// It stops when the context ends, and then leaves an incomplete manifest.
func Generate(ctx context.Context, o Options) error {
	format, o, err := o.complete()
	if err != nil {
		return err
	}
	if o.KeysDir != "" {
		err = os.MkdirAll(o.KeysDir, 0o700)
	}
	if err == nil {
		err = format.write(ctx, o, newSeed(o.Seed))
	}
	if err != nil {
		return fmt.Errorf("generate %s: %w", o.Vendor, err)
	}
	return nil
}

// A frame is the text around the entries of a manifest.
type frame struct{ head, between, tail string }

// stream writes a manifest that is a sequence of entries.
func stream[E entry](ctx context.Context, o Options, s seed, around frame, from source[E]) error {
	out := bufio.NewWriterSize(o.Out, 1<<16)
	expected := bufio.NewWriter(o.Expected)
	before := around.head
	err := ordered(ctx, o.N, newMaker(s, o, from).make, func(i int, entry made[E]) error {
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
		return json.NewEncoder(expected).Encode(entry.expect)
	})
	if err != nil {
		return err
	}
	if _, err := out.WriteString(around.tail); err != nil {
		return err
	}
	return errors.Join(out.Flush(), expected.Flush())
}

// An Expectation is the expected result for one entry when the manifest is
// imported for the first time, into an account that has none of its devices.
type Expectation struct {
	// Entry is the position in the manifest.
	Entry int `json:"entry"`
	// Outcome is "device", "rejected" or "skipped".
	Outcome string `json:"outcome"`
	// Reason is the code of a rejected entry.
	Reason string `json:"reason,omitempty"`
}

// Values of [Expectation.Outcome].
const (
	ExpectDevice   = "device"
	ExpectRejected = "rejected"
	ExpectSkipped  = "skipped"
)
