package jobtable

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/manifest"
)

const (
	attrEntry = "e" // the owner of the claim
	attrSince = "t"
)

// Claim implements [stack.Claims].
func (s *Store) Claim(ctx context.Context, importID string, claims []stack.Claim) ([]stack.Claimed, error) {
	answers := make([]stack.Claimed, len(claims))
	open := make([]int, len(claims))
	for n := range claims {
		open[n] = n
	}
	for len(open) > 0 {
		group, later := compatible(claims, open)
		undecided, err := s.claim(ctx, importID, claims, group, answers)
		if err != nil {
			return nil, fmt.Errorf("ledger: import %s: claim %d entries: %w", importID, len(group), err)
		}
		open = slices.Concat(undecided, later)
	}
	return answers, nil
}

// mostClaims is the number of claims that fit one transaction, with two items each.
const mostClaims = table.MostActions / 2

// compatible returns the claims that one transaction can make, in which no item may
// occur twice, and the ones for later.
func compatible(claims []stack.Claim, open []int) (group, later []int) {
	names, certificates := map[string]bool{}, map[manifest.CertificateID]bool{}
	for n, at := range open {
		c := &claims[at]
		if len(group) == mostClaims {
			return group, append(later, open[n:]...)
		}
		met := names[c.ThingName] || certificates[c.CertificateID]
		names[c.ThingName], certificates[c.CertificateID] = true, true
		if met {
			later = append(later, at) // as is every claim that overlaps with it
			continue
		}
		group = append(group, at)
	}
	return group, later
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
		actions = append(actions,
			s.table.PutNew(table.With(nameClaimKey(id, c.ThingName), owner)),
			s.table.PutNew(table.With(certificateClaimKey(id, c.CertificateID.String()), owner)))
	}
	refused, err := s.table.Transact(ctx, actions)
	if err != nil {
		return nil, err
	}
	for n, at := range group {
		c := &claims[at]
		if refused == nil {
			answers[at] = stack.Claimed{Mine: true, New: true, At: c.At, ByName: c.Entry, ByCertificate: c.Entry}
			continue
		}
		name, nameHeld := refused.Held[2*n]
		certificate, certificateHeld := refused.Held[2*n+1]
		// The owner of one of the two may be about to get the other.
		met := refused.Busy[2*n] || refused.Busy[2*n+1]
		if met || !nameHeld && !certificateHeld {
			undecided = append(undecided, at)
			continue
		}
		answer := stack.Claimed{ByName: -1, ByCertificate: -1}
		if nameHeld {
			answer.ByName = int(table.Number(name, attrEntry))
		}
		if certificateHeld {
			answer.ByCertificate = int(table.Number(certificate, attrEntry))
		}
		if answer.ByName == c.Entry && answer.ByCertificate == c.Entry {
			answer.Mine, answer.At = true, table.Instant(name, attrSince)
		}
		answers[at] = answer
	}
	return undecided, nil
}
