// Package notice publishes how the imports of a stack ended, and why they are stalled:
// to SNS for people, and to EventBridge for programs.
package notice

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/thingpress/thingpress/internal/stack"
)

// API has the operation of SNS that a [Topic] calls, as *sns.Client does.
type API interface {
	Publish(ctx context.Context, in *sns.PublishInput, options ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// A Topic publishes to one topic. It is safe for concurrent use.
type Topic struct {
	api   API
	arn   string
	stack string
}

// New returns the topic with an ARN, for the notices of a stack.
func New(api API, arn, stack string) *Topic { return &Topic{api: api, arn: arn, stack: stack} }

const (
	// subjectMost is the maximum length of a subject in characters, and textMost that
	// of a text in bytes (SNS, Publish), less the line about the cut.
	subjectMost = 100
	textMost    = 256<<10 - 100
)

// Name implements [stack.Channel].
func (t *Topic) Name() string { return "SNS" }

// Send implements [stack.Channel]. It puts the name of the stack before the subject, and
// cuts that to what SNS accepts: 100 characters of printable ASCII. Subscribers can filter
// by the attributes of the message.
func (t *Topic) Send(ctx context.Context, n stack.Notice) error {
	subject, text := n.Subject, n.Text
	if len(text) > textMost {
		text = strings.ToValidUTF8(text[:textMost], "") + "\n(cut: the limit of a notice is 256 KiB)\n"
	}
	_, err := t.api.Publish(ctx, &sns.PublishInput{
		TopicArn: &t.arn, Subject: aws.String(t.subject(subject)), Message: &text, MessageAttributes: attributes(n.Event),
	})
	if err != nil {
		return fmt.Errorf("notice %q: %w", subject, err)
	}
	return nil
}

// attributes returns the attributes of a message. They are fewer than ten, which is the most that SNS
// hands on to SQS (SNS, message attributes).
func attributes(e stack.Event) map[string]types.MessageAttributeValue {
	list := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{
		"kind": e.Kind, "stack": e.Stack, "import": e.Import, "state": e.State, "vendor": e.Vendor, "verb": e.Verb,
	} {
		if value != "" { // SNS refuses an empty one
			list[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
		}
	}
	for name, n := range map[string]int{"failed": e.Counts.Failed, "rejected": e.Counts.Rejected} {
		list[name] = types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: aws.String(strconv.Itoa(n))}
	}
	return list
}

func (t *Topic) subject(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, "Thingpress "+t.stack+": "+text)
	if len(text) > subjectMost {
		text = text[:subjectMost-3] + "..."
	}
	return text
}
