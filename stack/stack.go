// Package stack holds the template of the stack: the AWS SAM template is in
// template.yaml, and what aws-sam-translator makes of it in expanded.json, which
// `make lambda` writes.
package stack

import _ "embed"

// Template is the stack's template as plain CloudFormation, in JSON. The
// parameters CodeBucket, CodeKey and CodeVersion name the functions' code.
//
//go:embed expanded.json
var Template []byte
