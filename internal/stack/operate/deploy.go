package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/thingpress/thingpress/internal/backoff"
)

// A Deployment describes a stack.
type Deployment struct {
	Stack string
	// Template is CloudFormation in JSON, with the parameters CodeBucket, CodeKey and
	// CodeVersion.
	Template []byte
	// Code is the path of the functions' zip.
	Code string
	// Artifacts is the bucket for both; if empty, one is created for this account and
	// region.
	Artifacts string
	// Parameters replaces parameters of the stack. The others keep their values, or
	// have the template's defaults.
	Parameters map[string]string
	// Tags replaces tags of the stack, which CloudFormation gives to all its resources. The others stay.
	Tags map[string]string
	// Version is the version of the code. The stack shows it in its description, see
	// [Stack.Version].
	Version string
}

// A Change is one change of a [ChangeSet].
type Change struct {
	Action      string `json:"action"` // Add, Modify, Remove
	LogicalID   string `json:"logical_id"`
	Type        string `json:"resource_type"`
	Replacement string `json:"replacement,omitempty"` // True, False, Conditional
}

// A ChangeSet is what a deployment would change.
type ChangeSet struct {
	// Create is set if the stack is new, Unchanged if CloudFormation found nothing to do, and the set is
	// discarded already. A set that changes only the description, outputs or tags of the stack has no Changes,
	// which are those of resources, and must be executed or discarded like any other.
	Create, Unchanged bool
	Changes           []Change

	account *Account
	stack   string
	id      string // its ARN: two stacks may have change sets of one name
	stackID string
}

// An UnknownParameterError is returned for a parameter that the template does not
// have.
type UnknownParameterError struct {
	Name  string
	Known []string
}

// Error returns the name, and the parameters that exist.
func (e *UnknownParameterError) Error() string {
	return fmt.Sprintf("the template has no parameter %s; its parameters are %s", e.Name, strings.Join(e.Known, ", "))
}

// discardMost is how long discarding may take after an interrupt.
const discardMost = 30 * time.Second

// pollEvery is the time between two requests to AWS.
const pollEvery = 2 * time.Second

// Prepare uploads code and template, and has CloudFormation compute the changes. The
// stack itself does not change. A ChangeSet that is not Unchanged must be executed or
// discarded.
func (a *Account) Prepare(ctx context.Context, d Deployment) (*ChangeSet, error) {
	declared, err := declaredParameters(d.Template)
	if err != nil {
		return nil, err
	}
	template, err := Versioned(d.Template, d.Version)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(d.Parameters)) {
		if !slices.Contains(declared, name) {
			return nil, &UnknownParameterError{Name: name, Known: declared}
		}
	}
	before, err := a.Find(ctx, d.Stack)
	switch {
	case errors.Is(err, ErrNoStack):
	case err != nil:
		return nil, err
	default:
		if err := deployable(before); err != nil {
			return nil, err
		}
	}
	if err := a.checkExisting(ctx, d.Parameters); err != nil {
		return nil, err
	}
	code, err := readCode(d.Code)
	if err != nil {
		return nil, fmt.Errorf("code of the functions: %w", err)
	}
	bucket := d.Artifacts
	if bucket == "" {
		bucket = a.artifactsBucket()
	}
	if err := a.ensureArtifacts(ctx, bucket); err != nil {
		return nil, err
	}
	codeKey, codeVersion, err := a.putArtifact(ctx, bucket, "thingpress-lambda.zip", code)
	if err != nil {
		return nil, err
	}
	templateKey, templateVersion, err := a.putArtifact(ctx, bucket, "template.json", template)
	if err != nil {
		return nil, err
	}
	parameters := maps.Clone(d.Parameters)
	if parameters == nil {
		parameters = map[string]string{}
	}
	parameters["CodeBucket"], parameters["CodeKey"], parameters["CodeVersion"] = bucket, codeKey, codeVersion
	set := &ChangeSet{account: a, stack: d.Stack}
	name := "thingpress-" + time.Now().UTC().Format("20060102-150405")
	set.Create = before == nil || before.Status == string(types.StackStatusReviewInProgress)
	kind := types.ChangeSetTypeUpdate
	if set.Create {
		kind = types.ChangeSetTypeCreate
	}
	location := a.objectURL(bucket, templateKey) + "?versionId=" + url.QueryEscape(templateVersion)
	created, err := a.changes.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName: &d.Stack, ChangeSetName: &name, ChangeSetType: kind, TemplateURL: &location,
		Capabilities: []types.Capability{types.CapabilityCapabilityIam},
		Parameters:   parameterList(declared, parameters, before),
		Tags:         tagList(d.Tags, before),
	})
	if err != nil {
		return nil, fmt.Errorf("stack %s: create change set: %w", d.Stack, err)
	}
	set.id, set.stackID = aws.ToString(created.Id), aws.ToString(created.StackId)
	if err := set.prepared(ctx); err != nil {
		return nil, err
	}
	return set, nil
}

// prepared waits until CloudFormation has computed the change set. After an error or
// an interrupt it discards the change set.
func (c *ChangeSet) prepared(ctx context.Context) error {
	err := c.await(ctx)
	if err == nil {
		return nil
	}
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), discardMost)
	defer end()
	return errors.Join(err, c.Discard(ctx))
}

// objectURL returns the URL of the template for CloudFormation.
func (a *Account) objectURL(bucket, key string) string {
	suffix := "amazonaws.com"
	if a.Partition == "aws-cn" {
		suffix += ".cn"
	}
	return fmt.Sprintf("https://s3.%s.%s/%s/%s", a.Region, suffix, bucket, key)
}

func declaredParameters(template []byte) ([]string, error) {
	var parsed struct{ Parameters map[string]json.RawMessage }
	if err := json.Unmarshal(template, &parsed); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return slices.Sorted(maps.Keys(parsed.Parameters)), nil
}

// versionMark precedes the version in the description of a stack.
const versionMark = " Version "

// Versioned returns a template with a version: in its description, in the output Version, and in the environment of
// the functions. An empty version changes nothing.
func Versioned(template []byte, version string) ([]byte, error) {
	if version == "" {
		return template, nil
	}
	var parsed map[string]json.RawMessage
	if err := json.Unmarshal(template, &parsed); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	var description string
	if err := json.Unmarshal(parsed["Description"], &description); err != nil {
		return nil, fmt.Errorf("template: its description: %w", err)
	}
	var err error
	if parsed["Description"], err = json.Marshal(description + versionMark + version); err != nil {
		return nil, err
	}
	mappings := map[string]any{"Thingpress": map[string]any{"Release": map[string]any{"Version": version}}}
	if parsed["Mappings"], err = json.Marshal(mappings); err != nil {
		return nil, err
	}
	return json.MarshalIndent(parsed, "", " ")
}

// parameterList returns the wanted parameters, and keeps the values of the stack for
// the others.
func parameterList(declared []string, wanted map[string]string, before *Stack) []types.Parameter {
	var list []types.Parameter
	for _, name := range declared {
		if value, ok := wanted[name]; ok {
			list = append(list, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(value)})
			continue
		}
		if before == nil {
			continue
		}
		if _, ok := before.Parameters[name]; ok {
			list = append(list, types.Parameter{ParameterKey: aws.String(name), UsePreviousValue: aws.Bool(true)})
		}
	}
	return list
}

// tagList returns the wanted tags and those of the stack. Its first deployment has a tag of its own.
func tagList(wanted map[string]string, before *Stack) (list []types.Tag) {
	tags := map[string]string{"application": "thingpress"}
	if before != nil && before.Status != string(types.StackStatusReviewInProgress) {
		tags = maps.Clone(before.Tags)
	}
	maps.Copy(tags, wanted)
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(name), Value: aws.String(tags[name])})
	}
	return list
}

// deployable returns an error if CloudFormation would refuse a deployment to the
// stack.
func deployable(s *Stack) error {
	switch status := types.StackStatus(s.Status); status {
	case types.StackStatusReviewInProgress:
		return nil
	case types.StackStatusRollbackComplete, types.StackStatusRollbackFailed, types.StackStatusCreateFailed,
		types.StackStatusUpdateRollbackFailed, types.StackStatusUpdateFailed, types.StackStatusDeleteFailed:
		return &StateError{Stack: s.Name, Status: s.Status, Reason: s.Reason, hint: wayOut(s.Name, status)}
	}
	if strings.HasSuffix(s.Status, "_IN_PROGRESS") && s.Status != string(types.StackStatusUpdateCompleteCleanupInProgress) {
		return &StateError{
			Stack: s.Name, Status: s.Status,
			hint: "another operation on the stack is in progress: wait until thingpress stack status shows that it is complete",
		}
	}
	return nil
}

// A StateError is returned for a stack whose state allows no deployment.
type StateError struct {
	Stack, Status, Reason string
	hint                  string
}

// Error returns the state, and CloudFormation's reason for it.
func (e *StateError) Error() string {
	text := fmt.Sprintf("cannot deploy to stack %s: it is %s", e.Stack, e.Status)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Hint returns what to do about it.
func (e *StateError) Hint() string { return e.hint }

// await waits until CloudFormation has computed the change set.
func (c *ChangeSet) await(ctx context.Context) error {
	for {
		in := &cloudformation.DescribeChangeSetInput{StackName: &c.stack, ChangeSetName: &c.id}
		out, err := patiently(ctx, func(ctx context.Context) (*cloudformation.DescribeChangeSetOutput, error) {
			return c.account.changes.DescribeChangeSet(ctx, in)
		})
		if err != nil {
			return fmt.Errorf("stack %s: describe change set: %w", c.stack, err)
		}
		switch out.Status {
		case types.ChangeSetStatusCreateComplete:
			return c.collect(ctx, out)
		case types.ChangeSetStatusFailed:
			reason := aws.ToString(out.StatusReason)
			if strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed") {
				c.Unchanged = true
				return c.Discard(ctx)
			}
			return fmt.Errorf("stack %s: CloudFormation refused the change set: %s", c.stack, reason)
		}
		if err := backoff.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

func (c *ChangeSet) collect(ctx context.Context, page *cloudformation.DescribeChangeSetOutput) error {
	for {
		for _, change := range page.Changes {
			if r := change.ResourceChange; r != nil {
				c.Changes = append(c.Changes, Change{
					Action: string(r.Action), LogicalID: aws.ToString(r.LogicalResourceId),
					Type: aws.ToString(r.ResourceType), Replacement: string(r.Replacement),
				})
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return nil
		}
		var err error
		in := &cloudformation.DescribeChangeSetInput{StackName: &c.stack, ChangeSetName: &c.id, NextToken: page.NextToken}
		if page, err = patiently(ctx, func(ctx context.Context) (*cloudformation.DescribeChangeSetOutput, error) {
			return c.account.changes.DescribeChangeSet(ctx, in)
		}); err != nil {
			return fmt.Errorf("stack %s: describe change set: %w", c.stack, err)
		}
	}
}

// Discard deletes the change set, and the empty stack that it created if the stack is
// new.
func (c *ChangeSet) Discard(ctx context.Context) error {
	in := &cloudformation.DeleteChangeSetInput{StackName: &c.stack, ChangeSetName: &c.id}
	if _, err := c.account.changes.DeleteChangeSet(ctx, in); err != nil {
		return fmt.Errorf("stack %s: discard change set: %w", c.stack, err)
	}
	if !c.Create {
		return nil
	}
	// The stack may have been created meanwhile.
	left, err := c.account.Find(ctx, c.stack)
	if errors.Is(err, ErrNoStack) || err == nil && left.Status != string(types.StackStatusReviewInProgress) {
		return nil
	}
	if err == nil {
		_, err = c.account.changes.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &c.stack})
	}
	if err != nil {
		return fmt.Errorf("stack %s: discard change set: %w", c.stack, err)
	}
	return nil
}

// Execute makes the changes, and returns when CloudFormation is done. The error is a
// *[FailedError] if CloudFormation rolled them back. Watch is called for every event.
func (c *ChangeSet) Execute(ctx context.Context, watch func(Event)) error {
	after, err := c.account.newest(ctx, c.stackID)
	if err != nil {
		return err
	}
	in := &cloudformation.ExecuteChangeSetInput{StackName: &c.stack, ChangeSetName: &c.id}
	if _, err := c.account.changes.ExecuteChangeSet(ctx, in); err != nil {
		return fmt.Errorf("stack %s: execute change set: %w", c.stack, err)
	}
	return c.account.follow(ctx, c.stack, c.stackID, after, []types.StackStatus{
		types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateCompleteCleanupInProgress,
	}, watch)
}
