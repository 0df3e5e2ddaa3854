package table

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// An Update changes one item. In its expressions #name is the attribute of that name, which may
// be a word that DynamoDB reserves, and :name is a value.
type Update struct {
	Key Item
	// If is the condition; empty for none.
	If string
	// Set, Add and Remove are the parts of the update expression.
	Set, Add, Remove []string
	Values           Item
	// Renew sets the expiry as if the item were written now.
	Renew bool
}

// Update makes a change that may safely be made twice. Without an error, ok reports whether the
// condition held. If it did, item is the changed item, otherwise the existing one, which is
// empty if there is none.
func (t *Table) Update(ctx context.Context, u Update) (item Item, ok bool, err error) {
	e := t.expressed(u)
	in := &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: u.Key, ConditionExpression: e.condition, UpdateExpression: &e.update,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values, ReturnValues: types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	out, err := call(ctx, func() (*dynamodb.UpdateItemOutput, error) { return t.client.UpdateItem(ctx, in) })
	var held *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &held):
		return held.Item, false, nil
	case err != nil:
		return nil, false, err
	}
	return out.Attributes, true, nil
}

// Updating returns the action of a transaction that makes a change.
func (t *Table) Updating(u Update) types.TransactWriteItem {
	e := t.expressed(u)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &t.name, Key: u.Key, ConditionExpression: e.condition, UpdateExpression: &e.update,
		ExpressionAttributeNames: e.names, ExpressionAttributeValues: e.values,
	}}
}

// An expression is an update in the form of DynamoDB.
type expression struct {
	condition *string
	update    string
	names     map[string]string
	values    Item
}

func (t *Table) expressed(u Update) expression {
	e := expression{values: u.Values}
	if u.Renew && t.retention > 0 {
		u.Set = append(u.Set, "#"+Expires+" = :"+Expires)
		e.values = maps.Clone(u.Values)
		e.values[":"+Expires] = t.Kept(Item{})[Expires]
	}
	var clauses []string
	for _, clause := range []struct {
		word  string
		parts []string
	}{{"SET ", u.Set}, {"REMOVE ", u.Remove}, {"ADD ", u.Add}} {
		if len(clause.parts) > 0 {
			clauses = append(clauses, clause.word+strings.Join(clause.parts, ", "))
		}
	}
	if u.If != "" {
		e.condition = &u.If
	}
	e.update = strings.Join(clauses, " ")
	e.names = names(u.If + " " + e.update)
	return e
}

var placeholder = regexp.MustCompile(`#\w+`)

// names returns the attributes for the placeholders of an expression, or nil if it has none.
func names(expression string) map[string]string {
	var found map[string]string
	for _, name := range placeholder.FindAllString(expression, -1) {
		if found == nil {
			found = map[string]string{}
		}
		found[name] = name[1:]
	}
	return found
}
