package jobtable

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	attrEntry    = "e" // the owner of the claim
	attrVendorID = "v" // of the owner
	attrSince    = "t"
)

// Claim implements [stack.Claims].
func (s *Store) Claim(ctx context.Context, importID string, claims []stack.Claim) ([]stack.Claimed, error) {
	answers := make([]stack.Claimed, len(claims))
	open := make([]int, len(claims))
	for n := range claims {
		open[n] = n
	}
	for len(open) > 0 {
		apart, later := disjoint(claims, open)
		groups := transactions(claims, apart)
		undecided, err := s.claimGroups(ctx, importID, claims, groups, answers)
		if err != nil {
			return nil, err
		}
		open = slices.Concat(undecided, later)
	}
	return answers, nil
}

// claimsAtOnce is the number of transactions that claim concurrently. A batch of devices must not
// spend the time of its invocation on claims that wait for one another.
const claimsAtOnce = 4

// claimGroups makes the claims of each group in a transaction, and returns those that are to be
// made again. No two groups may want the same item.
func (s *Store) claimGroups(
	ctx context.Context, id string, claims []stack.Claim, groups [][]int, answers []stack.Claimed,
) (undecided []int, err error) {
	open := make([][]int, len(groups))
	var all errgroup.Group
	all.SetLimit(claimsAtOnce)
	for n, group := range groups {
		all.Go(func() (err error) {
			if open[n], err = s.claim(ctx, id, claims, group, answers); err != nil {
				return fmt.Errorf("ledger: import %s: claim %d entries: %w", id, len(group), err)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(open...), nil
}

// transactions returns the groups of claims that fit one transaction each.
func transactions(claims []stack.Claim, apart []int) (groups [][]int) {
	room := 0
	for _, at := range apart {
		items := len(claimKeys("", &claims[at]))
		if items > room {
			groups, room = append(groups, nil), table.MostActions
		}
		last := len(groups) - 1
		groups[last], room = append(groups[last], at), room-items
	}
	return groups
}

// disjoint returns the claims of which no two want the same item, and the ones for later.
func disjoint(claims []stack.Claim, open []int) (apart, later []int) {
	taken := map[string]bool{} // by partition key
	for _, at := range open {
		met := false
		for _, key := range claimKeys("", &claims[at]) {
			partition := table.Text(key, table.PK)
			met = met || taken[partition]
			taken[partition] = true
		}
		if met {
			later = append(later, at) // as is every claim that overlaps with it
			continue
		}
		apart = append(apart, at)
	}
	return apart, later
}

// claimKeys returns the keys of the items of a claim: name, certificate, and vendor
// ID if there is one, or the entry alone.
func claimKeys(id string, c *stack.Claim) []table.Item {
	if c.Alone {
		return []table.Item{entryClaimKey(id, c.Entry)}
	}
	keys := []table.Item{nameClaimKey(id, c.ThingName), certificateClaimKey(id, c.CertificateID.String())}
	if c.VendorID != "" {
		keys = append(keys, vendorIDClaimKey(id, c.VendorID))
	}
	return keys
}

// claim makes the claims of a group in one transaction. If an existing claim is in
// the way, nothing is written: claim answers the claims that existing ones decide,
// and returns the others, to be made again.
func (s *Store) claim(
	ctx context.Context, id string, claims []stack.Claim, group []int, answers []stack.Claimed,
) (undecided []int, err error) {
	expires := table.Num(s.table.Now().Add(ClaimsKept).Unix())
	var actions []types.TransactWriteItem
	for _, at := range group {
		c := &claims[at]
		owner := table.Item{attrEntry: table.Num(c.Entry), attrSince: table.Micros(c.At), table.Expires: expires}
		if c.VendorID != "" {
			owner[attrVendorID] = table.Str(c.VendorID)
		}
		for _, key := range claimKeys(id, c) {
			actions = append(actions, s.table.PutNew(table.With(key, owner)))
		}
	}
	refused, err := s.table.Transact(ctx, actions)
	if err != nil {
		return nil, err
	}
	first := 0
	for _, at := range group {
		c := &claims[at]
		var decided bool
		if refused == nil {
			answers[at] = c.Won()
		} else if answers[at], decided = lost(refused, first, c); !decided {
			undecided = append(undecided, at)
		}
		first += len(claimKeys(id, c))
	}
	return undecided, nil
}

// lost returns the answer to a claim whose items begin at action first of a refused
// transaction. It is not decided if no item of the claim exists, or if another
// transaction was using one: the owner of one item may be about to get the others.
func lost(refused *table.Refusal, first int, c *stack.Claim) (answer stack.Claimed, decided bool) {
	if c.Alone {
		if item, held := refused.Held[first]; held { // only by an earlier claim of the same entry
			answer = c.Won()
			answer.New, answer.At = false, table.Instant(item, attrSince)
			return answer, true
		}
		return answer, false
	}
	owner := func(action int) stack.Owner {
		item, held := refused.Held[action]
		if !held {
			return stack.Nobody
		}
		decided = true
		return stack.Owner{Entry: int(table.Number(item, attrEntry)), VendorID: table.Text(item, attrVendorID)}
	}
	answer = stack.Claimed{ByName: owner(first), ByCertificate: owner(first + 1), ByID: stack.Nobody}
	busy := refused.Busy[first] || refused.Busy[first+1]
	if c.VendorID != "" {
		answer.ByID = owner(first + 2)
		busy = busy || refused.Busy[first+2]
	}
	// Versions that did not know vendor IDs claimed the other two.
	hasID := answer.ByID == stack.Nobody || answer.ByID.Entry == c.Entry
	if answer.ByName.Entry == c.Entry && answer.ByCertificate.Entry == c.Entry && hasID {
		answer.Mine, answer.At = true, table.Instant(refused.Held[first], attrSince)
	}
	return answer, decided && !busy
}
