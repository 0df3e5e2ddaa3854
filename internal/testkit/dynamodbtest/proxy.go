package dynamodbtest

import (
	"context"
	"net"
	"sync"
	"syscall"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// An Item is an item or its key.
type Item = map[string]types.AttributeValue

// Text returns a string attribute of an item; "" if there is none.
func Text(i Item, name string) string {
	if v, ok := i[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

// ErrLost is a connection error after which it is unknown whether the call had its effect.
var ErrLost = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// A Proxy is between a table and DynamoDB. It counts calls and their cost, and fails on demand.
type Proxy struct {
	// Before and After are called around each call, without locks; nil never
	// fails. If After returns an error the call had its effect.
	Before, After func(operation string) error
	// Calls counts calls by operation. Tokens has the tokens of the transactions.
	// Read and Write are the consumed capacity units.
	Calls       map[string]int
	Tokens      []string
	Read, Write float64

	api table.API
	mu  sync.Mutex
}

// Proxy returns a proxy for the table.
func (x *Table) Proxy() *Proxy { return &Proxy{api: x.Client, Calls: map[string]int{}} }

// Reset resets all counters.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Calls, p.Tokens, p.Read, p.Write = map[string]int{}, nil, 0, 0
}

func (p *Proxy) spend(read bool, used ...types.ConsumedCapacity) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range used {
		if c.CapacityUnits == nil {
			continue
		}
		if read {
			p.Read += *c.CapacityUnits
		} else {
			p.Write += *c.CapacityUnits
		}
	}
}

func through[In, Out any](ctx context.Context, p *Proxy, operation string, in In,
	do func(context.Context, In, ...func(*sdk.Options)) (*Out, error),
) (*Out, error) {
	p.mu.Lock()
	p.Calls[operation]++
	p.mu.Unlock()
	if p.Before != nil {
		if err := p.Before(operation); err != nil {
			return nil, err
		}
	}
	out, err := do(ctx, in)
	if p.After != nil && err == nil {
		if err := p.After(operation); err != nil {
			return nil, err
		}
	}
	return out, err
}

// GetItem implements [table.API].
func (p *Proxy) GetItem(ctx context.Context, in *sdk.GetItemInput, _ ...func(*sdk.Options)) (*sdk.GetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := through(ctx, p, "GetItem", in, p.api.GetItem)
	if err == nil && out.ConsumedCapacity != nil {
		p.spend(true, *out.ConsumedCapacity)
	}
	return out, err
}

// BatchGetItem implements [table.API].
func (p *Proxy) BatchGetItem(ctx context.Context, in *sdk.BatchGetItemInput, _ ...func(*sdk.Options)) (*sdk.BatchGetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := through(ctx, p, "BatchGetItem", in, p.api.BatchGetItem)
	if err == nil {
		p.spend(true, out.ConsumedCapacity...)
	}
	return out, err
}

// Query implements [table.API].
func (p *Proxy) Query(ctx context.Context, in *sdk.QueryInput, _ ...func(*sdk.Options)) (*sdk.QueryOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := through(ctx, p, "Query", in, p.api.Query)
	if err == nil && out.ConsumedCapacity != nil {
		p.spend(true, *out.ConsumedCapacity)
	}
	return out, err
}

// UpdateItem implements [table.API].
func (p *Proxy) UpdateItem(ctx context.Context, in *sdk.UpdateItemInput, _ ...func(*sdk.Options)) (*sdk.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := through(ctx, p, "UpdateItem", in, p.api.UpdateItem)
	if err == nil && out.ConsumedCapacity != nil {
		p.spend(false, *out.ConsumedCapacity)
	}
	return out, err
}

// TransactWriteItems implements [table.API].
func (p *Proxy) TransactWriteItems(ctx context.Context, in *sdk.TransactWriteItemsInput,
	_ ...func(*sdk.Options),
) (*sdk.TransactWriteItemsOutput, error) {
	if in.ClientRequestToken != nil {
		p.mu.Lock()
		p.Tokens = append(p.Tokens, *in.ClientRequestToken)
		p.mu.Unlock()
	}
	out, err := through(ctx, p, "TransactWriteItems", in, p.api.TransactWriteItems)
	if err == nil {
		p.mu.Lock()
		p.Write += transactUnits(in)
		p.mu.Unlock()
	}
	return out, err
}

// transactUnits returns what AWS charges for a transaction: two write units for
// each started kilobyte of each item. DynamoDB Local reports a different number.
// The items that we update in transactions are below a kilobyte.
func transactUnits(in *sdk.TransactWriteItemsInput) (units float64) {
	for _, action := range in.TransactItems {
		size := 0
		if action.Put != nil {
			size = SizeOf(action.Put.Item)
		}
		units += 2 * float64(max(1, (size+1023)/1024))
	}
	return units
}

// SizeOf returns an item's size in bytes, as the developer guide's page on item sizes defines it.
func SizeOf(i Item) (size int) {
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
