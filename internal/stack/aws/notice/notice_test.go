package notice_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/thingpress/thingpress/internal/stack/aws/notice"
)

type topic struct {
	in  *sns.PublishInput
	err error
}

func (t *topic) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	t.in = in
	return &sns.PublishOutput{}, t.err
}

// SNS refuses subjects that are not ASCII, contain a line end, or exceed a hundred
// characters. Names of manifests may be all of that.
func TestEverySubjectIsOneThatSNSTakes(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{"reel.csv: 3 imported", "Rolle Nº 5 – März\n.csv", strings.Repeat("x", 500), ""} {
		var api topic
		if err := notice.New(&api, "arn", "line-1").Notify(t.Context(), subject, "text"); err != nil {
			t.Fatal(err)
		}
		have := *api.in.Subject
		if len(have) > 100 || !strings.HasPrefix(have, "Thingpress line-1: ") ||
			strings.ContainsFunc(have, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q", have)
		}
		if *api.in.TopicArn != "arn" || *api.in.Message != "text" {
			t.Errorf("%+v", api.in)
		}
	}
}

func TestALongTextIsCutAndSaysSo(t *testing.T) {
	t.Parallel()
	var api topic
	if err := notice.New(&api, "arn", "s").Notify(t.Context(), "s", strings.Repeat("ä", 300<<10)); err != nil {
		t.Fatal(err)
	}
	if text := *api.in.Message; len(text) > 256<<10 || !strings.Contains(text, "(cut:") || strings.ToValidUTF8(text, "") != text {
		t.Errorf("%d bytes", len(text))
	}
}

func TestAFailedNoticeIsAnError(t *testing.T) {
	t.Parallel()
	cause := errors.New("denied")
	if err := notice.New(&topic{err: cause}, "arn", "s").Notify(t.Context(), "s", "t"); !errors.Is(err, cause) {
		t.Error(err)
	}
}
