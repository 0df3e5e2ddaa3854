package policies

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// A registered device is a device in the registry, with the policies that are effective for it.
type registered struct {
	certificate iot.Certificate
	leaf        *x509.Certificate
	connection  policy.Connection
	documents   []document
	// direct are the names of the policies that are attached to the certificate itself.
	direct []string
}

// A registry reads devices.
type registry struct {
	aws            iot.AWS
	authorizations iot.Authorizations
	caller         *call.Caller
	target         ledger.Target
}

// newRegistry returns the registry of a connection. It calls no faster than the default quotas allow.
func newRegistry(ctx context.Context, c *target.Connection) (*registry, error) {
	return newRegistryDuring(call.Lifetimes{Begin: ctx, Flight: ctx}, c)
}

func newRegistryDuring(life call.Lifetimes, c *target.Connection) (*registry, error) {
	quotas, err := new(target.QuotaFlags).Resolve(life.Begin, nil, nil)
	if err != nil {
		return nil, err
	}
	return registryWithin(life, c, quotas.Limiters()), nil
}

// registryWithin returns the registry of a connection, which keeps to limiters.
func registryWithin(life call.Lifetimes, c *target.Connection, limiters *quota.Limiters) *registry {
	aws := c.Client.AWS()
	return &registry{aws: aws, authorizations: c.Client, target: c.Target, caller: call.New(call.Options{
		Limiters: limiters, Lifetimes: life, Clock: aws.Now,
	})}
}

func (r *registry) do(op iot.Operation, f func(context.Context) error) error {
	_, err := r.caller.Do(op, f)
	return err
}

// find returns the device with the name of a thing or the ID of a certificate. An empty client ID
// stands for the name of the thing.
func (r *registry) find(name, clientID string) (*registered, error) {
	id, err := manifest.ParseCertificateID(name)
	if err != nil {
		if id, err = r.certificateOf(name); err != nil {
			return nil, err
		}
	}
	d := &registered{}
	if err := r.do(iot.DescribeCertificate, func(ctx context.Context) (err error) {
		d.certificate, err = r.aws.Certificates.DescribeCertificate(ctx, id.String())
		return err
	}); err != nil {
		return nil, fmt.Errorf("certificate %s: %w", id, err)
	}
	block, _ := pem.Decode([]byte(d.certificate.PEM))
	if block == nil {
		return nil, fmt.Errorf("certificate %s: the registry returned no PEM", id)
	}
	if d.leaf, err = x509.ParseCertificate(block.Bytes); err != nil {
		return nil, fmt.Errorf("certificate %s: %w", id, err)
	}
	d.connection = policy.Connection{Target: inPolicies(r.target), Certificate: policy.NewCertificate(d.leaf)}
	if err := r.readThings(d); err != nil {
		return nil, err
	}
	d.connection.ClientID = clientID
	if clientID == "" && len(d.connection.Things) > 0 {
		d.connection.ClientID = d.connection.Things[0].Name
	}
	if d.connection.OtherThing, err = r.isOtherThing(d); err != nil {
		return nil, err
	}
	return d, r.readPolicies(d)
}

// certificateOf returns the ID of the certificate of a thing.
func (r *registry) certificateOf(thing string) (id manifest.CertificateID, err error) {
	principals, err := toTheEnd(r, iot.ListThingPrincipals, func(ctx context.Context, token string) ([]iot.Link, string, error) {
		return r.aws.Principals.ListThingPrincipals(ctx, thing, token)
	})
	if err != nil {
		err = fmt.Errorf("thing %s: %w", thing, err)
		if iot.ClassOf(err) == iot.ClassNotFound {
			err = exit.WithHint(err, "name a thing or the ID of a certificate that is in the registry")
		}
		return id, err
	}
	var ids []string
	for _, p := range principals {
		if at := strings.LastIndex(p.Name, ":cert/"); at >= 0 {
			ids = append(ids, p.Name[at+len(":cert/"):])
		}
	}
	switch len(ids) {
	case 0:
		return id, fmt.Errorf("thing %s has no certificate", thing)
	case 1:
		return manifest.ParseCertificateID(ids[0])
	}
	return id, exit.UsageError(fmt.Errorf("thing %s has %d certificates", thing, len(ids)), "name one of them: "+strings.Join(ids, ", "))
}

// readThings reads the things that the certificate is attached to.
func (r *registry) readThings(d *registered) error {
	links, err := toTheEnd(r, iot.ListPrincipalThingsV2, func(ctx context.Context, token string) ([]iot.Link, string, error) {
		return r.aws.Principals.ListPrincipalThingsV2(ctx, d.certificate.ARN, token)
	})
	if err != nil {
		return fmt.Errorf("things of certificate %s: %w", d.certificate.ID, err)
	}
	for _, link := range links {
		thing, ok, err := r.thing(link.Name)
		if err != nil {
			return err
		}
		if ok {
			d.connection.Things = append(d.connection.Things, policy.Thing{
				Name: thing.Name, Type: thing.Type, Attributes: thing.Attributes, Exclusive: link.Type == "EXCLUSIVE_THING",
			})
		}
	}
	return nil
}

func (r *registry) thing(name string) (thing iot.Thing, ok bool, err error) {
	err = r.do(iot.DescribeThing, func(ctx context.Context) (err error) {
		thing, err = r.aws.Things.DescribeThing(ctx, name)
		return err
	})
	if class := iot.ClassOf(err); class == iot.ClassNotFound || class == iot.ClassDevice {
		return thing, false, nil
	}
	return thing, err == nil, err
}

// isOtherThing reports whether the client ID is the name of a thing that the certificate is not
// attached to.
func (r *registry) isOtherThing(d *registered) (bool, error) {
	id := d.connection.ClientID
	if id == "" || slices.ContainsFunc(d.connection.Things, func(t policy.Thing) bool { return t.Name == id }) {
		return false, nil
	}
	_, exists, err := r.thing(id)
	return exists, err
}

func (r *registry) readPolicies(d *registered) (err error) {
	thing := ""
	if belongs := d.connection.Thing(); belongs != nil {
		thing = belongs.Name
	}
	var effective []iot.Policy
	if err := r.do(iot.GetEffectivePolicies, func(ctx context.Context) (err error) {
		effective, err = r.authorizations.GetEffectivePolicies(ctx, d.certificate.ARN, thing)
		return err
	}); err != nil {
		return err
	}
	for _, p := range effective {
		parsed, err := parse(p.Name, p.Document)
		if err != nil {
			return err
		}
		d.documents = append(d.documents, document{Name: p.Name, Document: parsed})
	}
	d.direct, err = toTheEnd(r, iot.ListAttachedPolicies, func(ctx context.Context, token string) ([]string, string, error) {
		return r.aws.Policies.ListAttachedPolicies(ctx, d.certificate.ARN, token)
	})
	for i := range d.documents {
		d.documents[i].OfGroup = !slices.Contains(d.direct, d.documents[i].Name)
	}
	return err
}

// toTheEnd reads all pages of a list.
func toTheEnd[T any](r *registry, op iot.Operation, read func(ctx context.Context, token string) ([]T, string, error)) (all []T, _ error) {
	for token := ""; ; {
		var page []T
		var next string
		if err := r.do(op, func(ctx context.Context) (err error) {
			page, next, err = read(ctx, token)
			return err
		}); err != nil {
			return nil, err
		}
		if all = append(all, page...); next == "" {
			return all, nil
		}
		if next == token {
			return nil, errors.New("the list does not end")
		}
		token = next
	}
}
