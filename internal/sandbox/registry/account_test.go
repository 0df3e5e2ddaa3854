package registry

import (
	"encoding/json"
	"testing"

	"github.com/thingpress/thingpress/internal/testkit/materialtest"
)

// populateAccount makes every kind of change that populate does not make. The number of things and certificates at the end is the same.
func populateAccount(t testing.TB, s *Store) {
	t.Helper()
	create(t, s, (*State).UpdateThingGroup,
		UpdateThingGroup{ByName: ByName{"plant"}, Properties: GroupProperties{Description: new(string)}})
	create(t, s, (*State).UpdateDynamicThingGroup,
		UpdateDynamicThingGroup{UpdateThingGroup{ByName: ByName{"hot"}}, DynamicQuery{Query: "thingName:t*"}})
	create(t, s, (*State).UpdateBillingGroup, UpdateBillingGroup{CreateBillingGroup: CreateBillingGroup{ByName: ByName{"acme"}}})
	for range 2 {
		create(t, s, (*State).CreatePolicyVersion, CreatePolicyVersion{ByName{"p"}, sample, "true"})
	}
	change(t, s, (*State).SetDefaultPolicyVersion, ByPolicyVersion{ByName{"p"}, "2"})
	change(t, s, (*State).DeletePolicyVersion, ByPolicyVersion{ByName{"p"}, "1"})
	arn := create(t, s, (*State).CreatePolicy,
		CreatePolicy{ByName: ByName{"tagged"}, Document: sample, Tags: []Tag{{"site", "Graz"}, {"line", ""}}}).ARN
	change(t, s, (*State).UntagResource, UntagResource{arn, []string{"line"}})
	change(t, s, (*State).SetConnected, ThingConnected{Name: "t1", Connected: true, At: 7})
	change(t, s, (*State).UpdateIndexingConfiguration, Indexing{Things: json.RawMessage("{\n\"thingIndexingMode\": \"REGISTRY\"}")})

	for _, name := range []string{"b/input", "b/other"} {
		change(t, s, (*State).PutObject, PutObject{name, []byte("{}\n")})
	}
	for _, message := range []string{"", "no file"} {
		task := RegistrationTask{Template: "{}", Bucket: "b", Key: "input"}
		create(t, s, func(st *State, _ *struct{}) (struct{}, []Change, error) { return st.AddTask(&task) }, struct{}{})
		task.Message = message
		change(t, s, (*State).EndTask, task)
	}

	code := create(t, s, (*State).GetRegistrationCode, struct{}{}).Code
	var leaf string
	for _, name := range []string{"kept", "gone"} {
		a := materialtest.NewIssuer(name)
		ca := create(t, s, (*State).RegisterCACertificate,
			RegisterCACertificate{PEM: a.PEM(), Verification: a.Sign(code), SetActive: "true", Tags: []Tag{{"a", "b"}}})
		if name == "kept" {
			leaf = a.Sign("device")
			continue
		}
		change(t, s, (*State).UpdateCACertificate, UpdateCACertificate{ID: ca.ID, Status: "INACTIVE", Auto: "ENABLE"})
		change(t, s, (*State).DeleteCACertificate, ByCA{ca.ID})
	}
	ref := create(t, s, (*State).RegisterWithCA, RegisterWithCA{PEM: leaf})
	create(t, s, (*State).TransferCertificate, TransferCertificate{ref.ID, "210987654321", "yours"})
	change(t, s, (*State).AcceptCertificateTransfer, AcceptCertificateTransfer{ID: ref.ID})
}
