package dynamodb_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/manifest"
)

func claimOf(entry int, name, certificate string) dynamodb.Claim {
	return dynamodb.Claim{Entry: entry, ThingName: name, CertificateID: manifest.CertificateIDOf([]byte(certificate)), At: began}
}

func claim(t *testing.T, l *dynamodb.Ledger, claims ...dynamodb.Claim) []dynamodb.Claimed {
	t.Helper()
	answers, err := l.Claim(t.Context(), "i", claims)
	check(t, err)
	return answers
}

// won is the answer to an entry that has both.
func won(entry int, isNew bool) dynamodb.Claimed {
	return dynamodb.Claimed{Mine: true, New: isNew, At: began, ByName: entry, ByCertificate: entry}
}

func claimIsNewOnce(t *testing.T, x *table) {
	l := x.open(dynamodb.Options{})
	same(t, claim(t, l, claimOf(7, "n", "c")), []dynamodb.Claimed{won(7, true)})
	later := claimOf(7, "n", "c")
	later.At = began.Add(time.Hour)
	// Another process, after the first one was killed.
	same(t, claim(t, x.open(dynamodb.Options{}), later), []dynamodb.Claimed{won(7, false)})
	// Claims of another import are none of this one's.
	answers, err := l.Claim(t.Context(), "other", []dynamodb.Claim{claimOf(8, "n", "c")})
	check(t, err)
	same(t, answers, []dynamodb.Claimed{won(8, true)})
	none, err := l.Claim(t.Context(), "i", nil)
	check(t, err)
	same(t, len(none), 0)
}

func loserIsTold(t *testing.T, x *table) {
	l := x.open(dynamodb.Options{})
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
			want := dynamodb.Claimed{ByName: test.byName, ByCertificate: test.byCertificate}
			same(t, claim(t, l, claimOf(3, test.name, test.certificate)), []dynamodb.Claimed{want})
		}
	}
}

func loserTakesNothing(t *testing.T, x *table) {
	l := x.open(dynamodb.Options{})
	claim(t, l, claimOf(1, "n1", "c1"))
	// In one transaction with a loser the others win all the same.
	same(t, claim(t, l, claimOf(2, "n2", "c2"), claimOf(3, "n1", "c3"), claimOf(4, "n4", "c4")), []dynamodb.Claimed{
		won(2, true), {ByName: 1, ByCertificate: -1}, won(4, true),
	})
	same(t, claim(t, l, claimOf(5, "n5", "c3")), []dynamodb.Claimed{won(5, true)})
}

func repetitionsInOneCall(t *testing.T, x *table) {
	answers := claim(t, x.open(dynamodb.Options{}),
		claimOf(1, "n", "c"), claimOf(1, "n", "c"), claimOf(2, "n", "c"), claimOf(3, "n", "other"), claimOf(4, "free", "other"))
	same(t, answers, []dynamodb.Claimed{
		won(1, true), won(1, false), {ByName: 1, ByCertificate: 1}, {ByName: 1, ByCertificate: -1}, won(4, true),
	})
}

// The certificate's item is in another transaction while the name is known to
// be held: whether somebody has the certificate is not known, and the answer
// decides between a repetition and a contradiction.
func claimMeetsAnother(t *testing.T, x *table) {
	claim(t, x.open(dynamodb.Options{}), claimOf(1, "n", "c"))
	p := x.proxy()
	met := 0
	p.before = func(string) error {
		if met++; met > 1 {
			return nil
		}
		owner := item{"e": &types.AttributeValueMemberN{Value: "1"}}
		return &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{
			{Code: aws.String("ConditionalCheckFailed"), Item: owner}, {Code: aws.String("TransactionConflict")},
		}}
	}
	same(t, claim(t, x.through(p), claimOf(2, "n", "c")), []dynamodb.Claimed{{ByName: 1, ByCertificate: 1}})
}

// Each device is in the queue several times over, under two entries that are
// identical and a third that contradicts them.
func claimRaces(t *testing.T, x *table) {
	const devices, workers = 40, 6
	var claims []dynamodb.Claim
	for d := range devices {
		name, certificate := fmt.Sprint("n", d), fmt.Sprint("c", d)
		claims = append(claims, claimOf(3*d, name, certificate), claimOf(3*d+1, name, certificate), claimOf(3*d+2, name, certificate+"x"))
	}
	answers := make([][]dynamodb.Claimed, workers) // by entry
	var group sync.WaitGroup
	for w := range workers {
		answers[w] = make([]dynamodb.Claimed, len(claims))
		mine := make([]dynamodb.Claim, len(claims))
		for n, from := range rand.Perm(len(claims)) {
			mine[n] = claims[from]
		}
		group.Go(func() {
			got, err := x.open(dynamodb.Options{}).Claim(t.Context(), "i", mine)
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
			want := dynamodb.Claimed{ByName: owner, ByCertificate: owner}
			if (entry == 3*d+2) != (owner == 3*d+2) {
				want.ByCertificate = -1
			}
			for w := range workers {
				if entry != owner {
					same(t, answers[w][entry], want)
				}
			}
		}
	}
}

func claimsPerCall(t *testing.T, x *table) {
	p := x.proxy()
	var claims []dynamodb.Claim
	for n := range 120 {
		claims = append(claims, claimOf(n, fmt.Sprint("n", n), fmt.Sprint("c", n)))
	}
	for n, a := range claim(t, x.through(p), claims...) {
		same(t, a, won(n, true))
	}
	same(t, p.calls, map[string]int{"TransactWriteItems": 3})
}
