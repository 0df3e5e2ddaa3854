package operate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack/operate"
	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/stack"
)

// unsupported are the types that moto leaves out although it reports CREATE_COMPLETE.
// Only AWS can test what the template says about them.
var unsupported = []string{
	"AWS::CloudWatch::Alarm", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
}

// A cloud is a moto, with the AWS CLI for it.
type cloud struct {
	testing.TB
	url, cli string
	session  *require.AWSSession
	account  *operate.Account
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{TB: t, url: require.Moto(t).URL, cli: require.AWSCLI(t)}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"),
	} {
		t.Setenv(name, value)
	}
	c.session = require.StartAWS(t, c.url, "eu-central-1")
	var err error
	if c.account, err = operate.Open(t.Context(), operate.Options{Endpoint: c.url}); err != nil {
		t.Fatal(err)
	}
	return c
}

// aws returns what a service has.
func (c *cloud) aws(args ...string) map[string]any {
	c.Helper()
	status, stdout, stderr := c.session.Run(args...)
	if status != 0 {
		c.Fatalf("aws %v: exit status %d: %s", args, status, stderr)
	}
	if stdout == "" { // nothing is set
		return nil
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		c.Fatalf("aws %v: %v", args, err)
	}
	return answer
}

// deploy creates or updates a stack, and returns it with what was changed.
func (c *cloud) deploy(name string, parameters map[string]string) (*operate.Stack, *operate.ChangeSet) {
	c.Helper()
	code := filepath.Join(c.TempDir(), "code.zip")
	if err := os.WriteFile(code, []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), 0o600); err != nil {
		c.Fatal(err)
	}
	set, err := c.account.Prepare(c.Context(), operate.Deployment{Stack: name, Template: stack.Template, Code: code, Parameters: parameters})
	if err != nil {
		c.Fatal(err)
	}
	if !set.Unchanged {
		if err := set.Execute(c.Context(), func(operate.Event) {}); err != nil {
			c.Fatal(err)
		}
	}
	found, err := c.account.Find(c.Context(), name)
	if err != nil {
		c.Fatal(err)
	}
	return found, set
}

// moto reports a stack as complete whatever it left out, so the test asks each
// service.
func TestStackOfTheTemplateExists(t *testing.T) {
	c := newCloud(t)
	parameters := map[string]string{
		"IoTPolicies": `a\,b,c`, "NotificationEmail": "factory@example.com", "MaxConcurrency": "3", "AllowUndo": "true",
	}
	found, set := c.deploy("line-1", parameters)
	var template struct {
		Resources map[string]struct{ Type string }
	}
	if err := json.Unmarshal(stack.Template, &template); err != nil {
		t.Fatal(err)
	}
	var missing, planned, declared []string
	for id, r := range template.Resources {
		declared = append(declared, id)
		if found.PhysicalID(id) == "" {
			missing = append(missing, r.Type)
		}
	}
	for _, change := range set.Changes {
		planned = append(planned, change.LogicalID)
	}
	slices.Sort(missing)
	if diff := cmp.Diff(unsupported, slices.Compact(missing)); diff != "" {
		t.Errorf("left out, -known +now:\n%s", diff)
	}
	slices.Sort(declared)
	slices.Sort(planned)
	if diff := cmp.Diff(declared, planned); diff != "" {
		t.Errorf("the change set, -template +shown:\n%s", diff)
	}
	for id, r := range template.Resources {
		name := found.PhysicalID(id)
		if name == "" {
			continue
		}
		switch r.Type {
		case "AWS::S3::Bucket":
			c.bucket(id, name)
		case "AWS::SQS::Queue":
			c.queue(id, name)
		case "AWS::Lambda::Function":
			c.function(found, id, name)
		case "AWS::IAM::Role":
			if policies := c.aws("iam", "list-role-policies", "--role-name", name)["PolicyNames"].([]any); len(policies) != 1 {
				t.Errorf("%s has policies %v", id, policies)
			}
		case "AWS::DynamoDB::Table":
			table := c.aws("dynamodb", "describe-table", "--table-name", name)["Table"].(map[string]any)
			if keys := fmt.Sprint(table["KeySchema"]); !strings.Contains(keys, "pk") || !strings.Contains(keys, "sk") {
				t.Errorf("keys %s", keys)
			}
		case "AWS::Events::Rule":
			targets := fmt.Sprint(c.aws("events", "list-targets-by-rule", "--rule", name)["Targets"])
			if !strings.Contains(targets, `{"thingpress":"sweep"}`) {
				t.Errorf("the sweep goes to %s", targets)
			}
		}
	}
	parameter := c.aws("ssm", "get-parameter", "--name", "/thingpress/line-1/parameters")["Parameter"].(map[string]any)
	text := fmt.Sprint(parameter["Value"])
	if !strings.HasPrefix(text, `IoTPolicies=a\,b,c`+"\n") || !strings.Contains(text, "\nThingNameTemplate={cn}\n") {
		t.Errorf("the decoder reads %q", text)
	}
	mappings := c.aws("lambda", "list-event-source-mappings")["EventSourceMappings"].([]any)
	if len(mappings) != 6 {
		t.Errorf("%d event sources", len(mappings))
	}
}

// bucket checks that a bucket exists. moto supports none of its properties but
// encryption; template_test.go of package stack checks the others.
func (c *cloud) bucket(id, name string) {
	c.Helper()
	if rules := fmt.Sprint(c.aws("s3api", "get-bucket-encryption", "--bucket", name)); !strings.Contains(rules, "AES256") {
		c.Errorf("%s: encryption %v", id, rules)
	}
}

func (c *cloud) queue(id, url string) {
	c.Helper()
	attributes := c.aws("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"].(map[string]any)
	want := map[string]string{"ManifestsQueue": "1080", "DevicesQueue": "720"}[id]
	if want != "" && attributes["VisibilityTimeout"] != want ||
		!strings.Contains(id, "Parked") && !strings.Contains(fmt.Sprint(attributes["RedrivePolicy"]), "maxReceiveCount") {
		c.Errorf("%s: %v", id, attributes)
	}
}

func (c *cloud) function(found *operate.Stack, id, name string) {
	c.Helper()
	configuration := c.aws("lambda", "get-function-configuration", "--function-name", name)
	variables := configuration["Environment"].(map[string]any)["Variables"].(map[string]any)
	for variable, want := range map[string]string{
		"THINGPRESS_STACK": "line-1", "THINGPRESS_SETTINGS_PARAMETER": "/thingpress/line-1/parameters", "THINGPRESS_MAX_CONCURRENCY": "3",
		"THINGPRESS_LEDGER_TABLE": found.PhysicalID("LedgerTable"), "THINGPRESS_ESPRESSIF_BUCKET": found.PhysicalID("EspressifBucket"),
		"THINGPRESS_DEVICES_QUEUE_URL": found.PhysicalID("DevicesQueue"), "THINGPRESS_NOTICES_TOPIC_ARN": found.PhysicalID("NoticesTopic"),
	} {
		if fmt.Sprint(variables[variable]) != want {
			c.Errorf("%s: %s is %v, want %s", id, variable, variables[variable], want)
		}
	}
	if handler := strings.ToLower(strings.TrimSuffix(id, "Function")); configuration["Handler"] != handler {
		c.Errorf("%s: handler %v", id, configuration["Handler"])
	}
}

// Operators delete a broken stack and create it again.
func TestStacksLiveSideBySideAndComeAgain(t *testing.T) {
	c := newCloud(t)
	one, _ := c.deploy("one", nil)
	two, _ := c.deploy("two", nil)
	if again, set := c.deploy("two", nil); !set.Unchanged || again.PhysicalID("LedgerTable") != two.PhysicalID("LedgerTable") {
		t.Errorf("the same deployment again: %v", set.Changes)
	}
	for _, id := range []string{"EspressifBucket", "LedgerTable", "DevicesQueue", "NoticesTopic", "ImporterFunction"} {
		if one.PhysicalID(id) == two.PhysicalID(id) {
			t.Errorf("both stacks have %s %s", id, one.PhysicalID(id))
		}
	}
	kept := one.Kept()
	if len(kept) != 12 {
		t.Errorf("kept: %v", kept)
	}
	if err := one.Delete(t.Context(), func(operate.Event) {}); err != nil {
		t.Fatal(err)
	}
	parameters := map[string]string{}
	for _, p := range operate.TakeOver(kept) {
		name, value, _ := strings.Cut(p, "=")
		parameters[name] = value
	}
	anew, _ := c.deploy("one", parameters)
	if buckets := fmt.Sprint(c.aws("s3api", "list-buckets")["Buckets"]); strings.Count(buckets, "one-espressifbucket") != 1 {
		t.Errorf("a bucket is made although another one is taken over: %s", buckets)
	}
	if again := anew.Kept(); !slices.Equal(kept, again) {
		t.Errorf("the new stack has %v, not %v", again, kept)
	}
	for range 2 { // a second time changes nothing
		if err := anew.FeedFromExisting(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := anew.Put(t.Context(), anew.PhysicalID("EspressifBucket"), "reel.csv", strings.NewReader("content"), 7); err != nil {
		t.Fatal(err)
	}
	messages := fmt.Sprint(c.aws("sqs", "receive-message", "--queue-url", anew.PhysicalID("ManifestsQueue"), "--max-number-of-messages", "10"))
	if !strings.Contains(messages, "ObjectCreated:Put") || !strings.Contains(messages, anew.PhysicalID("EspressifBucket")) {
		t.Errorf("the upload to the old bucket sends %s", messages)
	}
	_, err := c.account.Prepare(t.Context(), operate.Deployment{
		Stack: "three", Template: stack.Template, Parameters: map[string]string{"ExistingLedgerTable": "absent"},
	})
	var unusable *operate.UnusableError
	if !errors.As(err, &unusable) || unusable.Parameter != "ExistingLedgerTable" {
		t.Errorf("a ledger that does not exist: %v", err)
	}
}

// The printed commands must remove what a deletion keeps: nothing else knows of it
// any more. The buckets are versioned.
func TestWhatIsKeptIsRemovedByTheCommandsThatAreTold(t *testing.T) {
	c := newCloud(t)
	one, _ := c.deploy("one", nil)
	bucket, table := one.PhysicalID("EspressifBucket"), one.PhysicalID("LedgerTable")
	c.aws("s3api", "put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled")
	for range 2 {
		if _, err := one.Put(t.Context(), bucket, "line 7/reel+1.csv", strings.NewReader("content"), 7); err != nil {
			t.Fatal(err)
		}
	}
	c.aws("s3api", "delete-object", "--bucket", bucket, "--key", "line 7/reel+1.csv")
	kept := one.Kept()
	if err := one.Delete(t.Context(), func(operate.Event) {}); err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if k.Name != bucket && k.Name != table {
			continue
		}
		command := exec.CommandContext(t.Context(), "sh", "-c", k.Removal("eu-central-1"))
		command.Env = append(os.Environ(), "PATH="+filepath.Dir(c.cli)+":"+os.Getenv("PATH"), "AWS_ENDPOINT_URL="+c.url)
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", k.Removal("eu-central-1"), err, out)
		}
	}
	left := fmt.Sprint(c.aws("s3api", "list-buckets")["Buckets"])
	if strings.Contains(left, bucket) || !strings.Contains(left, one.PhysicalID("InfineonBucket")) {
		t.Errorf("buckets %s", left)
	}
	if left := fmt.Sprint(c.aws("dynamodb", "list-tables")["TableNames"]); strings.Contains(left, table) {
		t.Errorf("tables %s", left)
	}
}
