package policy

// A Decision is the answer for one request.
type Decision struct {
	Outcome Outcome
	// Matched are the statements that match the request, in the order of the documents. If one of
	// them denies, the outcome is [ExplicitDeny].
	Matched []Match
	// Variables are the variables of the resources and conditions of all statements with the
	// action of the request, each once.
	Variables []Variable
	// Open are the questions on which the outcome depends and which AWS does not answer. If there
	// are none, AWS documents the outcome. They are sorted.
	Open []Question
}

// Allowed reports whether the outcome is [Allowed].
func (d Decision) Allowed() bool { return d.Outcome == Allowed }

// An Outcome is allowed or one of two ways not to be.
type Outcome string

// The outcomes. AWS calls them ALLOWED, EXPLICIT_DENY and IMPLICIT_DENY.
const (
	// Allowed means that a statement allows the request and none denies it.
	Allowed Outcome = "allowed"
	// ExplicitDeny means that a statement denies the request, whatever others allow.
	ExplicitDeny Outcome = "explicit-deny"
	// ImplicitDeny means that no statement matches.
	ImplicitDeny Outcome = "implicit-deny"
)

// A Match is a statement that matches a request.
type Match struct {
	// Document and Statement are indexes: of the documents that were given, and of the statements
	// of that document.
	Document  int
	Statement int
	Effect    Effect
	// Resource is the index of the first resource that matches, or -1 for NotResource.
	Resource int
}

// A Variable is a policy variable with its value, or with the reason why it has none.
type Variable struct {
	// Name is the name as the document writes it, without ${}.
	Name string
	// Value is the value, if Reason is empty.
	Value string
	// Reason is why the variable is not substituted; empty if it is.
	Reason Reason
}

// A Question is a stable code for what AWS does not document. The library then answers as the
// constant says.
type Question string

// The questions.
const (
	// QuestionUnresolvedDeny is a statement with a variable that is not substituted, where other
	// text in its place would change the outcome to a deny. The library lets it deny nothing.
	QuestionUnresolvedDeny Question = "unresolved-variable-in-deny"
	// QuestionUnresolvedNot is a NotResource with a variable that is not substituted. The library
	// lets the statement match, since the text does not match.
	QuestionUnresolvedNot Question = "unresolved-variable-in-not-resource"
	// QuestionClientIDWildcard is a client ID with * or ?, which as a wildcard would match. The
	// library takes the client ID literally.
	QuestionClientIDWildcard Question = "wildcard-in-client-id"
	// QuestionConnectFeatures is a will or a persistent session, allowed by a statement without a
	// condition on iot:ConnectAttributes. AWS documents two answers; the library allows it.
	QuestionConnectFeatures Question = "unconditioned-connect-features"
	// QuestionNotAction is a statement with NotAction. The library follows IAM.
	QuestionNotAction Question = "not-action"
	// QuestionActionCase is an action in another case. The library ignores case, as IAM does.
	QuestionActionCase Question = "action-case"
	// QuestionActionWildcard is an action with a wildcard, such as iot:Conn*. The library follows
	// IAM.
	QuestionActionWildcard Question = "action-wildcard"
	// QuestionJobPrefix is an action of jobs with the prefix iot where the request has iotjobsdata,
	// or the reverse. The library takes them for different actions.
	QuestionJobPrefix Question = "job-action-prefix"
	// QuestionOldVersion is a document with variables and without the version 2012-10-17. The
	// library takes the variables literally, as IAM does.
	QuestionOldVersion Question = "old-version"
	// QuestionOtherThing is iot:Connection.Thing.IsAttached where the certificate is attached to one
	// thing exclusively and the client ID is another name. The library says true.
	QuestionOtherThing Question = "client-id-is-not-the-exclusive-thing"
	// QuestionKey is a condition with a key or an operator that no text about AWS IoT describes.
	// The library takes aws:CurrentTime and aws:EpochTime from the connection, takes
	// aws:SecureTransport for true, and all others for absent.
	QuestionKey Question = "undocumented-condition"
	// QuestionPlainOperator is a key with several values and an operator without ForAllValues or
	// ForAnyValue. The library takes the operator for ForAnyValue, and a negated one for
	// ForAllValues.
	QuestionPlainOperator Question = "operator-without-set"
	// QuestionSpecialKey is a condition on a value of a certificate with one of the characters
	// * $ + ? #, which is not substituted as a variable. The library compares it.
	QuestionSpecialKey Question = "special-character-in-key"
	// QuestionSerialNumber is a serial number of a certificate, whose form AWS does not document.
	// The library compares [Certificate.SerialNumber].
	QuestionSerialNumber Question = "form-of-serial-number"
)
