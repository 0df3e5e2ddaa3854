package dynamodb_test

import (
	"context"
	"net"
	"sync"
	"syscall"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
)

type item = map[string]types.AttributeValue

func textOf(i item, name string) string {
	if v, ok := i[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

// lost is how a connection ends of which nobody knows what it did.
var lost = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// A proxy stands between a ledger and DynamoDB, counts calls and what they
// cost, and fails when a test wants it to.
type proxy struct {
	api dynamodb.API
	// before and after are asked around each call, with no lock held; nil
	// never fails. After an error of after, the call had its effect.
	before, after func(operation string) error

	mu          sync.Mutex
	calls       map[string]int
	tokens      []string
	read, write float64
}

func (x *table) proxy() *proxy { return &proxy{api: x.client, calls: map[string]int{}} }

func (x *table) through(p *proxy) *dynamodb.Ledger {
	return dynamodb.New(p, x.name, dynamodb.Options{})
}

// reset forgets what was counted.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.tokens, p.read, p.write = map[string]int{}, nil, 0, 0
}

func (p *proxy) spend(read bool, used ...types.ConsumedCapacity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range used {
		if c.CapacityUnits == nil {
			continue
		}
		if read {
			p.read += *c.CapacityUnits
		} else {
			p.write += *c.CapacityUnits
		}
	}
}

func through[In, Out any](ctx context.Context, p *proxy, operation string, in In, do func(context.Context, In, ...func(*sdk.Options)) (*Out, error)) (*Out, error) {
	p.mu.Lock()
	p.calls[operation]++
	p.mu.Unlock()
	if p.before != nil {
		if err := p.before(operation); err != nil {
			return nil, err
		}
	}
	out, err := do(ctx, in)
	if p.after != nil && err == nil {
		if err := p.after(operation); err != nil {
			return nil, err
		}
	}
	return out, err
}

func (p *proxy) GetItem(ctx context.Context, in *sdk.GetItemInput, _ ...func(*sdk.Options)) (*sdk.GetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := through(ctx, p, "GetItem", in, p.api.GetItem)
	if err == nil && out.ConsumedCapacity != nil {
		p.spend(true, *out.ConsumedCapacity)
	}
	return out, err
}

func (p *proxy) BatchGetItem(ctx context.Context, in *sdk.BatchGetItemInput, _ ...func(*sdk.Options)) (*sdk.BatchGetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := through(ctx, p, "BatchGetItem", in, p.api.BatchGetItem)
	if err == nil {
		p.spend(true, out.ConsumedCapacity...)
	}
	return out, err
}

func (p *proxy) Query(ctx context.Context, in *sdk.QueryInput, _ ...func(*sdk.Options)) (*sdk.QueryOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := through(ctx, p, "Query", in, p.api.Query)
	if err == nil && out.ConsumedCapacity != nil {
		p.spend(true, *out.ConsumedCapacity)
	}
	return out, err
}

func (p *proxy) UpdateItem(ctx context.Context, in *sdk.UpdateItemInput, _ ...func(*sdk.Options)) (*sdk.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := through(ctx, p, "UpdateItem", in, p.api.UpdateItem)
	if err == nil && out.ConsumedCapacity != nil {
		p.spend(false, *out.ConsumedCapacity)
	}
	return out, err
}

func (p *proxy) TransactWriteItems(ctx context.Context, in *sdk.TransactWriteItemsInput, _ ...func(*sdk.Options)) (*sdk.TransactWriteItemsOutput, error) {
	if in.ClientRequestToken != nil {
		p.mu.Lock()
		p.tokens = append(p.tokens, *in.ClientRequestToken)
		p.mu.Unlock()
	}
	out, err := through(ctx, p, "TransactWriteItems", in, p.api.TransactWriteItems)
	if err == nil {
		p.mu.Lock()
		p.write += transactUnits(in)
		p.mu.Unlock()
	}
	return out, err
}

// transactUnits is what AWS takes for a transaction: two write units for each
// kilobyte, or part of one, of each item. DynamoDB Local tells another number.
// The items that we update in transactions are below a kilobyte.
func transactUnits(in *sdk.TransactWriteItemsInput) (units float64) {
	for _, action := range in.TransactItems {
		size := 0
		if action.Put != nil {
			size = sizeOf(action.Put.Item)
		}
		units += 2 * float64(max(1, (size+1023)/1024))
	}
	return units
}

// sizeOf is an item's size in bytes, as the developer guide's page on item
// sizes counts it.
func sizeOf(i item) (size int) {
	for name, value := range i {
		size += len(name)
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			size += len(v.Value)
		case *types.AttributeValueMemberB:
			size += len(v.Value)
		case *types.AttributeValueMemberN:
			size += len(v.Value)/2 + 2
		}
	}
	return size
}
