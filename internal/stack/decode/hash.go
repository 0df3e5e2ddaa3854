package decode

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// hashEvery is the number of bytes between two checkpoints.
const hashEvery = 256 << 20

// hashObject checks the stack's parameters, and computes the SHA-256 of the object.
func (w *worker) hashObject(ctx context.Context) error {
	if !w.progress.Ready {
		if err := w.prepare(ctx); err != nil {
			return err
		}
		w.progress.Ready = true
	}
	if err := w.loadSigners(); err != nil {
		return w.classify(err)
	}
	r, err := w.openObject()
	if err != nil {
		return err
	}
	defer r.Close()
	w.job.Upload.Size = r.Size()
	sum := sha256.New()
	state, ok := sum.(interface {
		encoding.BinaryMarshaler
		encoding.BinaryUnmarshaler
	})
	if !ok {
		return errors.New("hash: this version of Go cannot save the state of SHA-256")
	}
	if w.progress.Hashed > 0 {
		if err := state.UnmarshalBinary(w.progress.HashState); err != nil {
			return fmt.Errorf("hash: %w", err)
		}
	}
	// keep stores the state of the sum in the progress.
	keep := func(hashed int64) (err error) {
		w.progress.Hashed = hashed
		w.progress.HashState, err = state.MarshalBinary()
		return err
	}
	buffer := make([]byte, 256<<10)
	saved := w.progress.Hashed
	for at := saved; at < r.Size(); {
		n, err := r.ReadAt(buffer[:min(int64(len(buffer)), r.Size()-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(keep(at), w.classify(err))
		}
		_, _ = sum.Write(buffer[:n]) // never fails
		if at += int64(n); at-saved >= hashEvery {
			if err := keep(at); err != nil {
				return err
			}
			if err := w.checkpoint(ctx); err != nil {
				return err
			}
			saved = at
		}
	}
	w.progress.SHA256, w.progress.HashState = hex.EncodeToString(sum.Sum(nil)), nil
	return nil
}
