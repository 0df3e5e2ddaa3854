package policies

import (
	"context"
	"time"

	"github.com/thingpress/thingpress/internal/advice"
	"github.com/thingpress/thingpress/internal/call"
	"github.com/thingpress/thingpress/internal/cli/target"
	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/manifest"
	"github.com/thingpress/thingpress/policy"
)

// An Explainer explains why devices in a registry are refused something. It is safe for concurrent use.
type Explainer struct{ registry *registry }

// NewExplainer returns an explainer for a target, whose calls keep to limiters until ctx ends.
func NewExplainer(ctx context.Context, c *target.Connection, limiters *quota.Limiters) *Explainer {
	return &Explainer{registryWithin(call.Lifetimes{Begin: ctx, Flight: ctx}, c, limiters)}
}

// An Explained is what the registry says of a device that wants to connect.
type Explained struct {
	// Unregistered is true if the certificate is not registered. Nothing else is known then.
	Unregistered bool
	Status       iot.Status
	// Outdated is true if the certificate is outside its dates.
	Outdated bool

	device *registered
}

// Device reads a device. The connection has what the client says: client ID, will and persistent session.
func (e *Explainer) Device(id manifest.CertificateID, said policy.Connection) (*Explained, error) {
	found, err := e.registry.find(id.String(), said.ClientID)
	switch {
	case iot.ClassOf(err) == iot.ClassNotFound:
		return &Explained{Unregistered: true}, nil
	case err != nil:
		return nil, err
	}
	found.connection.Will, found.connection.Persistent = said.Will, said.Persistent
	found.connection.Time = time.Now()
	now := found.connection.Time
	return &Explained{
		Status: found.certificate.Status, Outdated: now.Before(found.leaf.NotBefore) || now.After(found.leaf.NotAfter), device: found,
	}, nil
}

// Why returns why the policies refuse the first request that they refuse, in words; empty if they allow all.
func (e *Explained) Why(requests ...policy.Request) string {
	var documents []*policy.Document
	var names []string
	for _, d := range e.device.documents {
		documents, names = append(documents, d.Document), append(names, d.Name)
	}
	for _, r := range requests {
		if decision := policy.Evaluate(documents, e.device.connection, r); !decision.Allowed() {
			return r.Action + ": " + advice.WhyRefused(decision, names)
		}
	}
	return ""
}

// ReadDocuments reads the policies of attachments, and those of their thing groups.
func ReadDocuments(ctx context.Context, aws iot.AWS, limiters *quota.Limiters, a device.Attachments) ([]*policy.Document, error) {
	read, err := readRegistry(ctx, aws, limiters, a)
	var documents []*policy.Document
	for _, d := range read {
		documents = append(documents, d.Document)
	}
	return documents, err
}
