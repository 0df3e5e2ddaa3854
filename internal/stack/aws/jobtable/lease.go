package jobtable

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
)

// Lease implements [stack.Leases].
func (s *Store) Lease(ctx context.Context, importID, owner string, until time.Time) (stack.Lease, error) {
	job, ok, err := s.table.Update(ctx, table.Update{
		Key: jobKey(importID),
		If:  "attribute_exists(pk) AND (attribute_not_exists(#lease_owner) OR #lease_owner = :owner OR #lease_until <= :now)",
		Set: []string{"#lease_owner = :owner", "#lease_until = :until"}, Add: []string{"#generation :one", "#lease_unsaved :one"},
		Values: table.Item{
			":owner": table.Str(owner), ":until": table.Micros(until), ":now": table.Micros(s.table.Now()), ":one": table.Num(1),
		},
	})
	switch {
	case err != nil:
		return stack.Lease{}, fmt.Errorf("ledger: lease of import %s: %w", importID, err)
	case !ok && len(job) == 0:
		return stack.Lease{}, fmt.Errorf("ledger: job of import %s: %w", importID, ledger.ErrNotFound)
	case !ok:
		return stack.Lease{}, &stack.LeasedError{Import: importID, Until: table.Instant(job, attrUntil)}
	}
	return stack.Lease{
		Import: importID, Owner: owner, Generation: table.Number(job, attrGeneration), Until: until,
		Crashes: int(table.Number(job, attrUnsaved)) - 1,
	}, nil
}

// Save implements [stack.Leases].
func (s *Store) Save(ctx context.Context, lease stack.Lease, job stack.Job) error {
	job.Updated = s.table.Now()
	saved, err := jobItem(&job)
	if err != nil {
		return err
	}
	for _, kept := range []string{attrImport, attrUpload, attrCreated, attrGeneration, attrCommand} {
		delete(saved, kept)
	}
	optional := []string{attrVendor, attrSettings, attrProgress, attrSigners, attrRetried, attrSent}
	if job.Phase == stack.PhaseStopped {
		optional = append(optional, attrCause, attrRetryAt)
	} else { // SetCause may have changed them meanwhile
		delete(saved, attrCause)
		delete(saved, attrRetryAt)
	}
	u := table.Update{
		Key: jobKey(lease.Import), If: "#generation = :generation", Renew: true,
		Values: table.Item{":generation": table.Num(lease.Generation)},
	}
	for _, name := range slices.Sorted(maps.Keys(saved)) {
		u.Values[":"+name] = saved[name]
		u.Set = append(u.Set, "#"+name+" = :"+name)
	}
	u.Remove = append(u.Remove, "#"+attrUnsaved)
	for _, name := range optional {
		if !table.Has(saved, name) {
			u.Remove = append(u.Remove, "#"+name)
		}
	}
	listed := s.table.PutAny(s.table.Kept(table.Key(partitionOpen, lease.Import)))
	if job.Phase == stack.PhaseDone {
		listed = s.table.Delete(table.Key(partitionOpen, lease.Import))
	}
	refused, err := s.table.Transact(ctx, []types.TransactWriteItem{s.table.Updating(u), listed})
	if err == nil && refused != nil {
		err = stack.ErrFenced
	}
	if err != nil {
		return fmt.Errorf("ledger: save job of import %s: %w", lease.Import, err)
	}
	return nil
}

// Release implements [stack.Leases].
func (s *Store) Release(ctx context.Context, lease stack.Lease) error {
	_, _, err := s.table.Update(ctx, table.Update{
		Key: jobKey(lease.Import), If: "#generation = :generation", Remove: []string{"#lease_owner", "#lease_until", "#lease_unsaved"},
		Values: table.Item{":generation": table.Num(lease.Generation)},
	})
	if err != nil {
		return fmt.Errorf("ledger: release import %s: %w", lease.Import, err)
	}
	return nil
}
