// Package policy reads AWS IoT policies, decides requests by them and finds mistakes in them.
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
// # Decisions
//
// [Evaluate] decides one request. The caller collects the documents: the default versions of the
// policies of the certificate and of the groups of the thing. A [Connection] says who asks, and a
// [Request] what for.
//
//	c := policy.Connection{
//		Target:      policy.Target{Region: "us-east-1", Account: "123456789012"},
//		ClientID:    "sensor-1",
//		Certificate: policy.NewCertificate(leaf),
//		Things:      []policy.Thing{{Name: "sensor-1"}},
//	}
//	d := policy.Evaluate(documents, c, policy.Publish("sensor-1/telemetry"))
//	if !d.Allowed() {
//		fmt.Println(d.Outcome, d.Matched, d.Variables)
//	}
//
// The [Decision] has the statements that match and each policy variable, with its value or with the
// reason why it is not substituted. Where AWS documents no answer, the package assumes one and says
// so in [Decision.Open]. For many requests, [Compile] the documents once; [Policies.Decide] returns
// the outcome alone and does not allocate unless a condition is evaluated.
//
// # Mistakes
//
// [Lint] finds what is documented as a mistake, in documents and for the devices that they are
// meant for. A [Finding] has a stable [Rule], whose constant says what is wrong and what to do.
// A [Linter] looks at devices one by one, so that memory does not grow with their number; only
// [RuleSharedName] keeps 16 bytes for each common name.
//
// The package returns codes and values. It makes no calls, keeps no state and has no dependencies
// outside the standard library. Everything but a [Linter]
// may be used concurrently.
//
// Sources are the developer guide of AWS IoT Core ("AWS IoT Core policies") and its page of
// quotas. Where AWS documents no rule, the package follows IAM and says so.
package policy
