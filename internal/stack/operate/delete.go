package operate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A Kept resource outlives its stack.
type Kept struct {
	LogicalID string `json:"logical_id"`
	Type      string `json:"resource_type"`
	Name      string `json:"name"`
}

// Kept are the resources that a deletion leaves where they are.
func (s *Stack) Kept() []Kept {
	var kept []Kept
	for id, name := range s.resources {
		switch {
		case name == "":
		case id == "LedgerTable":
			kept = append(kept, Kept{id, "AWS::DynamoDB::Table", name})
		case strings.HasSuffix(id, "Bucket"):
			kept = append(kept, Kept{id, "AWS::S3::Bucket", name})
		}
	}
	slices.SortFunc(kept, func(a, b Kept) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return kept
}

// Delete deletes the stack, but for what is [Stack.Kept], and returns when
// CloudFormation is done.
func (s *Stack) Delete(ctx context.Context, watch func(Event)) error {
	since := time.Now()
	if _, err := s.cloudformation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &s.Name}); err != nil {
		return fmt.Errorf("stack %s: delete: %w", s.Name, err)
	}
	return s.follow(ctx, s.Name, since, watch)
}

// Purge removes what a deletion kept, with every version of every object in
// it. It cannot be undone. Watch is told how many objects of a bucket are gone.
func (s *Stack) Purge(ctx context.Context, kept []Kept, watch func(k Kept, objects int)) error {
	for _, k := range kept {
		if k.Type == "AWS::DynamoDB::Table" {
			if _, err := s.dynamodb.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &k.Name}); err != nil {
				return fmt.Errorf("delete table %s: %w", k.Name, err)
			}
			watch(k, 0)
			continue
		}
		if err := s.empty(ctx, k, watch); err != nil {
			return fmt.Errorf("empty bucket %s: %w", k.Name, err)
		}
		if _, err := s.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &k.Name, ExpectedBucketOwner: &s.ID}); err != nil && status(err) != http.StatusNotFound {
			return fmt.Errorf("delete bucket %s: %w", k.Name, err)
		}
	}
	return nil
}

// empty deletes every version of every object, a page at a time.
func (s *Stack) empty(ctx context.Context, k Kept, watch func(Kept, int)) error {
	gone := 0
	for {
		page, err := s.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &k.Name, ExpectedBucketOwner: &s.ID})
		if err != nil {
			if status(err) == http.StatusNotFound {
				return nil
			}
			return err
		}
		var objects []types.ObjectIdentifier
		for _, v := range page.Versions {
			objects = append(objects, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			objects = append(objects, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(objects) == 0 {
			watch(k, gone)
			return nil
		}
		for chunk := range slices.Chunk(objects, 1000) {
			out, err := s.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{
				Bucket: &k.Name, ExpectedBucketOwner: &s.ID, Delete: &types.Delete{Objects: chunk, Quiet: aws.Bool(true)},
			})
			if err != nil {
				return err
			}
			if len(out.Errors) > 0 {
				return fmt.Errorf("%s: %s", aws.ToString(out.Errors[0].Key), aws.ToString(out.Errors[0].Message))
			}
		}
		gone += len(objects)
		watch(k, gone)
	}
}
