package dynamodb_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
	"github.com/thingpress/thingpress/internal/testkit/ledgertest"
	"github.com/thingpress/thingpress/manifest"
)

// TestTable holds every test that needs a DynamoDB, so that one is started for
// all of them.
func TestTable(t *testing.T) {
	t.Parallel()
	client := dynamodbtest.Client(t)
	var tables atomic.Int64
	create := func(t *testing.T) *table {
		name := fmt.Sprint("ledger-", tables.Add(1))
		dynamodbtest.CreateTable(t, client, name)
		return &table{client: client, name: name}
	}
	t.Run("Conformance", func(t *testing.T) {
		t.Parallel()
		ledgertest.Run(t, func(t *testing.T) ledger.Ledger { return create(t).open(dynamodb.Options{}) })
	})
	for name, run := range map[string]func(*testing.T, *table){
		"ClaimIsNewOnceAndKeepsItsTime":              claimIsNewOnce,
		"LoserOfAClaimIsToldWhoHasWhat":              loserIsTold,
		"LoserOfAClaimTakesNothing":                  loserTakesNothing,
		"RepetitionsInOneCallFindTheFirst":           repetitionsInOneCall,
		"ClaimInAnotherTransactionIsNotDecided":      claimMeetsAnother,
		"OneClaimantWinsHoweverManyAsk":              claimRaces,
		"ClaimsAreFiftyToACall":                      claimsPerCall,
		"RecordsAreNinetyNineToACallAndAreNotRead":   recordsPerCall,
		"LargeRecordsFitTheirTransaction":            largeRecords,
		"LostAnswerIsAskedForWithTheSameToken":       lostAnswer,
		"RecordThatExpiresMeanwhileHoldsNothingUp":   expiredMeanwhile,
		"TextThatIsNotUTF8IsWrittenOnce":             notUTF8,
		"CountersEqualRecordsUnderFaults":            countersUnderFaults,
		"OutcomesAreOfThoseThatHaveOne":              outcomesOfEntries,
		"LateFailureDoesNotReplaceWhatStands":        lateFailure,
		"NothingExpiresButClaimsUnlessAsked":         nothingExpires,
		"EverythingExpiresWhereRetentionIsAsked":     everythingExpires,
		"WhatIsWorkedOnIsKept":                       workedOnIsKept,
		"OneUploadIsOneJobHoweverOftenItIsToldOf":    oneUploadOneJob,
		"OtherVersionIsAnotherJob":                   otherVersion,
		"JobComesBackAsItWasSaved":                   jobComesBack,
		"LeaseIsFencedByItsGeneration":               leaseIsFenced,
		"LateReleaseLeavesTheNextLeaseAlone":         lateRelease,
		"OneOfManyGetsTheLease":                      leaseRaces,
		"CheckpointKeepsTheCauseThatImportersGave":   checkpointKeepsCause,
		"DoneJobIsNotOpenUntilItIsTakenUpAgain":      openJobs,
		"UnknownJobsAreNotFound":                     unknownJobs,
		"SingleUpdateThatMetATransactionIsMadeAgain": updateMeetsTransaction,
		"CostOfADevice":                              costOfADevice,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, create(t))
		})
	}
}

// A table is one of DynamoDB's, for one test.
type table struct {
	client *sdk.Client
	name   string
}

// open returns a ledger as another process would have it.
func (x *table) open(o dynamodb.Options) *dynamodb.Ledger { return dynamodb.New(x.client, x.name, o) }

// items are all items of which the partition key has a prefix.
func (x *table) items(t *testing.T, prefix string) (items []item) {
	t.Helper()
	pages := sdk.NewScanPaginator(x.client, &sdk.ScanInput{TableName: &x.name, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		check(t, err)
		for _, i := range page.Items {
			if strings.HasPrefix(textOf(i, "pk"), prefix) {
				items = append(items, i)
			}
		}
	}
	return items
}

// began has microseconds, as the table keeps them.
var began = time.Date(2026, 3, 4, 5, 6, 7, 890123000, time.UTC)

func importOf(entries ...int) ledger.Import {
	i := ledger.Import{
		ID: uuid.Must(uuid.NewV7()).String(), Key: "k", Begun: began, Settings: `{"policies":["p"]}`,
		Target: ledger.Target{Partition: "aws", Account: "123456789012", Region: "eu-central-1"},
	}
	for _, n := range entries {
		i.Manifests = append(i.Manifests, ledger.Manifest{Name: "reel.csv", SHA256: strings.Repeat("0f", 32), Vendor: "espressif", Entries: n})
	}
	return i
}

func begin(t *testing.T, l *dynamodb.Ledger, entries ...int) (id string, j ledger.Journal) {
	t.Helper()
	i := importOf(entries...)
	j, err := l.Begin(t.Context(), i)
	check(t, err)
	return i.ID, j
}

// imported is what a device usually leaves behind.
func imported(entry int) ledger.Record {
	id := manifest.CertificateIDOf(binary.BigEndian.AppendUint64(nil, uint64(entry)))
	return ledger.Record{
		Place: ledger.Place{Entry: entry}, Line: entry + 2, Outcome: ledger.Imported, ID: "4BA2BB8764BD", ThingName: fmt.Sprintf("sn%012d", entry),
		CertificateID: id, CertificateARN: "arn:aws:iot:eu-central-1:123456789012:cert/" + id.String(), At: began,
		Steps: []ledger.Step{
			{Operation: "RegisterCertificateWithoutCA", Created: true},
			{Operation: "CreateThing"},
			{Operation: "AttachThingPrincipal", Created: true},
			{Operation: "AttachPolicy", Resource: "factory-floor", Created: true},
		},
	}
}

func importedFrom(first, count int) (records []ledger.Record) {
	for n := range count {
		records = append(records, imported(first+n))
	}
	return records
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
