// Package dynamodbtest provides tables on a DynamoDB for tests.
package dynamodbtest

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	ledger "github.com/thingpress/thingpress/internal/ledger/dynamodb"
	"github.com/thingpress/thingpress/internal/ledger/dynamodb/table"
	"github.com/thingpress/thingpress/internal/stack/aws/jobtable"
	"github.com/thingpress/thingpress/internal/testkit/require"
)

// Client starts DynamoDB Local for the test and returns a client for it. If it is
// not available the test skips, or fails if it is required.
func Client(t testing.TB) *dynamodb.Client {
	t.Helper()
	url := require.DynamoDBLocal(t)
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &url, Region: "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// CreateTable creates a table as the stack's template does.
func CreateTable(t testing.TB, client *dynamodb.Client, name string) {
	t.Helper()
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	var there *types.ResourceInUseException
	if err != nil && !errors.As(err, &there) {
		t.Fatal(err)
	}
}

// A Table is one table for one test.
type Table struct {
	Client *dynamodb.Client
	Name   string
}

// Open returns the table as another process would see it.
func (x *Table) Open(o table.Options) *table.Table { return table.New(x.Client, x.Name, o) }

// Items returns all items whose partition key has a prefix.
func (x *Table) Items(t testing.TB, prefix string) (items []Item) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(x.Client, &dynamodb.ScanInput{TableName: &x.Name, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page.Items {
			if strings.HasPrefix(Text(i, "pk"), prefix) {
				items = append(items, i)
			}
		}
	}
	return items
}

// Run runs tests in parallel on one DynamoDB, each with its own table.
func Run(t *testing.T, client *dynamodb.Client, tests map[string]func(*testing.T, *Table)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := &Table{Client: client, Name: name}
			CreateTable(t, client, name)
			test(t, x)
		})
	}
}

// A Database has everything that a stack keeps in its table.
type Database struct {
	*ledger.Ledger
	*jobtable.Store
}

// OpenDatabase returns the content of a table as another process would see it.
func OpenDatabase(client *dynamodb.Client, name string) Database {
	t := table.New(client, name, table.Options{})
	return Database{ledger.New(t, ledger.Options{}), jobtable.New(t)}
}
