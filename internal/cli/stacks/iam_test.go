package stacks_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/clitest"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// permissions are the IAM actions of operations that do not have the name of the operation; none for those that need no
// permission. All come from the Service Authorization Reference.
var permissions = map[string][]string{
	"sts:GetCallerIdentity":                 {},
	"sqs:SendMessageBatch":                  {"sqs:SendMessage"},
	"sqs:DeleteMessageBatch":                {"sqs:DeleteMessage"},
	"s3:HeadBucket":                         {"s3:ListBucket"},
	"s3:ListObjectsV2":                      {"s3:ListBucket"},
	"s3:HeadObject":                         {"s3:GetObject"},
	"s3:ListObjectVersions":                 {"s3:ListBucketVersions"},
	"s3:DeleteObjects":                      {"s3:DeleteObject", "s3:DeleteObjectVersion"},
	"s3:CreateBucket":                       {"s3:CreateBucket", "s3:PutBucketOwnershipControls"}, // with an ownership
	"s3:PutPublicAccessBlock":               {"s3:PutBucketPublicAccessBlock"},
	"s3:GetBucketNotificationConfiguration": {"s3:GetBucketNotification"},
	"s3:PutBucketNotificationConfiguration": {"s3:PutBucketNotification"},
}

// A recorder is a proxy in front of moto that notes what each request needs.
type recorder struct {
	url string

	mu     sync.Mutex
	needed map[string]bool
}

func record(t *testing.T, target string) *recorder {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{needed: map[string]bool{}}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to); p.Out.Host = p.In.Host }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			t.Error(err)
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
		r.mu.Lock()
		for _, action := range needs(in, body) {
			r.needed[action] = true
		}
		r.mu.Unlock()
		proxy.ServeHTTP(w, in)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// actions returns what was needed since the recorder was started.
func (r *recorder) actions() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.needed))
}

// scope matches the service in the credential of a signature.
var scope = regexp.MustCompile(`Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request`)

// needs returns the IAM actions for a request.
func needs(in *http.Request, body []byte) []string {
	found := scope.FindStringSubmatch(in.Header.Get("Authorization"))
	if found == nil {
		return nil // moto's own API
	}
	service := found[1]
	var operation string
	if service == "monitoring" {
		service = "cloudwatch"
	}
	_, target, json := strings.Cut(in.Header.Get("X-Amz-Target"), ".")
	form, _ := url.ParseQuery(string(body))
	switch {
	case json:
		operation = target
	case form.Get("Action") != "":
		operation = form.Get("Action")
	case strings.Contains(in.URL.Path, "/operation/"):
		operation = filepath.Base(in.URL.Path)
	case service == "s3":
		operation = s3Operation(in)
	default:
		operation = iotOperation(in.URL.Path)
	}
	if operation == "TransactWriteItems" {
		var actions []string
		for word, action := range map[string]string{
			`"Put":`: "PutItem", `"Update":`: "UpdateItem", `"Delete":`: "DeleteItem", `"ConditionCheck":`: "ConditionCheckItem",
		} {
			if bytes.Contains(body, []byte(word)) {
				actions = append(actions, "dynamodb:"+action)
			}
		}
		return actions
	}
	if actions, ok := permissions[service+":"+operation]; ok {
		return actions
	}
	return []string{service + ":" + operation}
}

// s3Operation returns the operation of a request to S3, with the bucket in the path.
func s3Operation(in *http.Request) string {
	query := in.URL.Query()
	object := strings.Contains(strings.Trim(in.URL.Path, "/"), "/")
	for parameter, operations := range map[string]map[string]string{
		"versioning":        {"PUT": "PutBucketVersioning"},
		"publicAccessBlock": {"PUT": "PutPublicAccessBlock"},
		"policy":            {"PUT": "PutBucketPolicy"},
		"notification":      {"GET": "GetBucketNotificationConfiguration", "PUT": "PutBucketNotificationConfiguration"},
		"list-type":         {"GET": "ListObjectsV2"},
		"versions":          {"GET": "ListObjectVersions"},
		"delete":            {"POST": "DeleteObjects"},
	} {
		if _, ok := query[parameter]; ok {
			return operations[in.Method]
		}
	}
	if object {
		return map[string]string{"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[in.Method]
	}
	return map[string]string{"HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}[in.Method]
}

func iotOperation(path string) string {
	for prefix, operation := range map[string]string{
		"/policies/": "GetPolicy", "/thing-types/": "DescribeThingType", "/thing-groups/": "DescribeThingGroup",
		"/billing-groups/": "DescribeBillingGroup", "/attached-policies/": "ListAttachedPolicies", "/certificates/": "DescribeCertificate",
		"/principals/things": "ListPrincipalThings",
	} {
		if strings.HasPrefix(path, prefix) {
			return operation
		}
	}
	if thing, ok := strings.CutPrefix(path, "/things/"); ok {
		_, of, _ := strings.Cut(thing, "/")
		return map[string]string{
			"": "DescribeThing", "principals": "ListThingPrincipals", "thing-groups": "ListThingGroupsForThing",
		}[of]
	}
	return path
}

// document returns the actions of an IAM document, sorted.
func document(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(require.Root(t), "stack", "iam", name))
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	actions := map[string]bool{}
	for _, s := range parsed.Statement {
		for _, action := range s.Action {
			actions[action] = true
		}
	}
	return slices.Sorted(maps.Keys(actions))
}

// as returns the same stack for somebody whose requests are recorded.
func (d *deployed) as(t *testing.T) (*deployed, *recorder) {
	t.Helper()
	r := record(t, d.url)
	other := d.in(t)
	other.env = append(slices.Clone(d.env), "THINGPRESS_ENDPOINT_URL="+r.url)
	return other, r
}

// compare fails the test unless a document allows exactly what was needed.
func compare(t *testing.T, name string, needed []string) {
	t.Helper()
	slices.Sort(needed)
	if diff := cmp.Diff(slices.Compact(needed), document(t, name)); diff != "" {
		t.Errorf("stack/iam/%s (-needed +allowed):\n%s", name, diff)
	}
}

// Users of the documents find out in production what is missing, and never what is too much.
func TestDocumentsAllowWhatTheCommandsNeedAndNoMore(t *testing.T) {
	t.Parallel()
	d := deployStack(t)
	d.imports()
	examples := filepath.Join(require.Root(t), "examples")

	d.exits(0, "signers", "add", filepath.Join(examples, "microchip-signer.pem"))

	uploader, uploads := d.as(t)
	uploader.exits(0, "upload", "--no-follow", "--allow-test-material", filepath.Join(examples, "espressif.csv"))
	uploader.exits(0, "upload", "--no-follow", "--allow-test-material", filepath.Join(examples, "microchip.json")) // reads the signers
	uploader.exits(3, "import", idMixed)
	compare(t, "uploader.json", uploads.actions())

	operator, operates := d.as(t)
	operator.exits(0, "signers", "add", filepath.Join(examples, "microchip-signer.pem"))
	operator.exits(0, "signers", "list")
	operator.exits(0, "signers", "remove", "--yes", "microchip-signer.pem")
	operator.exits(3, "status")
	operator.exits(0, "imports")
	operator.exits(3, "import", idMixed)
	operator.exits(0, "report", idMixed)
	operator.exits(0, "pause", "--yes", idRunning)
	operator.exits(0, "resume", "--yes", idRunning)
	operator.exits(0, "cancel", "--yes", idRunning)
	operator.exits(0, "retry", "--yes", idMixed)
	operator.exits(0, "redrive", "--no-follow")
	operator.redrives(t)
	operator.commands(t)
	compare(t, "operator.json", append(operates.actions(),
		"cloudwatch:DescribeAlarms",                              // moto has none to ask for
		"iot:DescribeThingGroup",                                 // of a thing that is in a group
		"iot:ListPrincipalThingsV2", "iot:ListThingPrincipalsV2", // each lists the same as the one without V2
	))

	code := filepath.Join(d.dir, "code.zip")
	deployer, deploys := d.as(t)
	deploy := func(exit int, more ...string) string {
		out, _ := deployer.exits(exit, append([]string{"deploy", "--stack", "iam", "--code", code, "--yes", "--output", "json"}, more...)...)
		return out
	}
	deploy(1, "--parameter", "IoTPolicies=absent", "--parameter", "IoTThingType=absent", "--parameter", "IoTThingGroups=absent",
		"--parameter", "IoTBillingGroup=absent")
	clitest.CreateAttachments(t, clitest.Client(d.url), nil, []string{"iam-group"}, "iam-type")
	deploy(0, "--parameter", "IoTThingGroups=iam-group", "--artifact-bucket", "thingpress-artifacts-of-iam")
	deploy(0, "--parameter", "IoTThingGroups=iam-group", "--artifact-bucket", "thingpress-artifacts-of-iam") // changes nothing
	var kept struct {
		Kept []struct {
			ID   string `json:"logical_id"`
			Name string
		}
	}
	out, _ := deployer.exits(0, "delete", "--stack", "iam", "--yes", "--output", "json")
	if err := json.Unmarshal([]byte(out), &kept); err != nil || len(kept.Kept) < 8 {
		t.Fatalf("%v: %s", err, out)
	}
	takeOver := []string{"--tag", "a=b"}
	for _, k := range kept.Kept {
		takeOver = append(takeOver, "--parameter", "Existing"+k.ID+"="+k.Name)
	}
	deploy(0, takeOver...)
	deployed := deploys.actions()
	compare(t, "deployer.json", append(deployed,
		"cloudformation:TagResource", "cloudformation:UntagResource", // for the tags of a change set
		"cloudformation:UpdateTerminationProtection", // which moto does not have
		"s3:PutBucketPolicy",                         // only with TLS
		"sqs:GetQueueUrl",                            // of a bucket that still notifies another queue
	))

	purger, purges := d.as(t)
	purger.exits(0, "delete", "--yes", "--purge", "--force")
	compare(t, "purge.json", slices.DeleteFunc(purges.actions(), func(action string) bool { return slices.Contains(deployed, action) }))
}
