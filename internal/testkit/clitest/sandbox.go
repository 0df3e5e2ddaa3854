package clitest

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iot"
)

// StartSandbox runs the sandbox as a process until the test ends, and returns its URL.
func StartSandbox(t *testing.T, args ...string) string {
	t.Helper()
	return StartSandboxLogging(t, os.DevNull, args...)
}

// StartSandboxLogging is like [StartSandbox] but writes the sandbox's output to a file.
func StartSandboxLogging(t *testing.T, log string, args ...string) string {
	t.Helper()
	said, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"sandbox", "--listen", "127.0.0.1:0"}, args...)
	c := exec.Command(Program(t), args...) //nolint:noctx // the cleanup of the test ends it, after the test's context
	c.Env = Environment(t)
	c.Stderr = said
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
		_ = said.Close()
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("sandbox did not start: %v", err)
	}
	return strings.TrimSpace(url)
}

// Client returns a client for a sandbox or moto.
func Client(url string) *iot.Client {
	return iot.New(iot.Options{
		BaseEndpoint: aws.String(url), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
	})
}

// CreateAttachments creates policies, groups and a type at an endpoint of moto or a sandbox.
func CreateAttachments(t *testing.T, c *iot.Client, policies, groups []string, thingType string) {
	t.Helper()
	ctx := t.Context()
	for _, name := range policies {
		_, err := c.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range groups {
		if _, err := c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &name}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.CreateThingType(ctx, &iot.CreateThingTypeInput{ThingTypeName: &thingType}); err != nil {
		t.Fatal(err)
	}
}
