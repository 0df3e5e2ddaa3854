package dynamodb_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/dynamodbtest"
	"github.com/thingpress/thingpress/internal/ledger/ledgertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	client := dynamodbtest.Client(t)
	var tables atomic.Int64
	ledgertest.Run(t, func(t *testing.T) ledger.Ledger {
		name := fmt.Sprint("conformance-", tables.Add(1))
		dynamodbtest.CreateTable(t, client, name)
		return dynamodb.New(client, name, dynamodb.Options{})
	})
}
