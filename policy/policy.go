package policy

import "strconv"

// A Document is a policy document that AWS accepts.
type Document struct {
	// Version is the version of the policy language, or empty if the document has none.
	Version string
	// ID is the element Id; it has no meaning.
	ID string
	// Statements has at least one statement.
	Statements []Statement
	// Size is the number of characters without white space, which AWS limits to [MaxSize].
	Size int
	// Warnings are what AWS accepts although it cannot be meant, in the order of the text.
	Warnings []Problem
}

// A Statement allows or denies actions on resources. It matches a request if one of the actions,
// one of the resources and all conditions match.
type Statement struct {
	Position
	// SID is the element Sid; it has no meaning.
	SID    string
	Effect Effect
	// Actions are the elements Action. If NotAction is true they are those of NotAction, and the
	// statement matches all other actions.
	Actions   []Action
	NotAction bool
	// Resources are the elements Resource. If NotResource is true they are those of NotResource,
	// and the statement matches all other resources.
	Resources   []Resource
	NotResource bool
	Conditions  []Condition
}

// An Effect is [Allow] or [Deny].
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// An Action is an action such as iot:Connect, or a pattern such as iot:*.
type Action struct {
	Position
	Text string
}

// A Resource is an ARN, which may have wildcards and variables, or *.
type Resource struct {
	Position
	Text string
}

// A Condition compares a value of the request with values of the document. It is true if one of
// the values fits.
type Condition struct {
	Position
	// Operator is an operator of IAM such as StringEquals, without prefix and suffix.
	Operator string
	// Set is the prefix of the operator, for a key with several values, or empty.
	Set Quantifier
	// IfExists makes the condition true if the request has no value for the key.
	IfExists bool
	// Key is a key such as iot:Connection.Thing.IsAttached.
	Key string
	// Values are the values. Booleans and numbers are as in the document. There may be none.
	Values []string
}

// A Quantifier is the number of values of a request that must fit.
type Quantifier string

// The quantifiers.
const (
	ForAllValues Quantifier = "ForAllValues"
	ForAnyValue  Quantifier = "ForAnyValue"
)

// A Position is a place in a document.
type Position struct {
	// Line and Column count from 1, the column in characters.
	Line   int `json:"line"`
	Column int `json:"column"`
}

// MaxSize is the maximum number of characters of a document. White space does not count (AWS IoT
// Core quotas, "Policy document size").
const MaxSize = 2048

// A ParseError is the reason why AWS refuses a document.
type ParseError struct{ Problem }

// Error returns position, cause and text.
func (e *ParseError) Error() string { return e.String() }

// A Problem is what is wrong at a place of a document.
type Problem struct {
	Position
	// Code is the stable code.
	Code Code
	// Text is the element, action, resource or value that the problem is about; may be empty.
	Text string
	// Size is the size of a document with the code [TooLong].
	Size int
}

// String returns position, cause and text.
func (p Problem) String() string {
	cause := codes[p.Code]
	switch {
	case p.Code == TooLong:
		return "the document has " + strconv.Itoa(p.Size) + " characters without white space; the limit is " + strconv.Itoa(MaxSize)
	case p.Text != "":
		cause += ": " + strconv.Quote(shorten(p.Text))
	}
	return "line " + strconv.Itoa(p.Line) + ", column " + strconv.Itoa(p.Column) + ": " + cause
}

// shorten cuts a text of the document for a message.
func shorten(text string) string {
	const most = 100
	for i := range text {
		if i > most {
			return text[:i] + "…"
		}
	}
	return text
}

// A Code is the stable code of a [Problem].
type Code string

// Codes of documents that AWS refuses.
const (
	// Syntax is a document that is not JSON.
	Syntax Code = "syntax"
	// TrailingComma is a comma before a closing bracket, as in some examples of AWS's own pages.
	TrailingComma Code = "trailing-comma"
	// TooLong is a document of more than [MaxSize] characters.
	TooLong Code = "too-long"
	// WrongType is a value of another type than the element has.
	WrongType Code = "wrong-type"
	// NoStatement is a document without a statement.
	NoStatement Code = "no-statement"
	// BadVersion is a version of the policy language that does not exist.
	BadVersion Code = "bad-version"
	// NoEffect is a statement without Effect.
	NoEffect Code = "no-effect"
	// BadEffect is an effect that is neither Allow nor Deny. Case counts.
	BadEffect Code = "bad-effect"
	// NoAction is a statement without Action and NotAction, or with an empty list.
	NoAction Code = "no-action"
	// TwoActions is a statement with both Action and NotAction.
	TwoActions Code = "two-actions"
	// NoResource is a statement without Resource and NotResource, or with an empty list.
	NoResource Code = "no-resource"
	// TwoResources is a statement with both Resource and NotResource.
	TwoResources Code = "two-resources"
	// BadResource is a resource that is neither an ARN nor *.
	BadResource Code = "bad-resource"
)

// Codes of warnings.
const (
	// OldVersion is a document with no version or with 2008-10-17. In IAM these take variables
	// literally; AWS IoT documents no rule.
	OldVersion Code = "old-version"
	// UnknownElement is an element that AWS IoT does not know, or that is written in another case.
	UnknownElement Code = "unknown-element"
	// RepeatedElement is an element that occurs twice. The last one counts.
	RepeatedElement Code = "repeated-element"
	// Principal is the element Principal or NotPrincipal. An AWS IoT policy applies to what it is
	// attached to.
	Principal Code = "principal"
	// UnknownAction is an action that no device performs, so that it never matches. AWS accepts
	// it.
	UnknownAction Code = "unknown-action"
	// NotAction is the element of this name, which no text about AWS IoT mentions.
	NotAction Code = "not-action"
	// UnknownOperator is a condition with an operator that IAM does not have.
	UnknownOperator Code = "unknown-operator"
)

var codes = map[Code]string{
	Syntax:          "not valid JSON",
	TrailingComma:   "a comma before a closing bracket",
	TooLong:         "too long",
	WrongType:       "a value of the wrong type",
	NoStatement:     "the document has no Statement",
	BadVersion:      "unknown version",
	NoEffect:        "the statement has no Effect",
	BadEffect:       "the effect is neither Allow nor Deny",
	NoAction:        "the statement has no Action",
	TwoActions:      "the statement has both Action and NotAction",
	NoResource:      "the statement has no Resource",
	TwoResources:    "the statement has both Resource and NotResource",
	BadResource:     "a resource is neither an ARN nor *",
	OldVersion:      "an old version of the policy language",
	UnknownElement:  "unknown element",
	RepeatedElement: "the element occurs twice",
	Principal:       "an AWS IoT policy has no principal",
	UnknownAction:   "unknown action",
	NotAction:       "NotAction is not documented for AWS IoT",
	UnknownOperator: "unknown condition operator",
}
