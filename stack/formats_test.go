package stack_test

import "github.com/thingpress/thingpress/internal/stack"

// bucketOf is the logical ID of a vendor's bucket.
func bucketOf(vendor string) string { return stack.BucketResource(vendor) }
