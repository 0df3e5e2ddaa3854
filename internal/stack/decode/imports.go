package decode

import (
	"context"
	"fmt"
)

// Imports returns the imports of the uploads that the body of an S3 event tells
// of, and makes the jobs of those that have none, but works on none of them. It is for a message
// that Handle could not take to its end.
func (h *Handler) Imports(ctx context.Context, body string) ([]string, error) {
	uploads, err := parseEvent(body)
	if err != nil {
		return nil, err
	}
	var imports []string
	for _, u := range uploads {
		if u.ignored != "" {
			continue
		}
		id, err := h.start(ctx, u.Upload)
		if err != nil {
			return nil, fmt.Errorf("upload %s/%s: %w", u.Bucket, u.Key, err)
		}
		imports = append(imports, id)
	}
	return imports, nil
}
