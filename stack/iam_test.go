package stack_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A statement is one of an IAM document.
type statement struct {
	Sid, Effect string
	Action      any
	Resource    any
}

// documents reads the IAM documents by name, without key-policy.json, which is the policy of a key.
func documents(t *testing.T) map[string][]statement {
	t.Helper()
	all := map[string][]statement{}
	paths, err := filepath.Glob("iam/*.json")
	if err != nil || len(paths) != 6 {
		t.Fatalf("%q, %v", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var parsed struct {
			Version   string
			Statement []statement
		}
		if err := json.Unmarshal(text, &parsed); err != nil || parsed.Version != "2012-10-17" || len(parsed.Statement) == 0 {
			t.Fatalf("%s: %v", path, err)
		}
		const most = 6144 // characters of a managed policy, without white space
		if n := len(strings.Join(strings.Fields(string(text)), "")); n > most {
			t.Errorf("%s has %d characters; IAM takes %d", path, n, most)
		}
		if path != "iam/key-policy.json" {
			all[filepath.Base(path)] = parsed.Statement
		}
	}
	return all
}

// unused are the permissions for what the template does not use, of those with which CloudFormation creates, updates and
// deletes resources.
var unused = regexp.MustCompile(`^(kinesis|s3tables|ec2|elasticfilesystem|s3files|firehose):|^(` + strings.Join([]string{
	`kms:(ListAliases|RevokeGrant)`, // keys are named by their ARNs
	`iam:(CreateServiceLinkedRole|(At|De)tachRolePolicy|UpdateRoleDescription)`,
	`dynamodb:(DescribeImport|ImportTable|(Enable|Disable|Update)Kinesis\w+|\w+Replica|UpdateContributorInsights|(Put|Delete)ResourcePolicy)`,
	`dynamodb:(Scan|Query|\w+Item)`, // of imports
	`lambda:((Put|Delete)FunctionConcurrency|GetLayerVersion|GetCodeSigningConfig|(Put|Delete)FunctionCodeSigningConfig)`,
	`lambda:(PutFunctionScalingConfig|PassCapacityProvider|AssociateRuntimeAlias|PublishVersion|PutRuntimeManagementConfig)`,
	`logs:((Put|Delete)(DataProtectionPolicy|IndexPolicy|ResourcePolicy)|CreateLogDelivery|PutLogGroupDeletionProtection)`,
	`logs:PutBearerTokenAuthentication`,
	`logs:(CreateLogStream|DescribeLogStreams|PutLogEvents|DeleteRetentionPolicy)`, // the retention always has a value
	`sns:PutDataProtectionPolicy`,
	`s3:REST\.PUT\.OBJECT|s3:(Put|Delete)(Object|ObjectAcl|BucketAcl|BucketAbac|BucketCORS|BucketCors|BucketWebsite)`,
	`s3:Put(AccelerateConfiguration|BucketLogging)`,
	`s3:(Put|Delete|Create|Update|Get)\w*(Analytics|Inventory|Metrics|Replication|ObjectLock|IntelligentTiering|Metadata)\w*`,
	`s3:GetBucketAcl|s3:DeleteBucket(Encryption|Lifecycle)`, // S3 has no such actions: the Put… actions allow both
}, "|") + `)$`)

// The deployer's second document has what CloudFormation does with the deployer's credentials, and nothing for features that
// the template does not use. The other documents are compared with recorded calls where the commands are.
func TestResourcesDocumentIsWhatCloudFormationNeeds(t *testing.T) {
	t.Parallel()
	reference := iamReference(t)
	needed := map[string]bool{}
	for kind, handlers := range reference.Handlers {
		for does, permissions := range handlers {
			for _, p := range permissions {
				code := kind == "AWS::Lambda::Function" && strings.HasPrefix(p, "s3:GetObject")
				if does == "read" || does != "list" && (code || !unused.MatchString(p)) {
					needed[p] = true
				}
			}
		}
	}
	allowed := map[string]bool{}
	for _, s := range documents(t)["resources.json"] {
		for _, action := range list(s.Action) {
			allowed[action.(string)] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(needed)), slices.Sorted(maps.Keys(allowed))); diff != "" {
		t.Errorf("stack/iam/resources.json (-needed +allowed):\n%s", diff)
	}
}

// A misspelt action allows nothing, and one on every resource allows too much.
func TestDocumentsNameActionsThatExistAndTheirResources(t *testing.T) {
	t.Parallel()
	reference := iamReference(t)
	for name, statements := range documents(t) {
		for _, s := range statements {
			everywhere := s.Resource == "*"
			for _, a := range list(s.Action) {
				action := a.(string)
				resources, ok := reference.Resources[strings.ToLower(action)]
				if !ok || strings.Contains(action, "*") {
					t.Errorf("%s: %s: there is no action %s", name, s.Sid, action)
				}
				if everywhere != (len(resources) == 0) && action != "logs:DescribeLogGroups" { // for a list of all
					t.Errorf("%s: %s: %s on %v, but its resources are %q", name, s.Sid, action, s.Resource, resources)
				}
			}
			if s.Effect != "Allow" || s.Sid == "" || everywhere != (s.Sid == "WithoutResourceLevel") {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

type awsReference struct {
	Resources map[string][]string
	Handlers  map[string]map[string][]string
}

func iamReference(t *testing.T) (reference awsReference) {
	t.Helper()
	stdout, stderr, err := command(t, "python", "stack/iamreference.py", "stack/expanded.json")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &reference); err != nil {
		t.Fatal(err)
	}
	return reference
}
