package stack_test

import "strings"

// bucketOf is the logical ID of a vendor's bucket.
func bucketOf(vendor string) string { return strings.ToUpper(vendor[:1]) + vendor[1:] + "Bucket" }
