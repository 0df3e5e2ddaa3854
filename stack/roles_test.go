package stack_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/thingpress/thingpress/internal/engine"
)

// statements returns the statements of a role, with actions and resources as lists.
func (x *template) statements(t *testing.T, role string) (all []map[string]any) {
	t.Helper()
	for _, policy := range list(x.Resources[role].at("Policies")) {
		for _, s := range list(at(policy, "PolicyDocument", "Statement")) {
			if choice, ok := at(s, "Fn::If").([]any); ok {
				if at(choice[2], "Ref") != "AWS::NoValue" {
					t.Errorf("%s: without %s: %v", role, choice[0], choice[2])
				}
				s = choice[1]
			}
			all = append(all, s.(map[string]any))
		}
	}
	if len(all) == 0 || x.Resources[role].Properties["ManagedPolicyArns"] != nil {
		t.Fatalf("%s has no statements, or somebody else's", role)
	}
	return all
}

// anywhere are the actions without resource-level permissions, according to the
// Service Authorization Reference.
var anywhere = []string{
	"iot:GetIndexingConfiguration", "iot:ListAttachedPolicies", "iot:ListCertificates", "iot:ListPolicies", "iot:ListThings",
	"iot:RegisterCertificateWithoutCA", "servicequotas:ListServiceQuotas",
	"xray:PutTelemetryRecords", "xray:PutTraceSegments",
}

// documented returns the actions of the statements with these names in docs/iam.md. A test of the CLI compares that page
// with the calls of the commands, which the functions carry out with the same code.
func documented(t *testing.T, names ...string) (actions []string) {
	t.Helper()
	page, err := os.ReadFile("../docs/iam.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		_, text, ok := strings.Cut(string(page), `"Sid": "`+name+`"`)
		text, _, _ = strings.Cut(text, `"Resource"`)
		found := regexp.MustCompile(`iot:\w+`).FindAllString(text, -1)
		if !ok || len(found) == 0 {
			t.Fatalf("docs/iam.md has no statement %s", name)
		}
		actions = append(actions, found...)
	}
	return actions
}

func TestRolesAllowWhatTheFunctionsCallAndNoMore(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	wanted := map[string][]string{
		"DecoderRole": {}, "ImporterRole": {}, "UndeliverableRole": {},
		"KeeperRole": documented(t, "SetStatus", "ReadLists", "ReadDevices", "RegisterMissingCertificates", "MakeWhatIsMissing",
			"ReadIndexingConfiguration", "ReadIndex"),
		"UndoRole": documented(t, "ReadAttachedPolicies", "RemoveWhatAnImportCreated"),
	}
	for _, op := range engine.CheckOperations() {
		wanted["DecoderRole"] = append(wanted["DecoderRole"], "iot:"+string(op))
	}
	for _, op := range engine.BatchOperations() {
		wanted["ImporterRole"] = append(wanted["ImporterRole"], "iot:"+string(op))
	}
	if roles := parsed.of("AWS::IAM::Role"); len(roles) != len(wanted) {
		t.Errorf("roles: %v", roles)
	}
	for role, want := range wanted {
		got := []string{}
		for _, s := range parsed.statements(t, role) {
			actions, resources := list(s["Action"]), list(s["Resource"])
			if s["Effect"] != "Allow" || s["Sid"] == nil || s["NotAction"] != nil || s["NotResource"] != nil {
				t.Errorf("%s: %v", role, s)
			}
			everywhere := slices.Contains(resources, any("*"))
			for _, a := range actions {
				action := a.(string)
				if strings.Contains(action, "*") {
					t.Errorf("%s allows %s", role, action)
				}
				if everywhere != slices.Contains(anywhere, action) {
					t.Errorf("%s: %s on %v", role, action, resources)
				}
				if strings.HasPrefix(action, "iot:") {
					got = append(got, action)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
			t.Errorf("%s: -called +allowed:\n%s", role, diff)
		}
	}
}

// Each function may do what it does with ledger, queues, buckets and topic, and
// nothing else.
func TestRolesOfTheOtherServices(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	got := map[string][]string{}
	for _, role := range parsed.of("AWS::IAM::Role") {
		for _, s := range parsed.statements(t, role) {
			for _, a := range list(s["Action"]) {
				if action := a.(string); !strings.HasPrefix(action, "iot:") && !slices.Contains(anywhere, action) &&
					!strings.HasPrefix(action, "logs:") {
					got[role] = append(got[role], action)
				}
			}
		}
		slices.Sort(got[role])
		got[role] = slices.Compact(got[role])
	}
	queue := []string{
		"events:PutEvents", "sns:Publish", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
	}
	ledger := []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}
	keys := []string{"kms:Decrypt", "kms:GenerateDataKey"}
	want := map[string][]string{
		"DecoderRole": slices.Concat(ledger, queue, keys, []string{
			"dynamodb:DeleteItem", "s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject",
			"ssm:GetParameter",
		}),
		"ImporterRole":      slices.Concat(ledger, queue, keys),
		"UndeliverableRole": slices.Concat(ledger, queue, keys, []string{"dynamodb:DeleteItem"}),
		"KeeperRole": slices.Concat(ledger, queue, keys, []string{
			"dynamodb:DeleteItem", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject",
		}),
		"UndoRole": slices.Concat(ledger, queue, keys, []string{"dynamodb:DeleteItem"}),
	}
	for _, actions := range want {
		slices.Sort(actions)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Without the permission of a role, a key makes everything unreadable; through another service, or with a key of
// somebody else, it gives away what the function need not see.
func TestRolesUseTheKeysOnlyThroughTheServicesThatTheyEncrypt(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	everywhere := map[string]string{
		"TableKeyArn": "kms:Decrypt dynamodb", "QueuesKeyArn": "kms:Decrypt kms:GenerateDataKey sqs",
		"TopicKeyArn": "kms:Decrypt kms:GenerateDataKey sns",
	}
	decoder := maps.Clone(everywhere)
	decoder["BucketsKeyArn"], decoder["UploadKeyArns"] = "kms:Decrypt kms:GenerateDataKey s3", "kms:Decrypt s3"
	keeper := maps.Clone(everywhere)
	keeper["BucketsKeyArn"], keeper["UploadKeyArns"] = decoder["BucketsKeyArn"], decoder["UploadKeyArns"]
	for role, want := range map[string]map[string]string{
		"DecoderRole": decoder, "ImporterRole": everywhere, "UndeliverableRole": everywhere, "KeeperRole": keeper, "UndoRole": everywhere,
	} {
		got := map[string]string{}
		for _, s := range parsed.statements(t, role) {
			actions := strings.Trim(fmt.Sprint(list(s["Action"])), "[]")
			if !strings.HasPrefix(actions, "kms:") {
				continue
			}
			via, _ := at(s["Condition"], "StringEquals", "kms:ViaService", "Fn::Sub").(string)
			service, ok := strings.CutSuffix(via, ".${AWS::Region}.${AWS::URLSuffix}")
			if !ok {
				t.Errorf("%s: %v", role, s)
			}
			got[reference(s["Resource"])] = actions + " " + service
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", role, diff)
		}
	}
	for kind, where := range map[string][]string{
		"AWS::DynamoDB::Table": {"SSESpecification", "KMSMasterKeyId", "TableKeyArn"}, "AWS::SQS::Queue": {"KmsMasterKeyId", "", "QueuesKeyArn"},
		"AWS::SNS::Topic": {"KmsMasterKeyId", "", "TopicKeyArn"}, "AWS::Logs::LogGroup": {"KmsKeyId", "", "LogsKeyArn"},
	} {
		for _, id := range parsed.of(kind) {
			choice, _ := parsed.Resources[id].at(where[0], "Fn::If").([]any)
			if len(choice) != 3 {
				t.Errorf("%s has no key", id)
				continue
			}
			key := choice[1]
			if where[1] != "" {
				key = at(key, where[1])
			}
			if choice[0] != "Has"+strings.TrimSuffix(where[2], "Arn") || reference(key) != where[2] {
				t.Errorf("%s: %v", id, choice)
			}
		}
	}
	for _, id := range parsed.of("AWS::S3::Bucket") {
		choice, _ := at(list(parsed.Resources[id].at("BucketEncryption", "ServerSideEncryptionConfiguration"))[0], "Fn::If").([]any)
		if len(choice) != 3 || reference(at(choice[1], "ServerSideEncryptionByDefault", "KMSMasterKeyID")) != "BucketsKeyArn" ||
			at(choice[2], "ServerSideEncryptionByDefault", "SSEAlgorithm") != "AES256" {
			t.Errorf("%s: encryption %v", id, choice)
		}
	}
}

func TestRolesHaveTheBoundary(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	for _, id := range parsed.of("AWS::IAM::Role") {
		if choice, _ := parsed.Resources[id].at("PermissionsBoundary", "Fn::If").([]any); len(choice) != 3 || choice[0] != "HasBoundary" ||
			reference(choice[1]) != "PermissionsBoundary" {
			t.Errorf("%s: boundary %v", id, choice)
		}
	}
}

// A function that uploads drive has no right to delete, and the one that has it exists only if somebody asked for it.
func TestOnlyTheUndoFunctionMayDeleteAndOnlyWithItsParameter(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	removes := regexp.MustCompile(`^iot:(Delete|Detach|Remove)`)
	for _, role := range parsed.of("AWS::IAM::Role") {
		for _, s := range parsed.statements(t, role) {
			for _, a := range list(s["Action"]) {
				if action := a.(string); removes.MatchString(action) && role != "UndoRole" {
					t.Errorf("%s may %s", role, action)
				}
			}
		}
	}
	for id, r := range parsed.Resources {
		if strings.HasPrefix(id, "Undo") != (r.Condition == "AllowsUndo") {
			t.Errorf("%s has the condition %q", id, r.Condition)
		}
	}
	if p := parsed.Parameters["AllowUndo"]; p["Default"] != "false" {
		t.Errorf("AllowUndo is %v by default", p["Default"])
	}
}
