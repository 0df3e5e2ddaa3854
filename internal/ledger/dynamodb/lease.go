package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
)

// A Lease is the right to work on a job, until a time. It is not taken back
// from who is late; but the next lease has a higher generation, and what the
// earlier one saves then is refused.
type Lease struct {
	Import     string
	Owner      string
	Generation int64
	Until      time.Time
}

// ErrFenced says that another has the lease meanwhile: stop, and leave the job to it.
var ErrFenced = errors.New("another function has taken over this import")

// A LeasedError says that another has the lease.
type LeasedError struct {
	Import string
	// Until is when it ends, unless it is given back or renewed before.
	Until time.Time
}

// Error says who has to be waited for.
func (e *LeasedError) Error() string {
	return fmt.Sprintf("import %s: another function works on it until %s", e.Import, e.Until.Format(time.RFC3339))
}

// Lease takes the lease of a job for an owner that no other has the name of,
// or renews it. It returns a *[LeasedError] while another has it, and wraps
// [ledger.ErrNotFound].
func (l *Ledger) Lease(ctx context.Context, importID, owner string, until time.Time) (Lease, error) {
	out, err := l.update(ctx, &dynamodb.UpdateItemInput{
		TableName: &l.table, Key: jobKey(importID),
		ConditionExpression: ptr("attribute_exists(pk) AND (attribute_not_exists(#owner) OR #owner = :owner OR #until <= :now)"),
		UpdateExpression:    ptr("SET #owner = :owner, #until = :until ADD #generation :one"),
		ExpressionAttributeNames: map[string]string{
			"#owner": attrOwner, "#until": attrUntil, "#generation": attrGeneration,
		},
		ExpressionAttributeValues: item{
			":owner": str(owner), ":until": micros(until), ":now": micros(l.now()), ":one": num(1),
		},
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var held *types.ConditionalCheckFailedException
	if errors.As(err, &held) {
		if len(held.Item) == 0 {
			return Lease{}, fmt.Errorf("ledger: job of import %s: %w", importID, ledger.ErrNotFound)
		}
		return Lease{}, &LeasedError{Import: importID, Until: instant(held.Item, attrUntil)}
	}
	if err != nil {
		return Lease{}, fmt.Errorf("ledger: lease of import %s: %w", importID, err)
	}
	return Lease{Import: importID, Owner: owner, Generation: number(out.Attributes, attrGeneration), Until: until}, nil
}

// Save saves a job under its lease. Import, Upload, Created and Generation stay
// as they are, and so do Cause and RetryAt unless the job is stopped. It
// returns [ErrFenced], wrapped, when another has taken the lease meanwhile.
func (l *Ledger) Save(ctx context.Context, lease Lease, job Job) error {
	job.Updated = l.now()
	saved, err := jobItem(&job)
	if err != nil {
		return err
	}
	optional := []string{attrVendor, attrSettings, attrProgress, attrSigners}
	for _, kept := range []string{attrImport, attrUpload, attrCreated, attrGeneration} {
		delete(saved, kept)
	}
	l.kept(saved)
	if job.Phase == PhaseStopped {
		optional = append(optional, attrCause, attrRetryAt)
	} else { // others may say meanwhile why it stands still
		delete(saved, attrCause)
		delete(saved, attrRetryAt)
	}
	names, values := map[string]string{"#generation": attrGeneration}, item{":generation": num(lease.Generation)}
	var set, remove []string
	for _, name := range slices.Sorted(maps.Keys(saved)) {
		names["#"+name], values[":"+name] = name, saved[name]
		set = append(set, "#"+name+" = :"+name)
	}
	for _, name := range optional {
		if !has(saved, name) {
			names["#"+name] = name
			remove = append(remove, "#"+name)
		}
	}
	expression := "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		expression += " REMOVE " + strings.Join(remove, ", ")
	}
	update := types.TransactWriteItem{Update: &types.Update{
		TableName: &l.table, Key: jobKey(lease.Import),
		ConditionExpression: ptr("#generation = :generation"), UpdateExpression: &expression,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}}
	listed := l.putAny(l.kept(key(partitionOpen, lease.Import)))
	if job.Phase == PhaseDone {
		listed = types.TransactWriteItem{Delete: &types.Delete{TableName: &l.table, Key: key(partitionOpen, lease.Import)}}
	}
	refused, err := l.transact(ctx, []types.TransactWriteItem{update, listed})
	if err != nil {
		return fmt.Errorf("ledger: save job of import %s: %w", lease.Import, err)
	}
	if refused != nil {
		return fmt.Errorf("ledger: save job of import %s: %w", lease.Import, ErrFenced)
	}
	return nil
}

// Release gives a lease back, unless another has it by now.
func (l *Ledger) Release(ctx context.Context, lease Lease) error {
	_, err := l.update(ctx, &dynamodb.UpdateItemInput{
		TableName: &l.table, Key: jobKey(lease.Import),
		ConditionExpression:       ptr("#generation = :generation"),
		UpdateExpression:          ptr("REMOVE #owner, #until"),
		ExpressionAttributeNames:  map[string]string{"#owner": attrOwner, "#until": attrUntil, "#generation": attrGeneration},
		ExpressionAttributeValues: item{":generation": num(lease.Generation)},
	})
	var taken *types.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &taken) {
		return fmt.Errorf("ledger: release import %s: %w", lease.Import, err)
	}
	return nil
}
