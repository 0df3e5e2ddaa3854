package advice

import (
	"errors"

	"github.com/thingpress/thingpress/internal/ledger"
)

const elsewhere = "name another file with --ledger"

var ledgerRows = map[ledger.FileReason]Advice{
	ledger.FileForeign: {"the file is not a ledger", elsewhere + "; this one was left as it is"},
	ledger.FileTooNew:  {"a newer version of Thingpress wrote the ledger", "use that version, or " + elsewhere},
	ledger.FileDamaged: {"the ledger is damaged", "move it away and import again: what is in AWS already will be found there and left unchanged"},
	ledger.DiskFull:    {"the disk is full", "make room and run the same command again, which resumes"},
	ledger.NoFile:      {"there is no directory for the ledger", "name a file with --ledger"},
}

// ofLedger returns the advice for a file that keeps a ledger. A stack has none.
func ofLedger(err error) Advice {
	var held *ledger.HeldError
	if errors.As(err, &held) {
		return Advice{"another import works on the ledger", "wait until it has ended; thingpress imports shows how far it is"}
	}
	var file *ledger.FileError
	if errors.As(err, &file) {
		return ledgerRows[file.Reason]
	}
	return Advice{}
}
