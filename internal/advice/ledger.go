package advice

import (
	"errors"

	"github.com/thingpress/thingpress/internal/ledger"
)

const elsewhere = "choose another file with --ledger"

var ledgerRows = map[ledger.FileReason]Advice{
	ledger.FileForeign: {"the file is not a ledger", elsewhere + "; this one was not changed"},
	ledger.FileTooNew:  {"a newer version of Thingpress wrote the ledger", "install the newest version (docs/install.md), or " + elsewhere},
	ledger.FileDamaged: {
		"the ledger is damaged",
		"move it away and import again; devices that are already in AWS are found and left unchanged",
	},
	ledger.DiskFull: {"the disk is full", "free some space and run the same command again, which resumes the import"},
	ledger.FileLinked: {
		"the ledger has more than one name, and the files that SQLite keeps next to it go by one of them",
		"remove the other names, or copy the file and name the copy with --ledger",
	},
	ledger.FileRemote: {
		"the ledger is on a network file system, where SQLite cannot keep it intact",
		"name a file on a local disk with --ledger, or set XDG_STATE_HOME to a directory on one",
	},
	ledger.NoFile: {"there is no directory for the ledger", "name a file with --ledger"},
}

// ofLedger returns the advice for the file of a ledger. Stacks have no such file.
func ofLedger(err error) Advice {
	var held *ledger.HeldError
	if errors.As(err, &held) {
		return Advice{"another import is using the ledger", "wait until it has ended; thingpress imports shows its progress"}
	}
	var file *ledger.FileError
	if errors.As(err, &file) {
		return ledgerRows[file.Reason]
	}
	return Advice{}
}
