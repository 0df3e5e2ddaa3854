package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
)

// awsCLI runs commands against a sandbox and returns the output of each: unchanged JSON, or
// "error: " and the code.
func awsCLI(t *testing.T, s *Server, commands []string) []string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	aws := require.StartAWS(t, server.URL, "us-east-1")
	var printed []string
	for _, command := range commands {
		status, text, failure := aws.Run(strings.Split(command, " ")...)
		text = strings.TrimSpace(text)
		if status != 0 {
			_, after, _ := strings.Cut(failure, "(")
			code, _, _ := strings.Cut(after, ")")
			text = "error: " + code
			if code == "" {
				t.Fatalf("%s: %s", command, failure)
			}
		}
		printed = append(printed, text)
	}
	return printed
}

// have returns a member of JSON that a command printed, by a path such as "a.0.b".
func have(t *testing.T, printed, path string) string {
	t.Helper()
	if strings.HasPrefix(printed, "error: ") || path == "" {
		return printed
	}
	var v any
	if err := json.Unmarshal([]byte(printed), &v); err != nil {
		return printed
	}
	for part := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			if part == "#" {
				return fmt.Sprint(len(at))
			}
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(at) {
				return "nothing"
			}
			v = at[i]
		}
	}
	return fmt.Sprint(v)
}

// The AWS CLI has its own serializers and pagers. It must not notice that it does not talk to
// AWS.
func TestAWSCLIDoesNotNotice(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Quotas: map[string]float64{"AttachPolicy": 500}})
	certificate, id := mintID(t)
	file := filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(file, []byte(certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	arn := account + "cert/" + id
	steps := []cliStep{
		{"sts get-caller-identity", "Account", DefaultAccount},
		{"iot-data delete-connection --client-id d:1 --clean-session", "", "error: ResourceNotFoundException"},
		{"iot describe-endpoint --endpoint-type iot:Data-ATS --query contains(endpointAddress,`-ats.iot.us-east-1.`)", "", "true"},
		{"iot create-policy --policy-name p,@=+1 --policy-document " + document, "policyArn", account + "policy/p,@=+1"},
		{"iot create-policy --policy-name p2 --policy-document " + document, "policyVersionId", "1"},
		{"iot create-policy --policy-name p2 --policy-document " + document, "", "error: ResourceAlreadyExistsException"},
		{"iot get-policy --policy-name p,@=+1", "policyDocument", document},
		{"iot create-thing-type --thing-type-name sensor --thing-type-properties thingTypeDescription=x", "thingTypeName", "sensor"},
		{"iot describe-thing-type --thing-type-name sensor", "thingTypeMetadata.deprecated", "false"},
		{"iot create-thing-group --thing-group-name plant", "thingGroupArn", account + "thinggroup/plant"},
		{"iot create-thing-group --thing-group-name line --parent-group-name plant", "thingGroupName", "line"},
		{"iot create-dynamic-thing-group --thing-group-name hot --query-string thingName:none", "queryString", "thingName:none"},
		{"iot describe-thing-group --thing-group-name line", "thingGroupMetadata.rootToParentThingGroups.0.groupName", "plant"},
		{"iot list-thing-groups --page-size 1", "thingGroups.#", "3"},
		{"iot create-billing-group --billing-group-name acme", "billingGroupName", "acme"},
		{"iot describe-billing-group --billing-group-name acme", "version", "1"},
		{"iot list-billing-groups", "billingGroups.0.groupName", "acme"},
		{"iot register-certificate-without-ca --status INACTIVE --certificate-pem file://" + file, "certificateId", id},
		{"iot register-certificate-without-ca --status ACTIVE --certificate-pem file://" + file, "", "error: ResourceAlreadyExistsException"},
		{"iot update-certificate --new-status ACTIVE --certificate-id " + id, "", ""},
		{"iot describe-certificate --certificate-id " + id, "certificateDescription.status", "ACTIVE"},
		{"iot describe-certificate --certificate-id " + id, "certificateDescription.certificateMode", "SNI_ONLY"},
		{"iot list-certificates", "certificates.0.certificateId", id},
		{"iot create-thing --thing-name d:1 --thing-type-name sensor --attribute-payload attributes={mac=02}", "thingArn", account + "thing/d:1"},
		{"iot create-thing --thing-name d:1", "", "error: ResourceAlreadyExistsException"},
		{"iot create-thing --thing-name d2", "thingName", "d2"},
		{"iot create-thing --thing-name d3", "thingName", "d3"},
		{"iot update-thing --thing-name d:1 --attribute-payload attributes={b=2},merge=true", "", ""},
		{"iot describe-thing --thing-name d:1", "attributes", "map[b:2 mac:02]"},
		{"iot list-things --page-size 1", "things.#", "3"},
		{"iot list-things --max-items 2", "things.#", "2"},
		{"iot attach-thing-principal --thing-name d:1 --principal " + arn, "", ""},
		{"iot list-thing-principals --thing-name d:1", "principals.0", arn},
		{"iot list-thing-principals-v2 --thing-name d:1", "thingPrincipalObjects.0.thingPrincipalType", "NON_EXCLUSIVE_THING"},
		{"iot list-principal-things --principal " + arn, "things.0", "d:1"},
		{"iot list-principal-things-v2 --principal " + arn, "principalThingObjects.0.thingName", "d:1"},
		{"iot attach-policy --policy-name p,@=+1 --target " + arn, "", ""},
		{"iot attach-policy --policy-name p2 --target " + arn, "", ""},
		{"iot list-attached-policies --target " + arn + " --page-size 1", "policies.#", "1"}, // here page-size belongs to the operation
		{"iot list-attached-policies --target " + arn, "policies.#", "2"},
		{"iot list-targets-for-policy --policy-name p,@=+1", "targets.0", arn},
		{"iot list-policies --ascending-order", "policies.1.policyName", "p2"},
		{"iot add-thing-to-thing-group --thing-name d:1 --thing-group-name plant", "", ""},
		{"iot list-thing-groups-for-thing --thing-name d:1", "thingGroups.0.groupName", "plant"},
		{"iot update-thing-groups-for-thing --thing-name d:1 --thing-groups-to-add line --thing-groups-to-remove plant", "", ""},
		{"iot list-things-in-thing-group --thing-group-name plant --recursive", "things.0", "d:1"},
		{"iot add-thing-to-billing-group --thing-name d:1 --billing-group-name acme", "", ""},
		{"iot list-things-in-billing-group --billing-group-name acme", "things.0", "d:1"},
		{"service-quotas get-service-quota --service-code iotcore --quota-code L-CA7D4E3E", "Quota.Value", "500"},
		{"service-quotas list-service-quotas --service-code iotcore --page-size 5", "Quotas.0.ServiceCode", "iotcore"},
		{"service-quotas list-aws-default-service-quotas --service-code iotcore", "Quotas.0.Value", "10"},
		{
			"service-quotas request-service-quota-increase --service-code iotcore --quota-code L-CA7D4E3E --desired-value 600",
			"RequestedQuota.Status", "PENDING",
		},
		{"iot list-jobs", "", "error: UnknownOperationException"},
	}
	steps = append(steps, accountSteps(t, s, id, arn)...)
	steps = append(steps, []cliStep{
		{"iot remove-thing-from-billing-group --thing-name d:1 --billing-group-name acme", "", ""},
		{"iot get-effective-policies --principal " + arn, "effectivePolicies.0.policyName", "p,@=+1"},
		{
			"iot test-authorization --principal " + arn + " --auth-infos actionType=CONNECT,resources=" + arn,
			"authResults.0.authDecision", "ALLOWED",
		},
		{"iot get-thing-connectivity-data --thing-name d:1", "", "error: IndexNotReadyException"},
		{"iot remove-thing-from-thing-group --thing-name d:1 --thing-group-name line", "", ""},
		{"iot delete-thing --thing-name d:1", "", "error: InvalidRequestException"},
		{"iot detach-thing-principal --thing-name d:1 --principal " + arn, "", ""},
		{"iot delete-thing --thing-name d:1", "", ""},
		{"iot detach-policy --policy-name p2 --target " + arn, "", ""},
		{"iot delete-certificate --certificate-id " + id, "", "error: CertificateStateException"},
		{"iot update-certificate --new-status INACTIVE --certificate-id " + id, "", ""},
		{"iot delete-certificate --certificate-id " + id, "", "error: DeleteConflictException"},
		{"iot delete-certificate --force-delete --certificate-id " + id, "", ""},
		{"iot delete-policy --policy-name p,@=+1", "", ""},
		{"iot deprecate-thing-type --thing-type-name sensor", "", ""},
		{"iot list-thing-types", "thingTypes.0.thingTypeMetadata.deprecated", "true"},
		{"iot delete-thing-type --thing-type-name sensor", "", ""},
		{"iot delete-thing-group --thing-group-name line", "", ""},
		{"iot delete-dynamic-thing-group --thing-group-name hot", "", ""},
		{"iot delete-billing-group --billing-group-name acme", "", ""},
	}...)
	var commands []string
	for _, step := range steps {
		commands = append(commands, step.command)
	}
	for i, printed := range awsCLI(t, s, commands) {
		got := have(t, printed, steps[i].path)
		if diff := cmp.Diff(steps[i].want, got); diff != "" {
			t.Errorf("aws %s (-want +got):\n%s\nprinted %s", steps[i].command, diff, printed)
		}
	}
	for _, name := range Operations() {
		if s.Calls()[name] == 0 {
			t.Errorf("no AWS CLI command calls %s", name)
		}
	}
}
