package operate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/thingpress/thingpress/internal/progress"
)

// Purge removes what a deletion kept, with every version of every object. This cannot
// be undone. Watch is called with the number of deleted objects of a bucket. Purge
// continues after an error; it returns what it could not remove, and the reasons.
func (s *Stack) Purge(ctx context.Context, kept []Kept, watch func(k Kept, objects int)) (left []Kept, err error) {
	var failures []error
	for _, k := range kept {
		if err := s.remove(ctx, k, watch); err != nil {
			left = append(left, k)
			failures = append(failures, err)
		}
	}
	return left, errors.Join(failures...)
}

func (s *Stack) remove(ctx context.Context, k Kept, watch func(Kept, int)) error {
	if k.Type == "AWS::DynamoDB::Table" {
		_, err := s.dynamodb.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &k.Name})
		var gone *dynamodbtypes.ResourceNotFoundException
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("delete table %s: %w", k.Name, err)
		}
		watch(k, 0)
		return nil
	}
	if err := s.empty(ctx, k, watch); err != nil {
		return fmt.Errorf("empty bucket %s: %w", k.Name, err)
	}
	_, err := s.buckets.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &k.Name, ExpectedBucketOwner: &s.ID})
	if err != nil && status(err) != http.StatusNotFound {
		return fmt.Errorf("delete bucket %s: %w", k.Name, err)
	}
	return nil
}

// empty deletes every version of every object, page by page.
func (s *Stack) empty(ctx context.Context, k Kept, watch func(Kept, int)) error {
	gone := 0
	for {
		page, err := s.buckets.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &k.Name, ExpectedBucketOwner: &s.ID})
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
			out, err := s.buckets.DeleteObjects(ctx, &s3.DeleteObjectsInput{
				Bucket: &k.Name, ExpectedBucketOwner: &s.ID, Delete: &types.Delete{Objects: chunk, Quiet: aws.Bool(true)},
			})
			if err != nil {
				return err
			}
			if len(out.Errors) > 0 {
				first := out.Errors[0]
				return fmt.Errorf("%s could not be deleted, such as %s: %s: %s",
					progress.Plural(len(out.Errors), "object", "objects"), aws.ToString(first.Key), aws.ToString(first.Code), aws.ToString(first.Message))
			}
		}
		gone += len(objects)
		watch(k, gone)
	}
}
