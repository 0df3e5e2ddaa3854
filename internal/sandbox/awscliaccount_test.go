package sandbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// A cliStep is a command of the AWS CLI, and what a member of its answer must be.
type cliStep struct{ command, path, want string }

// accountSteps are the commands of provisioning scripts. They follow those of an import, and find a
// certificate with an ARN that is ACTIVE, the thing d2, and the groups plant and acme.
func accountSteps(t *testing.T, s *Server, id, arn string) []cliStep {
	t.Helper()
	c, a := direct(s), materialtest.NewIssuer("CLI CA")
	code := must[*iot.GetRegistrationCodeOutput](t)(c.GetRegistrationCode(t.Context(), &iot.GetRegistrationCodeInput{})).RegistrationCode
	template := `{"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"made"}},` +
		`"c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":"` + id + `"}}}}`
	task := *must[*iot.StartThingRegistrationTaskOutput](t)(c.StartThingRegistrationTask(t.Context(), &iot.StartThingRegistrationTaskInput{
		TemplateBody: &template, InputFileBucket: aws.String("bucket"), InputFileKey: aws.String("key"),
		RoleArn: aws.String("arn:aws:iam::123456789012:role/r"),
	})).TaskId
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file://" + path
	}
	ca, leaf := certificateID(t, a.PEM()), a.Sign("leaf")
	version := " --policy-name p2 --policy-version-id "
	task = " --task-id " + task
	return []cliStep{
		{"iot create-keys-and-certificate --set-as-active --query length(keyPair)", "", "2"},
		{"iot create-certificate-from-csr --certificate-signing-request x", "", "error: InvalidRequestException"},
		{"iot get-registration-code", "registrationCode", *code},
		{"iot register-ca-certificate --set-as-active --ca-certificate " + file("ca", a.PEM()) +
			" --verification-certificate " + file("proof", a.Sign(*code)), "certificateId", ca},
		{"iot register-certificate --certificate-pem " + file("leaf", leaf), "certificateId", certificateID(t, leaf)},
		{"iot list-certificates-by-ca --ca-certificate-id " + ca, "certificates.0.certificateMode", "DEFAULT"},
		{"iot update-ca-certificate --new-status INACTIVE --certificate-id " + ca, "", ""},
		{"iot describe-ca-certificate --certificate-id " + ca, "certificateDescription.status", "INACTIVE"},
		{"iot list-ca-certificates", "certificates.0.certificateId", ca},
		{"iot delete-ca-certificate --certificate-id " + ca, "", ""},
		{"iot transfer-certificate --target-aws-account 210987654321 --certificate-id " + id, "", "error: CertificateStateException"},
		{"iot accept-certificate-transfer --certificate-id " + id, "", "error: InvalidRequestException"},
		{"iot reject-certificate-transfer --certificate-id " + id, "", "error: InvalidRequestException"},
		{"iot cancel-certificate-transfer --certificate-id " + id, "", "error: InvalidRequestException"},
		{"iot list-outgoing-certificates", "outgoingCertificates.#", "0"},
		{"iot create-policy-version --set-as-default --policy-name p2 --policy-document " + document, "policyVersionId", "2"},
		{"iot set-default-policy-version" + version + "1", "", ""},
		{"iot get-policy-version" + version + "1", "isDefaultVersion", "true"},
		{"iot list-policy-versions --policy-name p2", "policyVersions.0.versionId", "2"},
		{"iot delete-policy-version" + version + "2", "", ""},
		{"iot attach-principal-policy --policy-name p2 --principal " + arn, "", ""},
		{"iot list-principal-policies --principal " + arn, "policies.#", "2"},
		{"iot list-policy-principals --policy-name p2", "principals.0", arn},
		{"iot detach-principal-policy --policy-name p2 --principal " + arn, "", ""},
		{"iot update-thing-group --thing-group-name plant --thing-group-properties thingGroupDescription=x", "version", "2"},
		{"iot update-billing-group --billing-group-name acme --billing-group-properties billingGroupDescription=x", "version", "2"},
		{"iot update-dynamic-thing-group --thing-group-name hot --thing-group-properties {} --query-string thingName:d2", "version", "2"},
		{"iot list-things-in-thing-group --thing-group-name hot", "things.0", "d2"},
		{"iot search-index --query-string thingName:d2", "things.0.thingName", "d2"},
		{"iot get-statistics --query-string *", "statistics.count", "3"},
		{"iot describe-index --index-name AWS_Things", "indexStatus", "ACTIVE"},
		{"iot list-indices", "indexNames.0", "AWS_Things"},
		{"iot update-indexing-configuration --thing-indexing-configuration thingIndexingMode=REGISTRY", "", ""},
		{"iot get-indexing-configuration", "thingIndexingConfiguration.thingIndexingMode", "REGISTRY"},
		{"iot tag-resource --tags Key=a,Value=b --resource-arn " + account + "policy/p2", "", ""},
		{"iot list-tags-for-resource --resource-arn " + account + "policy/p2", "tags.0.Value", "b"},
		{"iot untag-resource --tag-keys a --resource-arn " + account + "policy/p2", "", ""},
		{"iot describe-thing-registration-task" + task, "status", "Failed"},
		{"iot list-thing-registration-tasks", "taskIds.#", "1"},
		{"iot list-thing-registration-task-reports --report-type ERRORS" + task, "resourceLinks.#", "0"},
		{"iot stop-thing-registration-task" + task, "", "error: InvalidRequestException"},
		{"iot start-thing-registration-task --template-body {} --input-file-bucket bbb --input-file-key k --role-arn " +
			"arn:aws:iam::123456789012:role/r", "", "error: InvalidRequestException"},
		{"iot register-thing --template-body " + template, "resourceArns.t", account + "thing/made"},
		{"iot detach-thing-principal --thing-name made --principal " + arn, "", ""},
		{"iot delete-thing --thing-name made", "", ""},
		{"iot update-dynamic-thing-group --thing-group-name hot --thing-group-properties {} --query-string thingName:none", "version", "3"},
	}
}
