package operate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// artifactsBucket returns the name of the bucket that a deployment creates for code
// and template. All stacks of an account and region share it.
func (a *Account) artifactsBucket() string { return "thingpress-artifacts-" + a.ID + "-" + a.Region }

// status returns the HTTP status of an error; 0 if there was no answer.
func status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// ensureArtifacts creates the bucket unless it exists. A bucket of that name in
// another account is an error, because code that others can change must not be
// deployed.
func (a *Account) ensureArtifacts(ctx context.Context, bucket string) error {
	_, err := a.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket, ExpectedBucketOwner: &a.ID})
	switch {
	case err == nil && bucket == a.artifactsBucket():
		return a.keepVersions(ctx, bucket)
	case err == nil:
		return nil
	case status(err) != http.StatusNotFound:
		return fmt.Errorf("bucket %s for code and template: %w", bucket, err)
	}
	create := &s3.CreateBucketInput{Bucket: &bucket, ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}
	if a.Region != "us-east-1" { // S3 refuses the name of this region
		create.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(a.Region)}
	}
	if _, err := a.s3.CreateBucket(ctx, create); err != nil {
		return fmt.Errorf("create bucket %s for code and template: %w", bucket, err)
	}
	if err := a.keepVersions(ctx, bucket); err != nil {
		return err
	}
	yes := true
	if _, err := a.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &bucket, ExpectedBucketOwner: &a.ID, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: &yes, BlockPublicPolicy: &yes, IgnorePublicAcls: &yes, RestrictPublicBuckets: &yes,
		},
	}); err != nil {
		return fmt.Errorf("block public access to bucket %s: %w", bucket, err)
	}
	if a.plain { // the policy would lock us out
		return nil
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*",`+
		`"Resource":["arn:%[1]s:s3:::%[2]s","arn:%[1]s:s3:::%[2]s/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`,
		a.Partition, bucket)
	if _, err := a.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{
		Bucket: &bucket, ExpectedBucketOwner: &a.ID, Policy: &policy,
	}); err != nil {
		return fmt.Errorf("require TLS for bucket %s: %w", bucket, err)
	}
	return nil
}

// keepVersions makes a bucket keep every version of its objects.
func (a *Account) keepVersions(ctx context.Context, bucket string) error {
	if _, err := a.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &bucket, ExpectedBucketOwner: &a.ID,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}); err != nil {
		return fmt.Errorf("keep versions in bucket %s: %w", bucket, err)
	}
	return nil
}

// An UnversionedError is returned for a bucket that keeps no versions. Others who may write to it
// could replace what is deployed from it in the meantime.
type UnversionedError struct{ Bucket string }

// Error returns the bucket.
func (e *UnversionedError) Error() string {
	return fmt.Sprintf("bucket %s for code and template keeps no versions, so the code could be replaced before it is deployed", e.Bucket)
}

// Hint returns how to make the bucket keep versions.
func (e *UnversionedError) Hint() string {
	return "aws s3api put-bucket-versioning --versioning-configuration Status=Enabled --bucket " + e.Bucket
}

// putArtifact puts content under a key that contains its SHA-256, and returns the key and the
// version, whose content never changes. It uses an existing version only if the checksum that S3
// computed is the same, because anyone who may write to the bucket can put anything under the key.
func (a *Account) putArtifact(ctx context.Context, bucket, kind string, content []byte) (key, version string, err error) {
	sum := sha256.Sum256(content)
	key = "thingpress/" + hex.EncodeToString(sum[:]) + "/" + kind
	checksum := base64.StdEncoding.EncodeToString(sum[:])
	found, err := a.s3.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &bucket, Key: &key, ExpectedBucketOwner: &a.ID, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err == nil && aws.ToString(found.ChecksumSHA256) == checksum && isVersion(found.VersionId) {
		return key, *found.VersionId, nil
	}
	put, err := a.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(content), ExpectedBucketOwner: &a.ID,
		ServerSideEncryption: types.ServerSideEncryptionAes256, ChecksumSHA256: &checksum,
	})
	if err != nil {
		return "", "", fmt.Errorf("put %s into bucket %s: %w", kind, bucket, err)
	}
	if !isVersion(put.VersionId) {
		return "", "", &UnversionedError{Bucket: bucket}
	}
	return key, *put.VersionId, nil
}

// isVersion reports whether id names a version. That of an object from before versioning is "null",
// which can be replaced.
func isVersion(id *string) bool { return aws.ToString(id) != "" && *id != "null" }

// maxCode is the maximum size of a zip in a bucket that Lambda accepts, before it is
// unpacked.
const maxCode = 250 << 20

// readCode reads the zip of the functions.
func readCode(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxCode {
		return nil, fmt.Errorf("%s is too large for the code of functions: %d bytes", path, info.Size())
	}
	code, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(code, []byte("PK")) {
		return nil, fmt.Errorf("%s is not a zip file", path)
	}
	return code, nil
}
