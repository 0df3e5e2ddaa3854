package jobtable

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// partitionOutbox has the notices that could not be sent, as IMPORT#KIND#CHANNEL or COMMAND#KIND#CHANNEL.
	partitionOutbox = "outbox"
	attrNotice      = "notice"
	attrAt          = "at"
	// outboxKept is how long a notice is kept. After that nobody waits for it.
	outboxKept = 30 * 24 * time.Hour
	// textMost is the maximum length of a kept text in bytes. An item has 400 KB at most (DynamoDB), and
	// JSON may double a text.
	textMost = 128 << 10
)

var _ stack.KeptNotices = (*Store)(nil)

func outboxKey(n *stack.KeptNotice) table.Item {
	return table.Key(partitionOutbox, cmp.Or(n.Event.Command, n.Event.Import)+"#"+n.Kind+"#"+n.Channel)
}

// Keep implements [stack.KeptNotices].
func (s *Store) Keep(ctx context.Context, n stack.KeptNotice) error {
	if len(n.Text) > textMost {
		n.Text = strings.ToValidUTF8(n.Text[:textMost], "") + "\n(cut, because it could not be sent at once)\n"
	}
	text, err := json.Marshal(n)
	if err == nil {
		item := table.With(outboxKey(&n), table.Item{
			attrNotice: table.Str(string(text)), attrAt: table.Micros(n.At), table.Expires: table.Num(n.At.Add(outboxKept).Unix()),
		})
		_, err = s.table.Transact(ctx, []types.TransactWriteItem{s.table.PutAny(item)})
	}
	if err != nil {
		return fmt.Errorf("ledger: keep a notice of import %s: %w", n.Event.Import, err)
	}
	return nil
}

// Kept implements [stack.KeptNotices].
func (s *Store) Kept(ctx context.Context) iter.Seq2[stack.KeptNotice, error] {
	return func(yield func(stack.KeptNotice, error) bool) {
		for item, err := range s.table.Query(ctx, partitionOutbox, table.Query{}) {
			var n stack.KeptNotice
			if err == nil {
				err = json.Unmarshal([]byte(table.Text(item, attrNotice)), &n)
			}
			if err != nil {
				err = fmt.Errorf("ledger: kept notices: %w", err)
			}
			if !yield(n, err) || err != nil {
				return
			}
		}
	}
}

// Forget implements [stack.KeptNotices].
func (s *Store) Forget(ctx context.Context, n stack.KeptNotice) error {
	removal := s.table.Delete(outboxKey(&n))
	removal.Delete.ConditionExpression = aws.String("attribute_not_exists(pk) OR #at = :at")
	removal.Delete.ExpressionAttributeNames = map[string]string{"#at": attrAt}
	removal.Delete.ExpressionAttributeValues = table.Item{":at": table.Micros(n.At)}
	if _, err := s.table.Transact(ctx, []types.TransactWriteItem{removal}); err != nil {
		return fmt.Errorf("ledger: forget a notice of import %s: %w", n.Event.Import, err)
	}
	return nil
}
