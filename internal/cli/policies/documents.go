package policies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/policy"
)

// A document is a policy with its document.
type document struct {
	Name string
	// Version is the default version in AWS; empty for a file.
	Version string
	// OfGroup is true for a policy of a thing group.
	OfGroup bool
	*policy.Document
}

// maxFile is the maximum size of a file with a document. White space does not count for AWS.
const maxFile = 1 << 20

// readFiles reads the documents of files.
func readFiles(ctx context.Context, paths []string) (documents []document, err error) {
	for _, path := range paths {
		text, err := terminal.Await(ctx, func() (string, error) { return readFile(path) })
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, exit.UsageError(fmt.Errorf("--policy: %w", err), "")
		}
		parsed, err := parse(path, text)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document{Name: path, Document: parsed})
	}
	return documents, nil
}

func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than 1 MiB, and is not a policy", path)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), err
}

// parse parses a document. Its error names the place in the document.
func parse(name, text string) (*policy.Document, error) {
	parsed, err := policy.Parse(text)
	var refused *policy.ParseError
	if errors.As(err, &refused) {
		return nil, exit.WithHint(fmt.Errorf("policy %s: AWS IoT refuses the document: %w", name, err),
			"correct the document at that place")
	}
	return parsed, err
}

// readRegistry reads the documents of the attachments' policies, and of the policies of their
// thing groups.
func readRegistry(ctx context.Context, aws iot.AWS, limiters *quota.Limiters, a device.Attachments) (documents []document, err error) {
	attached, err := device.CheckAttachments(ctx, aws, limiters, a)
	if err != nil {
		return nil, err
	}
	ofGroups, err := device.ReadPolicies(ctx, aws, limiters, attached.PoliciesOnGroups)
	if err != nil {
		return nil, err
	}
	for i, found := range append(attached.Policies, ofGroups...) {
		parsed, err := parse(found.Name, found.Document)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document{found.Name, found.Version, i >= len(attached.Policies), parsed})
	}
	return documents, nil
}

// place is the region and the account of an ARN. The account may be any.
var place = regexp.MustCompile(`^arn:([^:*?$]*):iot:([^:*?$]+):([0-9]{12}|\*):`)

// inPolicies returns a target as policies know it.
func inPolicies(t ledger.Target) policy.Target {
	return policy.Target{Partition: t.Partition, Region: t.Region, Account: t.Account}
}

// targetOf returns where the devices connect to. Without a connection it is where the documents
// say, or an example.
func targetOf(c *target.Connection, flags target.AccountFlags, documents []document) policy.Target {
	if c != nil {
		return inPolicies(c.Target)
	}
	t := policy.Target{Partition: "aws", Region: flags.Region, Account: flags.Account}
	for _, d := range documents {
		for _, s := range d.Statements {
			for _, r := range s.Resources {
				at := place.FindStringSubmatch(r.Text)
				if at == nil {
					continue
				}
				if at[3] == "*" {
					at[3] = t.Account
				}
				if fits := (t.Region == "" || t.Region == at[2]) && (t.Account == "" || t.Account == at[3]); fits {
					t = policy.Target{Partition: at[1], Region: at[2], Account: at[3]}
				}
			}
		}
	}
	if t.Region == "" {
		t.Region = "us-east-1"
	}
	if t.Account == "" {
		t.Account = "123456789012"
	}
	return t
}
