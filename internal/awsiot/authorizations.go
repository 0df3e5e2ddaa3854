package awsiot

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"

	"github.com/thingpress/thingpress/internal/iot"
)

// GetEffectivePolicies implements [iot.Authorizations].
func (c *Client) GetEffectivePolicies(ctx context.Context, principal, thing string) (policies []iot.Policy, err error) {
	out, err := call(ctx, c, iot.GetEffectivePolicies, c.iot.GetEffectivePolicies,
		&sdk.GetEffectivePoliciesInput{Principal: &principal, ThingName: optional(thing)})
	for _, p := range out.EffectivePolicies {
		policies = append(policies, iot.Policy{Name: aws.ToString(p.PolicyName), Document: aws.ToString(p.PolicyDocument)})
	}
	return policies, err
}

// TestAuthorization implements [iot.Authorizations].
func (c *Client) TestAuthorization(ctx context.Context, in iot.AuthorizationTest) (results []iot.AuthResult, err error) {
	infos := make([]types.AuthInfo, len(in.Infos))
	for i, info := range in.Infos {
		infos[i] = types.AuthInfo{ActionType: types.ActionType(info.Action), Resources: []string{info.Resource}}
	}
	out, err := call(ctx, c, iot.TestAuthorization, c.iot.TestAuthorization, &sdk.TestAuthorizationInput{
		AuthInfos: infos, Principal: &in.Principal, ClientId: optional(in.ClientID), PolicyNamesToAdd: in.Add, PolicyNamesToSkip: in.Skip,
	})
	for _, r := range out.AuthResults {
		results = append(results, iot.AuthResult{Decision: string(r.AuthDecision), Missing: r.MissingContextValues})
	}
	return results, err
}
