package dynamodb_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/internal/testkit/ledgertest"
)

// TestTable contains every test that needs a DynamoDB, so that one is started for all of them.
func TestTable(t *testing.T) {
	t.Parallel()
	client := dynamodbtest.Client(t)
	var tables atomic.Int64
	t.Run("Conformance", func(t *testing.T) {
		t.Parallel()
		ledgertest.Run(t, func(t *testing.T) ledger.Ledger {
			x := &dynamodbtest.Table{Client: client, Name: fmt.Sprint("ledger-", tables.Add(1))}
			dynamodbtest.CreateTable(t, client, x.Name)
			return open(x, dynamodb.Options{})
		})
	})
	dynamodbtest.Run(t, client, map[string]func(*testing.T, *dynamodbtest.Table){
		"RecordsAreNinetyNineToACallAndAreNotRead": recordsPerCall,
		"LargeRecordsFitTheirTransaction":          largeRecords,
		"LostAnswerIsAskedForWithTheSameToken":     lostAnswer,
		"RecordThatExpiresMeanwhileHoldsNothingUp": expiredMeanwhile,
		"TextThatIsNotUTF8IsWrittenOnce":           notUTF8,
		"CountersEqualRecordsUnderFaults":          countersUnderFaults,
		"OutcomesAreOfThoseThatHaveOne":            outcomesOfEntries,
		"LateFailureDoesNotReplaceWhatStands":      lateFailure,
		"LaterCommandIsRecordedBesideItsImport":    laterCommand,
		"WhatEntriesAskForComesBackInOrder":        askedComesBack,
		"WhatEntriesAskForCostsFewWriteUnits":      askedIsCheap,
		"DeviceIsFoundInEveryImport":               devicesOfAllImports,
	})
}

// open returns a ledger as if opened by another process.
func open(x *dynamodbtest.Table, o dynamodb.Options) *dynamodb.Ledger {
	return dynamodb.New(x.Open(table.Options{}), o)
}

func through(x *dynamodbtest.Table, p *dynamodbtest.Proxy) *dynamodb.Ledger {
	return dynamodb.New(table.New(p, x.Name, table.Options{}), dynamodb.Options{})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
