package dynamodb

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/thingpress/thingpress/manifest"
)

const (
	attrEntry = "e" // that has the claim
	attrSince = "t"
)

// A Claim is the wish of an entry to be the one that has a thing name and a
// certificate in its import.
type Claim struct {
	Entry         int
	ThingName     string
	CertificateID manifest.CertificateID
	// At is the time of the claim by AWS's clock: the mark of the entry's first call.
	At time.Time
}

// Claimed is what became of a [Claim].
type Claimed struct {
	// Mine says that the entry has both; New that this call gave them to it.
	Mine, New bool
	// At is the time of the claim that stands, if it is Mine.
	At time.Time
	// ByName and ByCertificate are the entries that have the name and the
	// certificate; -1 where none has.
	ByName, ByCertificate int
}

// Claim gives name and certificate to the entry that asks first, both or
// neither, and tells which entries have them. The answers are in the order of
// the claims. A claim that is repeated is answered as before, but for New.
func (l *Ledger) Claim(ctx context.Context, importID string, claims []Claim) ([]Claimed, error) {
	answers := make([]Claimed, len(claims))
	open := make([]int, len(claims))
	for n := range claims {
		open[n] = n
	}
	for len(open) > 0 {
		group, rest := compatible(claims, open)
		undecided, err := l.claim(ctx, importID, claims, group, answers)
		if err != nil {
			return nil, fmt.Errorf("ledger: import %s: claim %d entries: %w", importID, len(group), err)
		}
		open = slices.Concat(undecided, rest)
	}
	return answers, nil
}

// mostClaims is how many claims fit one transaction, with two items each.
const mostClaims = mostActions / 2

// compatible splits off claims that one transaction can make: no item may be
// in it twice.
func compatible(claims []Claim, open []int) (group, rest []int) {
	names, certificates := map[string]bool{}, map[manifest.CertificateID]bool{}
	for n, at := range open {
		c := &claims[at]
		if len(group) == mostClaims {
			return group, append(rest, open[n:]...)
		}
		met := names[c.ThingName] || certificates[c.CertificateID]
		names[c.ThingName], certificates[c.CertificateID] = true, true
		if met {
			rest = append(rest, at) // and whoever meets it comes after it
			continue
		}
		group = append(group, at)
	}
	return group, rest
}

// claim makes the claims of a group in one transaction. Where others are in
// the way nothing is written: the claims that these decide are answered, the
// others are returned, to be asked again.
func (l *Ledger) claim(ctx context.Context, id string, claims []Claim, group []int, answers []Claimed) (undecided []int, err error) {
	expires := num(l.now().Add(ClaimsKept).Unix())
	var actions []types.TransactWriteItem
	for _, at := range group {
		c := &claims[at]
		owner := item{attrEntry: num(c.Entry), attrSince: micros(c.At), attrExpires: expires}
		actions = append(actions,
			l.putNew(with(nameClaimKey(id, c.ThingName), owner)), l.putNew(with(certificateClaimKey(id, c.CertificateID.String()), owner)))
	}
	refused, err := l.transact(ctx, actions)
	if err != nil {
		return nil, err
	}
	for n, at := range group {
		c := &claims[at]
		if refused == nil {
			answers[at] = Claimed{Mine: true, New: true, At: c.At, ByName: c.Entry, ByCertificate: c.Entry}
			continue
		}
		name, nameHeld := refused.held[2*n]
		certificate, certificateHeld := refused.held[2*n+1]
		// Who has the one may be just taking the other.
		met := refused.busy[2*n] || refused.busy[2*n+1]
		if met || !nameHeld && !certificateHeld {
			undecided = append(undecided, at)
			continue
		}
		answer := Claimed{ByName: -1, ByCertificate: -1}
		if nameHeld {
			answer.ByName = int(number(name, attrEntry))
		}
		if certificateHeld {
			answer.ByCertificate = int(number(certificate, attrEntry))
		}
		if answer.ByName == c.Entry && answer.ByCertificate == c.Entry {
			answer.Mine, answer.At = true, instant(name, attrSince)
		}
		answers[at] = answer
	}
	return undecided, nil
}
