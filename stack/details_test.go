package stack_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/thingpress/thingpress/manifest/vendors"
)

// scope is what the resources of a statement refer to: logical IDs, or kinds of AWS
// IoT.
func scope(resources any) string {
	var scopes []string
	for _, r := range list(resources) {
		name := reference(r)
		if text, ok := at(r, "Fn::Sub").(string); ok {
			name = strings.TrimSuffix(strings.TrimPrefix(text, "${"), ".Arn}/*")
			if _, kind, iot := strings.Cut(text, "${AWS::AccountId}:"); iot {
				name = kind
			}
		}
		if r == "*" {
			name = "*"
		}
		scopes = append(scopes, name)
	}
	slices.Sort(scopes)
	return strings.Join(scopes, " ")
}

// The right action on the wrong resource gives away as much.
func TestRolesNameTheResourcesOfTheirActions(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	buckets := []string{"SignerBucket"}
	for _, vendor := range vendors.Names() {
		buckets = append(buckets, bucketOf(vendor))
	}
	slices.Sort(buckets)
	manifests := strings.Join(buckets, " ")
	buckets = append(buckets, "SettingsBucket")
	slices.Sort(buckets)
	objects := strings.Join(buckets, " ")
	want := map[string]map[string]string{
		"DecoderRole": {
			"logs:PutLogEvents": "DecoderLogGroup", "logs:CreateLogStream": "DecoderLogGroup",
			"sqs:ReceiveMessage": "ManifestsQueue", "sqs:SendMessage": "DevicesQueue KeeperQueue ManifestsQueue UndoQueue",
			"s3:GetObject": objects, "s3:GetObjectVersion": objects, "s3:ListBucket": objects, "s3:PutObject": "ReportsBucket",
			"ssm:GetParameter": "parameter${SettingsParameter}",
			"dynamodb:PutItem": "LedgerTable", "sns:Publish": "NoticesTopic",
		},
		"ImporterRole": {
			"logs:PutLogEvents": "ImporterLogGroup", "logs:CreateLogStream": "ImporterLogGroup",
			"sqs:ReceiveMessage": "DevicesQueue", "sqs:SendMessage": "DevicesQueue ManifestsQueue",
			"dynamodb:PutItem": "LedgerTable", "sns:Publish": "NoticesTopic",
			"iot:AttachPolicy": "cert/*", "iot:AttachThingPrincipal": "cert/*", "iot:CreateThing": "billinggroup/* thing/* thinggroup/*",
			"iot:GetPolicy": "billinggroup/* policy/* thinggroup/* thingtype/*",
		},
		"UndeliverableRole": {
			"logs:PutLogEvents": "UndeliverableLogGroup", "logs:CreateLogStream": "UndeliverableLogGroup",
			"sqs:ReceiveMessage": "DevicesDeadLetterQueue ManifestsDeadLetterQueue",
			"sqs:SendMessage":    "DevicesParkedQueue ManifestsParkedQueue ManifestsQueue",
			"dynamodb:PutItem":   "LedgerTable", "sns:Publish": "NoticesTopic",
		},
		"KeeperRole": {
			"logs:PutLogEvents": "KeeperLogGroup", "sqs:ReceiveMessage": "KeeperQueue", "sqs:SendMessage": "KeeperQueue",
			"dynamodb:PutItem": "LedgerTable", "s3:PutObject": "ReportsBucket", "iot:UpdateCertificate": "cert/*",
			"s3:GetObject": manifests, "s3:GetObjectVersion": manifests,
			"iot:AttachPolicy": "billinggroup/* cert/* thing/* thinggroup/*", "iot:SearchIndex": "index/AWS_Things thing/*",
		},
		"UndoRole": {
			"logs:PutLogEvents": "UndoLogGroup", "sqs:ReceiveMessage": "UndoQueue", "sqs:SendMessage": "UndoQueue",
			"dynamodb:PutItem": "LedgerTable", "iot:DeleteCertificate": "cert/* thing/* thinggroup/*",
			"iot:DeleteThing": "cert/* thing/* thinggroup/*",
		},
	}
	for role, actions := range want {
		got := map[string]string{}
		for _, s := range parsed.statements(t, role) {
			for _, a := range list(s["Action"]) {
				if action := a.(string); actions[action] != "" {
					got[action] = scope(s["Resource"])
				}
			}
		}
		if diff := cmp.Diff(actions, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", role, diff)
		}
		trust := list(parsed.Resources[role].at("AssumeRolePolicyDocument", "Statement"))
		if len(trust) != 1 || at(trust[0], "Principal", "Service") != "lambda.amazonaws.com" || at(trust[0], "Principal", "AWS") != nil {
			t.Errorf("%s: trust %v", role, trust)
		}
	}
}

func TestOthersMaySendOnlyWhatIsTheirs(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	condition := func(id, service string) any {
		for _, s := range list(parsed.Resources[id].at("PolicyDocument", "Statement")) {
			if at(s, "Principal", "Service") == service {
				return at(s, "Condition")
			}
		}
		t.Errorf("%s says nothing of %s", id, service)
		return nil
	}
	account := func(id, service string) {
		if at(condition(id, service), "StringEquals", "aws:SourceAccount", "Ref") != "AWS::AccountId" {
			t.Errorf("%s takes %s of any account", id, service)
		}
	}
	account("ManifestsQueuePolicy", "s3.amazonaws.com")
	account("NoticesTopicPolicy", "cloudwatch.amazonaws.com")
	if got := reference(at(condition("ManifestsQueuePolicy", "events.amazonaws.com"), "ArnEquals", "aws:SourceArn")); got != "SweepRule" {
		t.Errorf("sweeps come from %q", got)
	}
	if !deniesPlain(parsed.Resources["NoticesTopicPolicy"]) {
		t.Error("notices are taken without TLS")
	}
	for _, id := range parsed.of("AWS::S3::Bucket") {
		if rules := fmt.Sprint(parsed.Resources[id].at("OwnershipControls", "Rules")); !strings.Contains(rules, "BucketOwnerEnforced") {
			t.Errorf("%s: ownership %s", id, rules)
		}
	}
}

func TestSourcesFeedTheFunctionsAsTheyAreBuilt(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	for id, want := range map[string]int{
		"DecoderFunctionManifests": 1, "KeeperFunctionCommands": 1, "UndoFunctionCommands": 1,
		"UndeliverableFunctionManifests": 10, "UndeliverableFunctionDevices": 10,
	} {
		if got := number(parsed.Resources[id].at("BatchSize")); got != want {
			t.Errorf("%s: batches of %d, want %d", id, got, want)
		}
	}
	if got := reference(parsed.Resources["ImporterFunctionDevices"].at("BatchSize")); got != "ImporterBatch" {
		t.Errorf("the importer's batches are of %q", got)
	}
	if got := number(parsed.Resources["ImporterFunctionDevices"].at("MaximumBatchingWindowInSeconds")); got != 5 {
		t.Errorf("the importer's window is %d s", got)
	}
	rule := parsed.Resources["SweepRule"]
	if rule.at("State") != "ENABLED" || rule.at("ScheduleExpression") != "rate(5 minutes)" ||
		reference(at(list(rule.at("Targets"))[0], "Arn")) != "ManifestsQueue" {
		t.Errorf("sweep: %v", rule.Properties)
	}
	for _, id := range parsed.of("AWS::CloudWatch::Alarm") {
		r := parsed.Resources[id]
		most := 0
		switch r.at("MetricName") {
		case "Errors", "Throttles":
			most = 2
		case "ApproximateAgeOfOldestMessage":
			most = 60 * 60
		case "OldestDevice":
			most = 24 * 60 * 60
		}
		if got := number(r.at("Threshold")); got != most || r.at("ComparisonOperator") != "GreaterThanThreshold" {
			t.Errorf("%s rings above %d, want %d", id, got, most)
		}
	}
}

// The commands use logical IDs; people and other stacks use the outputs.
func TestOutputsTellEveryNameThatCloudFormationMade(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	want := []string{"DashboardName", "LedgerTableName", "NoticesTopicArn", "Version"}
	// The names that users of the Python Thingpress know.
	for _, vendor := range []string{"Espressif", "Infineon", "Microchip", "Generated"} {
		if want = append(want, vendor+"IngestPoint"); reference(parsed.Outputs[vendor+"IngestPoint"].Value) != vendor+"Bucket" {
			t.Errorf("%sIngestPoint: %v", vendor, parsed.Outputs[vendor+"IngestPoint"])
		}
	}
	want = append(want, "MicrochipVerificationCertsBucket")
	for _, id := range parsed.of("AWS::S3::Bucket") {
		want = append(want, id+"Name")
	}
	for _, id := range parsed.of("AWS::SQS::Queue") {
		want = append(want, id+"Url")
	}
	for _, id := range parsed.of("AWS::Lambda::Function") {
		want = append(want, id+"Name")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(parsed.Outputs))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// An expired manifest would be lost, and with it what the import was asked to do.
func TestBucketsLoseNothingButPartsOfUploadsAndOldReports(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	for _, id := range parsed.of("AWS::S3::Bucket") {
		got := map[string]any{}
		for _, rule := range list(parsed.Resources[id].at("LifecycleConfiguration", "Rules")) {
			fields, _ := rule.(map[string]any)
			for field, value := range fields {
				if field != "Id" {
					got[field] = value
				}
			}
		}
		want := map[string]any{"Status": "Enabled", "AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": 7.0}}
		if id == "ReportsBucket" {
			want["NoncurrentVersionExpiration"] = map[string]any{"NoncurrentDays": 30.0}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: rules (-want +got):\n%s", id, diff)
		}
	}
}
