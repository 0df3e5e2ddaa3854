// Package notice publishes to SNS how the imports of a stack ended, and why they are
// stalled.
package notice

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
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

// Notify publishes a notice. It puts the name of the stack before the subject, and
// cuts that to what SNS accepts: 100 characters of printable ASCII.
func (t *Topic) Notify(ctx context.Context, subject, text string) error {
	if len(text) > textMost {
		text = strings.ToValidUTF8(text[:textMost], "") + "\n(cut: the limit of a notice is 256 KiB)\n"
	}
	_, err := t.api.Publish(ctx, &sns.PublishInput{
		TopicArn: &t.arn, Subject: aws.String(t.subject(subject)), Message: &text,
	})
	if err != nil {
		return fmt.Errorf("notice %q: %w", subject, err)
	}
	return nil
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
