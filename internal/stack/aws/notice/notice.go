// Package notice tells operators of a stack, through SNS, how imports end and
// why they stand still.
package notice

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// API is what is called of SNS; *sns.Client is one.
type API interface {
	Publish(ctx context.Context, in *sns.PublishInput, options ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// A Topic publishes to one topic. It is safe for concurrent use.
type Topic struct {
	api   API
	arn   string
	stack string
}

// New returns the topic of an ARN for the notices of a stack.
func New(api API, arn, stack string) *Topic { return &Topic{api: api, arn: arn, stack: stack} }

const (
	// subjectMost is the longest subject in characters, and textMost the longest
	// text in bytes (SNS, Publish), with room for the line that says that it was cut.
	subjectMost = 100
	textMost    = 256<<10 - 100
)

// Notify publishes a notice. The subject is preceded by the stack's name, and
// is brought to what SNS takes: printable ASCII, 100 characters.
func (t *Topic) Notify(ctx context.Context, subject, text string) error {
	if len(text) > textMost {
		text = strings.ToValidUTF8(text[:textMost], "") + "\n(cut: a notice has 256 KiB at most)\n"
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
