package decode

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

// Reread opens the manifest of a job that has ended, and returns its devices as the passes of the job saw them: the same
// version of the object, by the same settings and signers. They may be read once. The caller must call end. The error
// is a *[stack.UnreadableError] if the manifest can no longer be read, and otherwise a fault.
func (h *Handler) Reread(ctx context.Context, job stack.Job) (devices iter.Seq2[manifest.Device, error], end func(), err error) {
	w := &worker{h: h, job: job, soft: ctx, log: h.Log.With("import", job.Import)}
	err = w.readJob()
	var src *source
	if err == nil {
		src, err = w.openManifest(ctx)
	}
	var final *stopError
	var api smithy.APIError
	denied := errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "AccessDenied")
	switch {
	case errors.As(err, &final) || denied:
		return nil, nil, &stack.UnreadableError{Cause: err}
	case err != nil:
		return nil, nil, err
	}
	return src.decoder.Decode(ctx, src.input, w.options(&pass{})), src.close, nil
}
