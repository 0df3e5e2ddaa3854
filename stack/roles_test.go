package stack_test

import (
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
	"iot:ListAttachedPolicies", "iot:RegisterCertificateWithoutCA", "servicequotas:ListServiceQuotas",
	"xray:PutTelemetryRecords", "xray:PutTraceSegments",
}

func TestRolesAllowWhatTheFunctionsCallAndNoMore(t *testing.T) {
	t.Parallel()
	parsed := load(t)
	wanted := map[string][]string{"DecoderRole": {}, "ImporterRole": {}, "UndeliverableRole": {}}
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
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
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
	queue := []string{"sns:Publish", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"}
	ledger := []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}
	want := map[string][]string{
		"DecoderRole": slices.Concat(ledger, queue, []string{
			"dynamodb:DeleteItem", "s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject",
		}),
		"ImporterRole":      slices.Concat(ledger, queue),
		"UndeliverableRole": slices.Concat(ledger, queue),
	}
	for _, actions := range want {
		slices.Sort(actions)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
