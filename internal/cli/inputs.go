package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/thingpress/thingpress/manifest"
)

// inputs are the opened manifests of a command line.
type inputs struct {
	list  []manifest.Input
	close []func()
}

// openInputs opens the named files; "-" is standard input. What cannot be read
// twice is spooled to a private temporary file.
func openInputs(ctx context.Context, names []string, stdin io.Reader) (*inputs, error) {
	in := &inputs{}
	for _, name := range names {
		if err := in.open(ctx, name, stdin); err != nil {
			in.Close()
			return nil, err
		}
	}
	return in, nil
}

func (in *inputs) open(ctx context.Context, name string, stdin io.Reader) error {
	if name == "-" {
		return in.spool(ctx, "standard input", stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		_ = file.Close()
		return err
	case info.IsDir():
		_ = file.Close()
		return withHint(fmt.Errorf("%s is a directory", name), "name the manifests in it, such as "+name+"/*")
	case !info.Mode().IsRegular():
		defer func() { _ = file.Close() }() // it was only read
		return in.spool(ctx, name, file)
	}
	in.close = append(in.close, func() { _ = file.Close() })
	in.list = append(in.list, manifest.Input{Name: name, Reader: file, Size: info.Size()})
	return nil
}

func (in *inputs) spool(ctx context.Context, name string, from io.Reader) error {
	file, err := os.CreateTemp("", "thingpress-*")
	if err != nil {
		return err
	}
	in.close = append(in.close, func() {
		_ = file.Close()
		_ = os.Remove(file.Name()) // the system removes what is left in its directory
	})
	size, err := io.Copy(file, contextReader{ctx, from})
	if err != nil {
		return fmt.Errorf("%s: copy to %s: %w", name, file.Name(), err)
	}
	in.list = append(in.list, manifest.Input{Name: name, Reader: file, Size: size})
	return nil
}

// Close closes the files and removes what was spooled.
func (in *inputs) Close() {
	for _, end := range in.close {
		end()
	}
}

// contextReader stops between two reads when the context ends. A read that
// waits for a terminal or a pipe is left to the second interrupt.
type contextReader struct {
	ctx  context.Context //nolint:containedctx // the io.Reader interface has no other way to learn of it
	from io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read: %w", err)
	}
	return n, err
}
