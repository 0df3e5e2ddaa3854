package dynamodb

import (
	"fmt"
	"strconv"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
)

// Partitions and their items:
//
//	import#ID                 import            the import
//	                          count#SHARD       its counters
//	entry#ID#MANIFEST#BLOCK   ENTRY             mark and record of an entry
//	asked#ID#SETTINGS         FIRST-LAST        what entries from FIRST to LAST asked for
//	imports                   TIME#ID           pointers to the imports, oldest first
//	key#KEY                   TIME#ID           pointers to the imports and later commands of a key
//	later#ID                  TIME#ID           pointers to the later commands over an import
//
// A later command is stored as an import.
const (
	partitionImports = "imports"
	sortImport       = "import"
	sortCount        = "count#"
)

// blockSize is the number of entries in a partition. It is small enough that a fast import
// makes no partition hot, and large enough that few queries read all entries.
const blockSize = 4096

func importPartition(id string) string { return "import#" + id }

func laterPartition(id string) string { return "later#" + id }

func countKey(id string, shard int) table.Item {
	return table.Key(importPartition(id), sortCount+fmt.Sprintf("%03d", shard))
}

func entryPartition(id string, manifest, block int) string {
	return fmt.Sprintf("entry#%s#%d#%d", id, manifest, block)
}

func entryKey(id string, p ledger.Place) table.Item {
	return table.Key(entryPartition(id, p.Manifest, p.Entry/blockSize), fmt.Sprintf("%010d", p.Entry))
}

func entryOf(i table.Item) int {
	n, _ := strconv.Atoi(table.Text(i, table.SK)) // written by entryKey
	return n
}
