package stacktest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/testkit/require"
	"github.com/thingpress/thingpress/internal/testkit/stacktest"
)

func TestMeterReportsWhatDynamoDBChargesFor(t *testing.T) {
	t.Parallel()
	meter := stacktest.StartMeter(t, require.DynamoDBLocal(t))
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &meter.URL, Region: stacktest.Region, Credentials: stacktest.Credentials()})
	table, pk := aws.String("table"), aws.String("pk")
	if _, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: pk, AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: pk, KeyType: types.KeyTypeHash}},
	}); err != nil {
		t.Fatal(err)
	}
	item := func(key string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{
			"pk":   &types.AttributeValueMemberS{Value: key},
			"text": &types.AttributeValueMemberB{Value: bytes.Repeat([]byte("x"), 1500)},
		}
	}
	put := func(key string) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{TableName: table, Item: item(key)}}
	}
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: table, Item: item("a")}); err != nil {
		t.Fatal(err)
	}
	both := &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{put("b"), put("c")}}
	if _, err := client.TransactWriteItems(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}}
	if _, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: table, Key: key, ConsistentRead: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("none"), Key: key}); err == nil {
		t.Fatal("a table that does not exist was read")
	}
	type units struct {
		Requests, Refused int
		Read, Write       float64
	}
	got := map[string]units{}
	for operation, u := range meter.Usage() {
		got[operation] = units{u.Requests, u.Refused, u.Read, u.Write}
	}
	// A write of an item of 1.5 KB takes two units, and four in a transaction. One
	// unit reads 4 KB consistently.
	want := map[string]units{"CreateTable": {1, 0, 0, 0}, "PutItem": {1, 0, 0, 2}, "TransactWriteItems": {1, 0, 0, 8}, "GetItem": {2, 1, 1, 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMeterNamesOperationsOfAllProtocols(t *testing.T) {
	t.Parallel()
	queue, moto := stacktest.StartMeter(t, require.ElasticMQ(t)), stacktest.StartMeter(t, require.Moto(t).URL)
	q := sqs.New(sqs.Options{BaseEndpoint: &queue.URL, Region: stacktest.Region, Credentials: stacktest.Credentials()})
	created := stacktest.CreateQueue(t, q, "metered", 30*time.Second, nil, 0)
	send(t, created, string(bytes.Repeat([]byte("x"), 100<<10)))
	if u := queue.Usage()["SendMessage"]; u.Requests != 1 || u.Chunks != 2 || u.Bytes < 100<<10 {
		t.Errorf("SendMessage of 100 KiB: %+v", u)
	}

	buckets := s3.New(s3.Options{BaseEndpoint: &moto.URL, Region: stacktest.Region, Credentials: stacktest.Credentials(), UsePathStyle: true})
	name, object := aws.String("bucket"), aws.String("a key+ü/é")
	if _, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: name}); err != nil {
		t.Fatal(err)
	}
	hello := &s3.PutObjectInput{Bucket: name, Key: object, Body: strings.NewReader("hello")}
	if _, err := buckets.PutObject(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	got, err := buckets.GetObject(t.Context(), &s3.GetObjectInput{Bucket: name, Key: object, Range: aws.String("bytes=1-2")})
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(got.Body); err != nil || body.String() != "el" {
		t.Errorf("%q, %v", &body, err)
	}
	topics := sns.New(sns.Options{BaseEndpoint: &moto.URL, Region: stacktest.Region, Credentials: stacktest.Credentials()})
	if _, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("notices")}); err != nil {
		t.Fatal(err)
	}
	usage := moto.Usage()
	for _, operation := range []string{"PutObject", "GetObject", "CreateTopic"} {
		if usage[operation].Requests == 0 {
			t.Errorf("no %s in %v", operation, usage)
		}
	}
}
