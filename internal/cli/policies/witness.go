package policies

import (
	"context"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/policy"
)

// noWitness stands for the answer of AWS on an action that TestAuthorization does not know.
const noWitness = "unknown-action"

// ask adds the decisions of AWS. It asks for one resource at a time, because AWS does not document
// how it decides several. Policies are added and left out by name.
func (r *registry) ask(d *registered, lines []*decisionLine, add, skip []string) error {
	var asked []*decisionLine
	for _, l := range lines {
		if l.Witness = noWitness; iot.TestedAction(l.request.Action) != "" {
			asked = append(asked, l)
		}
	}
	for len(asked) > 0 {
		n := min(len(asked), iot.MaxAuthInfos)
		test := iot.AuthorizationTest{Principal: d.certificate.ARN, ClientID: d.connection.ClientID, Add: add, Skip: skip}
		for _, l := range asked[:n] {
			test.Infos = append(test.Infos, iot.AuthInfo{Action: iot.TestedAction(l.request.Action), Resource: r.target.ARN(l.Resource)})
		}
		var results []iot.AuthResult
		if err := r.do(iot.TestAuthorization, func(ctx context.Context) (err error) {
			results, err = r.authorizations.TestAuthorization(ctx, test)
			return err
		}); err != nil {
			return err
		}
		for i, l := range asked[:min(n, len(results))] {
			l.Witness = string(outcomeOf(results[i]))
		}
		asked = asked[n:]
	}
	return nil
}

// outcomeOf returns a decision of AWS in our words.
func outcomeOf(r iot.AuthResult) policy.Outcome {
	return policy.Outcome(strings.ReplaceAll(strings.ToLower(r.Decision), "_", "-"))
}

// compare decides requests for a device that is registered, by other policies than its own, and
// has AWS decide them too. It returns the requests on which the two differ.
func (r *registry) compare(id, clientID string, documents []document, requests []verdict.Request) (differ []*decisionLine, asked int,
	_ error,
) {
	d, err := r.find(id, clientID)
	if err != nil {
		return nil, 0, err
	}
	has := func(all []document, name string) bool {
		return slices.ContainsFunc(all, func(d document) bool { return d.Name == name })
	}
	var add, skip []string
	for _, own := range d.documents {
		if !has(documents, own.Name) {
			skip = append(skip, own.Name)
		}
	}
	for _, wanted := range documents {
		if !has(d.documents, wanted.Name) {
			add = append(add, wanted.Name)
		}
	}
	d.documents = documents
	lines, err := d.explainAll(slices.DeleteFunc(slices.Clone(requests), func(r verdict.Request) bool { return r.Other }))
	if err != nil {
		return nil, 0, err
	}
	if err := r.ask(d, lines, add, skip); err != nil {
		return nil, 0, err
	}
	for _, l := range lines {
		if l.Witness == noWitness {
			continue
		}
		if asked++; policy.Outcome(l.Witness) != l.Decision {
			differ = append(differ, l)
		}
	}
	return differ, asked, nil
}

// witnessText compares the decision of AWS with ours.
func witnessText(l *decisionLine) string {
	switch {
	case l.Witness == noWitness:
		return "AWS: TestAuthorization does not know this action"
	case policy.Outcome(l.Witness) == l.Decision:
		return "AWS decides the same"
	}
	return "AWS decides otherwise: " + decisionText(policy.Outcome(l.Witness))
}
