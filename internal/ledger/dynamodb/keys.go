package dynamodb

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/thingpress/thingpress/internal/ledger"
)

// Partitions and what is in them:
//
//	import#ID                 import            the import
//	                          count#SHARD       its counters
//	entry#ID#MANIFEST#BLOCK   ENTRY             mark and record of an entry
//	claim#ID#name#NAME        claim             the entry that has the thing name
//	claim#ID#certificate#CID  claim             the entry that has the certificate
//	job#ID                    job               the job, its lease and checkpoint
//	upload#DIGEST             upload            the import of an upload
//	imports, jobs             TIME#ID           pointers, oldest first
//	key#KEY                   TIME#ID           pointers to the imports of a key
//	open                      ID                pointers to the jobs that are not done
const (
	attrPK      = "pk"
	attrSK      = "sk"
	attrExpires = "expires"

	partitionImports = "imports"
	partitionJobs    = "jobs"
	partitionOpen    = "open"
	sortImport       = "import"
	sortJob          = "job"
	sortUpload       = "upload"
	sortClaim        = "claim"
	sortCount        = "count#"
)

// blockSize is how many entries share a partition: few enough that no
// partition of a fast import is hot, and enough that reading all is few queries.
const blockSize = 4096

type item = map[string]types.AttributeValue

func key(pk, sk string) item { return item{attrPK: str(pk), attrSK: str(sk)} }

func importPartition(id string) string { return "import#" + id }

func countKey(id string, shard int) item {
	return key(importPartition(id), sortCount+fmt.Sprintf("%03d", shard))
}

func entryPartition(id string, manifest, block int) string {
	return fmt.Sprintf("entry#%s#%d#%d", id, manifest, block)
}

func entryKey(id string, p ledger.Place) item {
	return key(entryPartition(id, p.Manifest, p.Entry/blockSize), fmt.Sprintf("%010d", p.Entry))
}

func jobKey(id string) item { return key("job#"+id, sortJob) }

func nameClaimKey(id, name string) item { return key("claim#"+id+"#name#"+name, sortClaim) }

func certificateClaimKey(id, certificate string) item {
	return key("claim#"+id+"#certificate#"+certificate, sortClaim)
}

func uploadKey(u Upload) item {
	version := u.Version
	if version == "" {
		version = "etag " + u.ETag + " sequencer " + u.Sequencer
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{u.Bucket, u.Key, version}, "\x00")))
	return key("upload#"+hex.EncodeToString(sum[:]), sortUpload)
}

// pointerKey points to an import or job in a list that is ordered by time.
func pointerKey(partition string, at time.Time, id string) item {
	return key(partition, fmt.Sprintf("%020d#%s", at.UnixMicro(), id))
}

func pointedTo(i item) string {
	_, id, _ := strings.Cut(text(i, attrSK), "#")
	return id
}

func entryOf(i item) int {
	n, _ := strconv.Atoi(text(i, attrSK)) // written by entryKey
	return n
}
