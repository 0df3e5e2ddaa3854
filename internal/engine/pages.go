package engine

import (
	"context"

	"github.com/thingpress/thingpress/internal/iot"
)

// readPages reads a list and passes on page by page until use returns false. More reports whether another
// page follows. It reports whether it reached the end of the list.
func readPages[T any](s *session, op iot.Operation, read func(ctx context.Context, token string) ([]T, string, error),
	use func(page []T, more bool) (goOn bool),
) (ended bool, err error) {
	for token := ""; ; {
		var page []T
		var next string
		_, err := s.caller.Do(op, func(ctx context.Context) (err error) {
			page, next, err = read(ctx, token)
			return err
		})
		if err != nil {
			return false, err
		}
		if goOn := use(page, next != ""); next == "" || !goOn {
			return next == "", nil
		}
		token = next
	}
}
