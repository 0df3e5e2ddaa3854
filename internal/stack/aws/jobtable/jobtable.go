// Package jobtable keeps the jobs of a stack, their leases, and the claims of entries
// in the table of the stack's ledger.
package jobtable

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack"
)

// Partitions and what is in them:
//
//	job#ID                    job               the job, its lease and checkpoint
//	upload#DIGEST             upload            the import of an upload
//	jobs                      TIME#ID           pointers to the jobs, oldest first
//	open                      ID                pointers to the jobs that are not done
//	turn#ID                   turn              the latest command over an import
//	claim#ID#name#NAME        claim             the entry that has the thing name
//	claim#ID#certificate#CID  claim             the entry that has the certificate
//	claim#ID#vendor#VID       claim             the entry that has the vendor ID
//	claim#ID#entry#ENTRY      claim             an entry that shares nothing with another one
const (
	partitionJobs = "jobs"
	partitionOpen = "open"
	sortJob       = "job"
	sortUpload    = "upload"
	sortClaim     = "claim"
)

// ClaimsKept is how long claims are kept, whatever the retention of the table. It
// exceeds the time that a message can spend in its queue, the dead-letter queue and
// the parked queue together.
const ClaimsKept = 60 * 24 * time.Hour

// A Store keeps jobs, leases and claims. Stores in several processes may work on the
// same table. All methods are safe for concurrent use.
type Store struct{ table *table.Table }

var (
	_ stack.Jobs   = (*Store)(nil)
	_ stack.Orders = (*Store)(nil)
	_ stack.Leases = (*Store)(nil)
	_ stack.Claims = (*Store)(nil)
)

// New returns the store in a table. It makes no call.
func New(t *table.Table) *Store { return &Store{t} }

func jobKey(id string) table.Item { return table.Key("job#"+id, sortJob) }

func nameClaimKey(id, name string) table.Item { return table.Key("claim#"+id+"#name#"+name, sortClaim) }

func certificateClaimKey(id, certificate string) table.Item {
	return table.Key("claim#"+id+"#certificate#"+certificate, sortClaim)
}

func vendorIDClaimKey(id, vendorID string) table.Item {
	return table.Key("claim#"+id+"#vendor#"+vendorID, sortClaim)
}

func entryClaimKey(id string, entry int) table.Item {
	return table.Key("claim#"+id+"#entry#"+strconv.Itoa(entry), sortClaim)
}

func uploadKey(u stack.Upload) table.Item {
	version := u.Version
	if version == "" {
		version = "etag " + u.ETag + " sequencer " + u.Sequencer
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{u.Bucket, u.Key, version}, "\x00")))
	return table.Key("upload#"+hex.EncodeToString(sum[:]), sortUpload)
}
