// Package policy reads AWS IoT policies.
//
// An AWS IoT policy is attached to a certificate or to a thing group and decides what a device
// may do: connect, publish, subscribe, receive. Its document is JSON with the conventions of IAM
// policies, fewer elements and its own actions, resources and variables.
//
// [Parse] reads a document. It returns a [*ParseError] with line and column for a document that AWS
// refuses. A document that AWS accepts may still not mean what its author wants: AWS accepts an
// action that does not exist, which then never matches. [Document.Warnings] has these.
//
//	document, err := policy.Parse(text)
//	var refused *policy.ParseError
//	if errors.As(err, &refused) {
//		fmt.Println(refused.Code, refused.Line, refused.Column)
//	}
//
// The package returns codes and values. It makes no calls, keeps no state and has no dependencies
// outside the standard library. Everything in it may be used concurrently.
//
// Sources are the developer guide of AWS IoT Core ("AWS IoT Core policies") and its page of
// quotas. Where AWS documents no rule, the package follows IAM and says so.
package policy
