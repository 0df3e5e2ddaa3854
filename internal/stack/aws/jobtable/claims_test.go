package jobtable_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/manifest"
)

func claimOf(entry int, name, certificate string) stack.Claim {
	return stack.Claim{Entry: entry, ThingName: name, CertificateID: manifest.CertificateIDOf([]byte(certificate)), At: dynamodbtest.Began}
}

func claim(t *testing.T, l *jobtable.Store, claims ...stack.Claim) []stack.Claimed {
	t.Helper()
	answers, err := l.Claim(t.Context(), "i", claims)
	check(t, err)
	return answers
}

// of returns an owner without a vendor ID.
func of(entry int) stack.Owner { return stack.Owner{Entry: entry} }

// won returns the answer to an entry that has both.
func won(entry int, isNew bool) stack.Claimed {
	return stack.Claimed{
		Mine: true, New: isNew, At: dynamodbtest.Began, ByID: stack.Nobody, ByName: of(entry), ByCertificate: of(entry),
	}
}

// lost returns the answer to an entry whose name or certificate others have.
func lost(byName, byCertificate int) stack.Claimed {
	return stack.Claimed{ByID: stack.Nobody, ByName: of(byName), ByCertificate: of(byCertificate)}
}

func claimIsNewOnce(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	same(t, claim(t, l, claimOf(7, "n", "c")), []stack.Claimed{won(7, true)})
	later := claimOf(7, "n", "c")
	later.At = dynamodbtest.Began.Add(time.Hour)
	// Another process, after the first one was killed.
	same(t, claim(t, open(x, table.Options{}), later), []stack.Claimed{won(7, false)})
	// Claims of another import do not count.
	answers, err := l.Claim(t.Context(), "other", []stack.Claim{claimOf(8, "n", "c")})
	check(t, err)
	same(t, answers, []stack.Claimed{won(8, true)})
	none, err := l.Claim(t.Context(), "i", nil)
	check(t, err)
	same(t, len(none), 0)
}

func loserIsTold(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	claim(t, l, claimOf(1, "n1", "c1"), claimOf(2, "n2", "c2"))
	for _, test := range []struct {
		name, certificate     string
		byName, byCertificate int
	}{
		{"n1", "c1", 1, 1},
		{"n1", "c9", 1, -1},
		{"n9", "c1", -1, 1},
		{"n1", "c2", 1, 2},
	} {
		for range 2 { // asking again changes nothing
			want := lost(test.byName, test.byCertificate)
			same(t, claim(t, l, claimOf(3, test.name, test.certificate)), []stack.Claimed{want})
		}
	}
}

func loserTakesNothing(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	claim(t, l, claimOf(1, "n1", "c1"))
	// The others win although a loser is in the same transaction.
	same(t, claim(t, l, claimOf(2, "n2", "c2"), claimOf(3, "n1", "c3"), claimOf(4, "n4", "c4")), []stack.Claimed{
		won(2, true), lost(1, -1), won(4, true),
	})
	same(t, claim(t, l, claimOf(5, "n5", "c3")), []stack.Claimed{won(5, true)})
}

func repetitionsInOneCall(t *testing.T, x *dynamodbtest.Table) {
	answers := claim(t, open(x, table.Options{}),
		claimOf(1, "n", "c"), claimOf(1, "n", "c"), claimOf(2, "n", "c"), claimOf(3, "n", "other"), claimOf(4, "free", "other"))
	same(t, answers, []stack.Claimed{
		won(1, true), won(1, false), lost(1, 1), lost(1, -1), won(4, true),
	})
}

// The name is known to be taken, but another transaction is using the certificate's
// item. Whether the certificate is taken is unknown, and decides between a repetition
// and a contradiction.
func claimMeetsAnother(t *testing.T, x *dynamodbtest.Table) {
	claim(t, open(x, table.Options{}), claimOf(1, "n", "c"))
	p := x.Proxy()
	met := 0
	p.Before = func(string) error {
		if met++; met > 1 {
			return nil
		}
		owner := dynamodbtest.Item{"e": &types.AttributeValueMemberN{Value: "1"}}
		return &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{
			{Code: aws.String("ConditionalCheckFailed"), Item: owner}, {Code: aws.String("TransactionConflict")},
		}}
	}
	same(t, claim(t, through(x, p), claimOf(2, "n", "c")), []stack.Claimed{lost(1, 1)})
}

// Each device is in the queue several times, under two identical entries and a third
// that contradicts them.
func claimRaces(t *testing.T, x *dynamodbtest.Table) {
	const devices, workers = 40, 6
	var claims []stack.Claim
	for d := range devices {
		name, certificate := fmt.Sprint("n", d), fmt.Sprint("c", d)
		claims = append(claims, claimOf(3*d, name, certificate), claimOf(3*d+1, name, certificate), claimOf(3*d+2, name, certificate+"x"))
	}
	answers := make([][]stack.Claimed, workers) // by entry
	var group sync.WaitGroup
	for w := range workers {
		answers[w] = make([]stack.Claimed, len(claims))
		mine := make([]stack.Claim, len(claims))
		for n, from := range rand.Perm(len(claims)) {
			mine[n] = claims[from]
		}
		group.Go(func() {
			got, err := open(x, table.Options{}).Claim(t.Context(), "i", mine)
			if err != nil {
				t.Error(err)
				return
			}
			for n, c := range mine {
				answers[w][c.Entry] = got[n]
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	for d := range devices {
		owner, fresh := -1, 0
		for entry := 3 * d; entry < 3*d+3; entry++ {
			for w := range workers {
				a := answers[w][entry]
				if a.Mine != answers[0][entry].Mine {
					t.Fatalf("entry %d has its name for one worker and not for another", entry)
				}
				if a.Mine && owner >= 0 && owner != entry {
					t.Fatalf("entries %d and %d both have their name", owner, entry)
				}
				if a.Mine {
					owner = entry
				}
				if a.New {
					fresh++
				}
			}
		}
		if owner < 0 || fresh != 1 {
			t.Fatalf("device %d: owner %d, %d times new", d, owner, fresh)
		}
		for entry := 3 * d; entry < 3*d+3; entry++ {
			want := lost(owner, owner)
			if (entry == 3*d+2) != (owner == 3*d+2) {
				want.ByCertificate = stack.Nobody
			}
			for w := range workers {
				if entry != owner {
					same(t, answers[w][entry], want)
				}
			}
		}
	}
}

// One certificate in two chips, or two certificates for one chip, must not look like a
// repetition.
func vendorIDIsClaimed(t *testing.T, x *dynamodbtest.Table) {
	l := open(x, table.Options{})
	withID := func(entry int, id, name, certificate string) stack.Claim {
		c := claimOf(entry, name, certificate)
		c.VendorID = id
		return c
	}
	first := withID(1, "0A", "n", "c")
	owner, none := stack.Owner{Entry: 1, VendorID: "0A"}, stack.Nobody
	got := first.Won()
	same(t, claim(t, l, first), []stack.Claimed{got})
	got.New = false
	same(t, claim(t, l, first), []stack.Claimed{got})
	for n, test := range []struct {
		claim stack.Claim
		want  stack.Claimed
	}{
		{withID(2, "0A", "n", "c"), stack.Claimed{ByID: owner, ByName: owner, ByCertificate: owner}},
		{withID(2, "0B", "n", "c"), stack.Claimed{ByID: none, ByName: owner, ByCertificate: owner}},
		{withID(2, "0A", "n2", "c2"), stack.Claimed{ByID: owner, ByName: none, ByCertificate: none}},
		{claimOf(2, "n", "c"), stack.Claimed{ByID: none, ByName: owner, ByCertificate: owner}},
	} {
		if answers := claim(t, l, test.claim); answers[0] != test.want {
			t.Errorf("claim %d: %+v, want %+v", n, answers[0], test.want)
		}
	}
	// The loser of the ID took neither name nor certificate.
	free := withID(3, "0C", "n2", "c2")
	same(t, claim(t, l, free), []stack.Claimed{free.Won()})
	// In one call, too.
	both := claim(t, l, withID(4, "0D", "n4", "c4"), withID(5, "0D", "n5", "c5"))
	same(t, []bool{both[0].Mine, both[1].Mine}, []bool{true, false})
	same(t, both[1].ByID, stack.Owner{Entry: 4, VendorID: "0D"})
	// A version that did not know vendor IDs claimed name and certificate.
	claim(t, l, claimOf(6, "n6", "c6"))
	same(t, claim(t, l, withID(6, "0E", "n6", "c6"))[0].Mine, true)
}

// Others claim in the same call, which must not get in each other's way. The time of the
// first claim is the mark of the entry's first call, even if the entry is claimed again.
func aloneIsClaimedOnce(t *testing.T, x *dynamodbtest.Table) {
	alone := func(entry int, at time.Time) stack.Claim {
		c := claimOf(entry, fmt.Sprint("n", entry), fmt.Sprint("c", entry))
		c.VendorID, c.Alone, c.At = fmt.Sprint("v", entry), true, at
		return c
	}
	var claims []stack.Claim
	for entry := range 150 {
		claims = append(claims, alone(entry, dynamodbtest.Began))
	}
	claims = append(claims, claims[0], claimOf(200, "n", "c"), claimOf(201, "n", "c"))
	p := x.Proxy()
	answers := claim(t, through(x, p), claims...)
	for n := range 150 {
		same(t, answers[n], claims[n].Won())
	}
	again := claims[0].Won()
	again.New = false
	same(t, answers[150:], []stack.Claimed{again, won(200, true), lost(200, 200)})
	same(t, p.Calls["TransactWriteItems"] <= 2+2, true)
	later := alone(7, dynamodbtest.Began.Add(time.Hour))
	seventh := claims[7].Won()
	seventh.New = false
	same(t, claim(t, open(x, table.Options{}), later), []stack.Claimed{seventh})

	var fresh atomic.Int64
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			answers, err := open(x, table.Options{}).Claim(t.Context(), "race", claims[:99])
			if err != nil {
				t.Error(err)
				return
			}
			for _, a := range answers {
				if a.New {
					fresh.Add(1)
				}
				if !a.Mine || !a.At.Equal(dynamodbtest.Began) {
					t.Errorf("%+v", a)
				}
			}
		})
	}
	group.Wait()
	same(t, fresh.Load(), int64(99))
}

func claimsPerCall(t *testing.T, x *dynamodbtest.Table) {
	p := x.Proxy()
	var claims []stack.Claim
	for n := range 120 {
		claims = append(claims, claimOf(n, fmt.Sprint("n", n), fmt.Sprint("c", n)))
	}
	for n, a := range claim(t, through(x, p), claims...) {
		same(t, a, won(n, true))
	}
	same(t, p.Calls, map[string]int{"TransactWriteItems": 3})
}

func lostAnswer(t *testing.T, x *dynamodbtest.Table) {
	p := x.Proxy()
	p.After = func(string) error {
		if p.Calls["TransactWriteItems"] == 1 {
			return dynamodbtest.ErrLost
		}
		return nil
	}
	same(t, claim(t, through(x, p), claimOf(1, "n", "c")), []stack.Claimed{won(1, true)})
	same(t, p.Tokens[0], p.Tokens[1])
}
