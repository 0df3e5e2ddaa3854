package sandbox

import (
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"

	"github.com/thingpress/thingpress/internal/sandbox/provisioning"
	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

// provisioned is the answer to RegisterThing. The ARNs have the names of the resources in the template.
type provisioned struct {
	PEM  string            `json:"certificatePem"`
	ARNs map[string]string `json:"resourceArns"`
}

// A provisioner creates the resources of one device. As with AWS, what it created stays if a later resource fails.
type provisioner struct {
	backend
	out         provisioned
	thing       string
	certificate string // ARN
	changed     bool
}

// provision creates the resources of one device and connects them, and reports whether that changed anything.
func (b backend) provision(resources []provisioning.Resource) (provisioned, bool, error) {
	p := &provisioner{backend: b, out: provisioned{ARNs: map[string]string{}}}
	for _, r := range resources {
		create := map[string]func(provisioning.Resource) (string, error){
			provisioning.Certificate: p.createCertificate, provisioning.Thing: p.createThing, provisioning.Policy: p.createPolicy,
		}[r.Type]
		arn, err := create(r)
		if err != nil {
			return p.out, p.changed, err
		}
		p.out.ARNs[r.Name] = arn
	}
	if p.thing != "" && p.certificate != "" {
		err := apply(p, (*registry.State).AttachThingPrincipal, registry.ThingPrincipal{Thing: p.thing, Principal: p.certificate})
		return p.out, p.changed, err
	}
	return p.out, p.changed, nil
}

// apply performs one operation of the registry.
func apply[In any](p *provisioner, op func(*registry.State, *In) ([]registry.Change, error), in In) error {
	changed, err := p.store.Change(func(st *registry.State) ([]registry.Change, error) { return op(st, &in) })
	p.changed = p.changed || changed
	return err
}

// returns is an operation of the registry that has a result.
func returns[In, Out any](to *Out, op func(*registry.State, *In) (Out, []registry.Change, error)) func(*registry.State, *In) (
	[]registry.Change, error,
) {
	return func(st *registry.State, in *In) (changes []registry.Change, err error) {
		*to, changes, err = op(st, in)
		return changes, err
	}
}

// texts returns properties that are texts.
func texts(r provisioning.Resource, names ...string) (map[string]string, error) {
	all := map[string]string{}
	for _, name := range names {
		value, err := r.Text(name)
		if err != nil {
			return nil, registry.Invalid("%v", err)
		}
		all[name] = value
	}
	return all, nil
}

func (p *provisioner) createCertificate(r provisioning.Resource) (string, error) {
	in, err := texts(r, "CertificateSigningRequest", "CertificatePem", "CACertificatePem", "CertificateId", "Status")
	if err != nil {
		return "", err
	}
	var ref registry.CertificateRef
	switch {
	case in["CertificateSigningRequest"] != "":
		ref, err = p.signRequest(in["CertificateSigningRequest"], in["Status"] == "ACTIVE")
	case in["CACertificatePem"] != "":
		err = apply(p, returns(&ref, (*registry.State).RegisterWithCA),
			registry.RegisterWithCA{PEM: in["CertificatePem"], CA: in["CACertificatePem"], Status: in["Status"]})
	case in["CertificatePem"] != "":
		err = apply(p, returns(&ref, (*registry.State).RegisterCertificate),
			registry.RegisterCertificate{PEM: in["CertificatePem"], Status: in["Status"]})
	default:
		ref, err = p.existingCertificate(in["CertificateId"], in["Status"])
	}
	if err != nil {
		return "", err
	}
	p.certificate = ref.ARN
	p.store.View(func(st *registry.State) {
		out, _ := st.DescribeCertificate(&registry.DescribeCertificate{ID: ref.ID}) // it was found or added just now
		p.out.PEM = out["certificateDescription"].PEM
	})
	return ref.ARN, nil
}

func (p *provisioner) signRequest(request string, active bool) (ref registry.CertificateRef, err error) {
	csr, err := parseRequest(request)
	if err != nil {
		return ref, err
	}
	by, err := p.issuer()
	if err != nil {
		return ref, err
	}
	der, err := by.issue(pkix.Name{}, csr.RawSubject, csr.PublicKey)
	if err != nil {
		return ref, err
	}
	return ref, apply(p, returns(&ref, (*registry.State).AddIssued), registry.IssuedCertificate{DER: der, Active: active})
}

func (p *provisioner) existingCertificate(id, status string) (ref registry.CertificateRef, err error) {
	p.store.View(func(st *registry.State) {
		var out map[string]registry.CertificateDescription
		out, err = st.DescribeCertificate(&registry.DescribeCertificate{ID: id})
		ref = out["certificateDescription"].CertificateRef
	})
	if err == nil && status != "" {
		err = apply(p, (*registry.State).UpdateCertificate, registry.UpdateCertificate{ID: id, Status: status})
	}
	return ref, err
}

// createPolicy attaches a policy to the certificate. Without a name it creates the policy, whose name then is the hash of the document.
func (p *provisioner) createPolicy(r provisioning.Resource) (string, error) {
	in, err := texts(r, "PolicyName", "PolicyDocument")
	if err != nil {
		return "", err
	}
	name := registry.ByName{Name: in["PolicyName"]}
	if document := in["PolicyDocument"]; document != "" {
		if name.Name == "" {
			sum := sha256.Sum256([]byte(document))
			name.Name = hex.EncodeToString(sum[:])
		}
		var created registry.CreatedPolicy
		err := apply(p, returns(&created, (*registry.State).CreatePolicy), registry.CreatePolicy{ByName: name, Document: document})
		if err != nil && codeOfError(err) != "ResourceAlreadyExistsException" {
			return "", err
		}
	}
	var policy registry.PolicyDescription
	p.store.View(func(st *registry.State) { policy, err = st.GetPolicy(&name) })
	if err == nil && p.certificate != "" {
		err = apply(p, (*registry.State).AttachPolicy, registry.PolicyTarget{ByName: name, Target: p.certificate})
	}
	return policy.ARN, err
}

func (p *provisioner) createThing(r provisioning.Resource) (string, error) {
	in, err := texts(r, "ThingName", "ThingTypeName", "BillingGroup")
	if err != nil {
		return "", err
	}
	groups, err := r.List("ThingGroups")
	if err != nil {
		return "", registry.Invalid("%v", err)
	}
	attributes, err := r.Map("AttributePayload")
	if err != nil {
		return "", registry.Invalid("%v", err)
	}
	wanted := registry.CreateThing{
		ByName: registry.ByName{Name: in["ThingName"]}, Type: in["ThingTypeName"], BillingGroup: in["BillingGroup"],
		Payload: &registry.AttributePayload{Attributes: pointers(attributes)},
	}
	var ref registry.ThingRef
	err = apply(p, returns(&ref, (*registry.State).CreateThing), wanted)
	if err != nil && codeOfError(err) == "ResourceAlreadyExistsException" {
		err = p.override(r, &wanted)
	}
	if err != nil {
		return "", err
	}
	p.thing = wanted.Name
	join := registry.UpdateThingGroupsForThing{Thing: wanted.Name, Add: groups}
	if r.Overrides["ThingGroups"] == "REPLACE" {
		join.Remove = p.otherGroups(wanted.Name, groups)
	}
	var described registry.ThingDescription
	if err = apply(p, (*registry.State).UpdateThingGroupsForThing, join); err == nil {
		p.store.View(func(st *registry.State) { described, err = st.DescribeThing(&wanted.ByName) })
	}
	return described.ARN, err
}

func pointers(values map[string]string) map[string]*string {
	all := map[string]*string{}
	for name, value := range values {
		all[name] = &value
	}
	return all
}

// override changes a thing that exists with other properties, as far as the settings allow it. Without a setting that fails.
func (p *provisioner) override(r provisioning.Resource, wanted *registry.CreateThing) error {
	var old registry.ThingDescription
	var err error
	p.store.View(func(st *registry.State) { old, err = st.DescribeThing(&wanted.ByName) })
	if err != nil {
		return err
	}
	update := registry.UpdateThing{ByName: wanted.ByName}
	if old.Type != wanted.Type {
		switch r.Overrides["ThingTypeName"] {
		case "REPLACE":
			update.Type, update.RemoveType = wanted.Type, wanted.Type == ""
		case "DO_NOTHING":
		default:
			return conflict(wanted.Name, "thing type")
		}
	}
	if !holds(old.Attributes, wanted.Payload.Attributes) {
		switch setting := r.Overrides["AttributePayload"]; setting {
		case "REPLACE", "MERGE":
			update.Payload = &registry.AttributePayload{Attributes: wanted.Payload.Attributes, Merge: setting == "MERGE"}
		case "DO_NOTHING":
		default:
			return conflict(wanted.Name, "attributes")
		}
	}
	if err := apply(p, (*registry.State).UpdateThing, update); err != nil || wanted.BillingGroup == old.BillingGroup {
		return err
	}
	switch r.Overrides["BillingGroup"] {
	case "REPLACE":
		member := registry.BillingMembership{Group: wanted.BillingGroup}
		member.Thing = wanted.Name
		return apply(p, (*registry.State).AddThingToBillingGroup, member)
	case "DO_NOTHING":
		return nil
	}
	return conflict(wanted.Name, "billing group")
}

func conflict(thing, what string) error {
	return registry.Refuse(http.StatusConflict, "ConflictingResourceUpdateException", "Thing %s exists with different %s", thing, what)
}

func holds(have map[string]string, want map[string]*string) bool {
	return len(have) == len(want) && !slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(name string) bool {
		return have[name] != *want[name]
	})
}

// otherGroups returns the static groups of a thing that are not among those.
func (p *provisioner) otherGroups(thing string, those []string) (others []string) {
	p.store.View(func(st *registry.State) { others = st.StaticGroups(thing) })
	return slices.DeleteFunc(others, func(name string) bool { return slices.Contains(those, name) })
}
