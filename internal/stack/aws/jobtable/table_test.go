package jobtable_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/testkit/dynamodbtest"
)

// TestTable contains every test that needs DynamoDB, so that they share one instance.
func TestTable(t *testing.T) {
	t.Parallel()
	dynamodbtest.Run(t, dynamodbtest.Client(t), map[string]func(*testing.T, *dynamodbtest.Table){
		"ClaimIsNewOnceAndKeepsItsTime":              claimIsNewOnce,
		"LoserOfAClaimIsToldWhoHasWhat":              loserIsTold,
		"LoserOfAClaimTakesNothing":                  loserTakesNothing,
		"RepetitionsInOneCallFindTheFirst":           repetitionsInOneCall,
		"ClaimInAnotherTransactionIsNotDecided":      claimMeetsAnother,
		"VendorIDIsClaimedLikeTheRest":               vendorIDIsClaimed,
		"EntryThatIsAloneIsClaimedOnce":              aloneIsClaimedOnce,
		"OneClaimantWinsHoweverManyAsk":              claimRaces,
		"ClaimsAreFiftyToACall":                      claimsPerCall,
		"NothingExpiresButClaimsUnlessAsked":         nothingExpires,
		"EverythingExpiresWhereRetentionIsAsked":     everythingExpires,
		"WhatIsWorkedOnIsKept":                       workedOnIsKept,
		"OneUploadIsOneJobHoweverOftenItIsToldOf":    oneUploadOneJob,
		"OtherVersionIsAnotherJob":                   otherVersion,
		"JobComesBackAsItWasSaved":                   jobComesBack,
		"LeaseIsFencedByItsGeneration":               leaseIsFenced,
		"OwnersThatCrashedAreCounted":                crashesAreCounted,
		"LateReleaseLeavesTheNextLeaseAlone":         lateRelease,
		"OneOfManyGetsTheLease":                      leaseRaces,
		"CheckpointKeepsTheCauseThatImportersGave":   checkpointKeepsCause,
		"DoneJobIsNotOpenUntilItIsTakenUpAgain":      openJobs,
		"UnknownJobsAreNotFound":                     unknownJobs,
		"SingleUpdateThatMetATransactionIsMadeAgain": updateMeetsTransaction,
		"OrdersOutliveCheckpoints":                   ordersOutliveCheckpoints,
		"OrdersOfNobodyLeaveNothing":                 ordersOfNobody,
		"OneOfManyCommandsOverAnImportBegins":        commandRaces,
		"CommandThatIsOpenedAgainIsAtWork":           openedAgainIsAtWork,
		"NoticesAreKeptUntilTheNewestIsSent":         noticesAreKept,
		"CostOfADevice":                              costOfADevice,
		"LostAnswerToAClaimIsAskedForAgain":          lostAnswer,
		"ItemsAreThoseOfTheVersionBefore":            itemsOfTheVersionBefore,
		"ImportOfTheVersionBeforeGoesOn":             importOfTheVersionBefore,
	})
}

// open returns a store, as in another process.
func open(x *dynamodbtest.Table, o table.Options) *jobtable.Store { return jobtable.New(x.Open(o)) }

func through(x *dynamodbtest.Table, p *dynamodbtest.Proxy) *jobtable.Store {
	return jobtable.New(table.New(p, x.Name, table.Options{}))
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
