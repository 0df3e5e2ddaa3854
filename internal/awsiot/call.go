package awsiot

import (
	"context"
	"time"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
)

// A method is one operation of one of the SDK's clients, which has these options.
type method[In, Out, Options any] func(ctx context.Context, in *In, options ...func(*Options)) (*Out, error)

// call makes one call of op with the client's timeout. Out is never nil; with an error, which
// is an *[iot.APIError], it is empty.
func call[In, Out, Options any](ctx context.Context, c *Client, op iot.Operation, do method[In, Out, Options], in *In) (*Out, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	started := time.Now()
	out, err := do(ctx, in)
	if err == nil {
		c.identity.taken()
		return out, nil
	}
	e := c.explain(string(op), started, err)
	if e.Code != "" && e.Class != iot.ClassCredentials && !refused(e) {
		c.identity.taken()
	}
	return new(Out), e
}

// pageSize returns the maximum page size.
func pageSize() *int32 {
	size := int32(quota.PageSize)
	return &size
}

// optional returns nil for an empty string, so that the SDK omits it.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// each converts the items of a page.
func each[From, To any](lines []From, convert func(From) To) []To {
	page := make([]To, len(lines))
	for i, line := range lines {
		page[i] = convert(line)
	}
	return page
}
