package engine

import (
	"slices"

	"github.com/thingpress/thingpress/manifest"
)

// A Remedy has the facts about a rejected entry, or about all that were rejected for
// one reason, that decide what an operator can do. The zero value has none.
type Remedy struct {
	// Namings are templates that would name the thing, best first, with the name
	// that the first entry gets. For [manifest.ReasonContradiction] they are set
	// only if all entries have one name, and tell them apart.
	Namings []manifest.Naming
	// Renewal is the certificate of the first entry whose device has another
	// certificate in an earlier entry.
	Renewal manifest.CertificateID
	// Signer is the certificate that the first entry names as its signer.
	Signer manifest.CertificateID
	// AllowCA is set if certificates of authorities are accepted as those of devices,
	// so that the entry was rejected for more than CA:TRUE.
	AllowCA bool
}

// remedies collects facts by reason.
type remedies struct {
	byReason map[manifest.Reason]*Remedy
	// name is the only thing name so far; several is set if there are more.
	name    string
	several bool
	// renewals and mixedUp count contradictions by name.
	renewals, mixedUp int
	apart             []manifest.Naming
}

// mostRenewals is how many further certificates one device may have. If all entries
// have one name and there are more of them, they are different devices.
const mostRenewals = 3

// named learns the name of a device.
func (r *remedies) named(thing string) {
	if r.name == "" {
		r.name = thing
	}
	r.several = r.several || r.name != thing
}

// learn adds the remedy of a rejected entry.
func (r *remedies) learn(reason manifest.Reason, next Remedy) {
	known := r.byReason[reason]
	if known == nil {
		r.byReason[reason] = &next
		return
	}
	known.Namings = narrow(known.Namings, next.Namings)
	if known.Renewal.IsZero() {
		known.Renewal = next.Renewal
	}
}

// clash learns that a device has the name of an earlier one and another certificate.
func (r *remedies) clash(d *manifest.Device, renewal bool) {
	if renewal {
		r.renewals++
	} else {
		r.mixedUp++
	}
	var apart []manifest.Naming
	for _, n := range manifest.Namings(d) {
		if n.Name != d.ThingName && slices.Contains([]string{"{id}", "{serial}", "{fingerprint}"}, n.Template) {
			apart = append(apart, n)
		}
	}
	if r.renewals+r.mixedUp == 1 {
		r.apart = apart
		return
	}
	r.apart = narrow(r.apart, apart)
}

// narrow returns the namings whose template is also in next with another name, or can
// be widened to do what the one in next does. If there are none, it returns them all.
func narrow(namings, next []manifest.Naming) []manifest.Naming {
	var both []manifest.Naming
	for _, n := range namings {
		for _, m := range next {
			common, ok := n, m.Template == n.Template
			if !ok {
				common, ok = n.Widened(m)
			}
			if ok && m.Name != n.Name {
				both = append(both, common)
				break
			}
		}
	}
	if len(both) == 0 {
		return namings
	}
	return both
}

// all returns the remedies by reason.
func (r *remedies) all() map[manifest.Reason]Remedy {
	found := make(map[manifest.Reason]Remedy, len(r.byReason))
	for reason, remedy := range r.byReason {
		found[reason] = *remedy
	}
	if c, ok := found[manifest.ReasonContradiction]; ok && !r.several && (r.mixedUp > 0 || r.renewals > mostRenewals) {
		found[manifest.ReasonContradiction] = Remedy{Namings: r.apart, Signer: c.Signer}
	}
	return found
}
