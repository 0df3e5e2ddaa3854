package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// A Kept is a resource that outlives its stack.
type Kept struct {
	LogicalID string `json:"logical_id"`
	Type      string `json:"resource_type"`
	Name      string `json:"name"`
}

// Removal returns the shell command that removes the resource and its content with
// the AWS CLI. S3 deletes at most 1000 versions at a time, and only empty buckets, so
// the loop runs until nothing is listed.
func (k Kept) Removal(region string) string {
	if k.Type == "AWS::DynamoDB::Table" {
		return fmt.Sprintf("aws dynamodb delete-table --region %s --table-name %s", region, k.Name)
	}
	return fmt.Sprintf("while aws s3api list-object-versions --region %[1]s --bucket %[2]s --max-items 1000 --output json "+
		"--query '{Objects: [Versions, DeleteMarkers][] | [].{Key: Key, VersionId: VersionId}, Quiet: `true`}' | "+
		"aws s3api delete-objects --region %[1]s --bucket %[2]s --delete file:///dev/stdin 2>/dev/null; do :; done; "+
		"aws s3 rb --region %[1]s s3://%[2]s", region, k.Name)
}

// Kept returns the resources that a deletion of the stack keeps.
func (s *Stack) Kept() []Kept {
	var kept []Kept
	for id, name := range s.resources {
		switch {
		case name == "":
		case id == ledgerTable:
			kept = append(kept, Kept{id, "AWS::DynamoDB::Table", name})
		case strings.HasSuffix(id, "Bucket"):
			kept = append(kept, Kept{id, "AWS::S3::Bucket", name})
		}
	}
	slices.SortFunc(kept, func(a, b Kept) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return kept
}

// Deleted returns the resources that a deletion of the stack deletes.
func (s *Stack) Deleted() []Kept {
	kept := s.Kept()
	var gone []Kept
	for id, name := range s.resources {
		stays := slices.ContainsFunc(kept, func(k Kept) bool { return k.LogicalID == id })
		if name != "" && !stays && s.types[id] != "AWS::S3::BucketPolicy" { // which its bucket keeps
			gone = append(gone, Kept{id, s.types[id], name})
		}
	}
	slices.SortFunc(gone, func(a, b Kept) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return gone
}

// ArtifactsBucket returns the bucket from which the code of the functions was deployed; empty if
// that is unknown. A deletion keeps it, because other stacks may use it.
func (s *Stack) ArtifactsBucket() string { return s.Parameters["CodeBucket"] }

// Delete deletes the stack without the resources of [Stack.Kept], and returns when
// CloudFormation is done. The error is a *[ProtectedError] if the stack is protected.
func (s *Stack) Delete(ctx context.Context, watch func(Event)) error {
	if s.Protected {
		return &ProtectedError{Stack: s.Name}
	}
	after, err := s.newest(ctx, s.id)
	if err != nil {
		return err
	}
	if _, err := s.changes.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &s.id}); err != nil {
		return fmt.Errorf("stack %s: delete: %w", s.Name, err)
	}
	return s.follow(ctx, s.Name, s.id, after, []types.StackStatus{types.StackStatusDeleteComplete}, watch)
}
