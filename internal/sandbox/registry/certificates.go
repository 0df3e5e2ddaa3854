package registry

import (
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

var statusNames = [...]string{"INACTIVE", "ACTIVE", "REVOKED", "PENDING_TRANSFER"}

func (s status) String() string { return statusNames[s] }

func parseStatus(s string) (status, bool) {
	for i, name := range statusNames {
		if s == name {
			return status(i), true
		}
	}
	return 0, false
}

// wantStatus parses a status that a caller wants to set. REGISTER_INACTIVE is the deprecated
// name of INACTIVE; only AWS itself sets the PENDING ones.
func wantStatus(member, s string) (status, error) {
	switch s {
	case "REGISTER_INACTIVE":
		return inactive, nil
	case "PENDING_TRANSFER", "PENDING_ACTIVATION":
		return 0, Invalid("%s %s cannot be set", member, s)
	}
	if known, ok := parseStatus(s); ok {
		return known, nil
	}
	return 0, Invalid("%s %s does not exist", member, Shorten(s))
}

func (c *certificate) arn(st *State) string { return st.arn("cert", c.id.String()) }

func (c *certificate) ref(st *State) CertificateRef { return CertificateRef{c.arn(st), c.id.String()} }

// A CertificateRef names a certificate.
type CertificateRef struct {
	ARN string `json:"certificateArn"`
	ID  string `json:"certificateId"`
}

// RegisterCertificate are the parameters of [State.RegisterCertificate].
type RegisterCertificate struct {
	PEM    string `json:"certificatePem"`
	Status string `json:"status"`

	prepared bool
	status   status
	der      []byte
	id       manifest.CertificateID
}

// Subject returns the certificate's ID, or "" before Prepare.
func (in *RegisterCertificate) Subject() string {
	if in.id.IsZero() {
		return ""
	}
	return in.id.String()
}

// Prepare parses the certificate, which takes long and needs no state.
func (in *RegisterCertificate) Prepare(strict bool) (err error) {
	if in.Status == "" {
		in.Status = "INACTIVE"
	}
	if in.status, err = wantStatus("status", in.Status); err != nil {
		return err
	}
	if in.der, err = accept(in.PEM, strict, time.Now()); err != nil {
		return err
	}
	in.id, in.prepared = manifest.CertificateIDOf(in.der), true
	return nil
}

// RegisterCertificate adds a certificate without its CA.
func (st *State) RegisterCertificate(in *RegisterCertificate) (CertificateRef, []Change, error) {
	if !in.prepared {
		if err := in.Prepare(st.strict); err != nil {
			return CertificateRef{}, nil, err
		}
	}
	id := in.id.String()
	ref := CertificateRef{st.arn("cert", id), id}
	if st.certificates.by[in.id] != nil {
		return ref, nil, exists(ref.ID, ref.ARN, "The certificate is already provisioned or registered")
	}
	return ref, []Change{&CertificateAdded{DER: in.der, Status: in.status.String()}}, nil
}

// DescribeCertificate are the parameters of [State.DescribeCertificate].
type DescribeCertificate struct {
	ID string `json:"-" path:""`
}

// certificateInPath returns the certificate whose ID is in a path.
func (st *State) certificateInPath(id string) (*certificate, error) {
	if c := st.certificate(id); c != nil {
		return c, nil
	}
	return nil, notFound("The certificate %s does not exist", id)
}

// A CertificateDescription describes a certificate.
type CertificateDescription struct {
	CertificateRef
	Status           string   `json:"status"`
	PEM              string   `json:"certificatePem"`
	CA               string   `json:"caCertificateId,omitempty"`
	OwnedBy          string   `json:"ownedBy"`
	PreviousOwnedBy  string   `json:"previousOwnedBy,omitempty"`
	CreationDate     Epoch    `json:"creationDate"`
	LastModifiedDate Epoch    `json:"lastModifiedDate"`
	CustomerVersion  uint32   `json:"customerVersion"`
	Transfer         any      `json:"transferData,omitempty"`
	GenerationID     string   `json:"generationId"`
	Validity         Validity `json:"validity"`
	Mode             string   `json:"certificateMode"`
}

// Validity is the time in which a certificate is valid.
type Validity struct {
	NotBefore Epoch `json:"notBefore"`
	NotAfter  Epoch `json:"notAfter"`
}

// DescribeCertificate returns a certificate under the name "certificateDescription".
func (st *State) DescribeCertificate(in *DescribeCertificate) (map[string]CertificateDescription, error) {
	c, err := st.certificateInPath(in.ID)
	if err != nil {
		return nil, err
	}
	parsed, err := manifest.ParseCertificate(c.der)
	if err != nil {
		return nil, err
	}
	out := CertificateDescription{
		CertificateRef:   c.ref(st),
		Status:           c.status.String(),
		PEM:              string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.der})),
		OwnedBy:          st.Account,
		CreationDate:     Epoch(c.created),
		LastModifiedDate: Epoch(c.modified),
		CustomerVersion:  c.version,
		GenerationID:     hex.EncodeToString(c.id[:16]),
		Validity:         Validity{Epoch(parsed.NotBefore.UnixMilli()), Epoch(parsed.NotAfter.UnixMilli())},
		Mode:             c.mode(),
	}
	if !c.ca.IsZero() {
		out.CA = c.ca.String()
	}
	if t := c.transfer; t != nil {
		out.Transfer = t.data()
		if t.Accepted > 0 {
			out.OwnedBy, out.PreviousOwnedBy = t.To, st.Account
		}
	}
	return map[string]CertificateDescription{"certificateDescription": out}, nil
}

func (c *certificate) mode() string {
	if c.byCA {
		return modeDefault
	}
	return modeSNIOnly
}

// ListCertificates are the parameters of [State.ListCertificates].
type ListCertificates struct{ Ordered }

// A CertificateSummary is an item in the list of certificates.
type CertificateSummary struct {
	CertificateRef
	Status       string `json:"status"`
	Mode         string `json:"certificateMode"`
	CreationDate Epoch  `json:"creationDate"`
}

// ListCertificates lists all certificates.
func (st *State) ListCertificates(in *ListCertificates) (out Page[CertificateSummary], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	return list(&st.certificates.order, st.lagging(), p, func(c *certificate) CertificateSummary { return c.summary(st) }), nil
}

func (c *certificate) summary(st *State) CertificateSummary {
	return CertificateSummary{c.ref(st), c.status.String(), c.mode(), Epoch(c.created)}
}

// UpdateCertificate are the parameters of [State.UpdateCertificate].
type UpdateCertificate struct {
	ID     string `json:"-" path:""`
	Status string `json:"-" query:"newStatus"`
}

// UpdateCertificate sets the status of a certificate.
func (st *State) UpdateCertificate(in *UpdateCertificate) ([]Change, error) {
	want, err := wantStatus("newStatus", in.Status)
	if err != nil {
		return nil, err
	}
	c, err := st.certificateInPath(in.ID)
	switch {
	case err != nil:
		return nil, err
	case c.status == want:
		return nil, nil
	case c.status == revoked:
		return nil, badState("The certificate is revoked and its status cannot be changed. Id: %s", c.id)
	case c.status == pendingTransfer:
		return nil, badState("The certificate is being transferred and its status cannot be changed. Id: %s", c.id)
	}
	return []Change{&CertificateStatusSet{c.id.String(), want.String()}}, nil
}

// DeleteCertificate are the parameters of [State.DeleteCertificate].
type DeleteCertificate struct {
	ID    string `json:"-" path:""`
	Force string `json:"-" query:"forceDelete"`
}

// DeleteCertificate deletes a certificate that is not in use.
func (st *State) DeleteCertificate(in *DeleteCertificate) ([]Change, error) {
	c, err := st.certificateInPath(in.ID)
	switch {
	case err != nil:
		return nil, err
	case c.status == active:
		return nil, badState("Certificate must be deactivated (not ACTIVE) before deletion. Id: %s", c.id)
	case c.status == pendingTransfer:
		return nil, badState("The certificate is being transferred and cannot be deleted. Id: %s", c.id)
	case stillAttached(st, &c.things):
		return nil, deleteConflict("Things must be detached before deletion (arn: %s)", c.arn(st))
	case stillAttached(st, &c.policies) && in.Force != "true":
		return nil, deleteConflict("Certificate policies must be detached before deletion (arn: %s)", c.arn(st))
	}
	return []Change{&CertificateRemoved{c.id.String()}}, nil
}

// CertificateAdded is a [Change]. Modified and Version are zero in a new certificate. An empty mode stands for SNI_ONLY.
type CertificateAdded struct {
	DER      []byte    `json:"der"`
	Status   string    `json:"status"`
	Modified int64     `json:"modified,omitempty"`
	Version  uint32    `json:"version,omitempty"`
	CA       string    `json:"ca,omitempty"`
	Mode     string    `json:"mode,omitempty"`
	Transfer *Transfer `json:"transfer,omitempty"`
}

func (a *CertificateAdded) apply(st *State, at stamp) bool {
	id := manifest.CertificateIDOf(a.DER)
	status, ok := parseStatus(a.Status)
	if !ok || st.certificates.by[id] != nil {
		return false
	}
	c := &certificate{
		id: id, der: a.DER, status: status, seq: at.seq, created: at.at, modified: a.Modified, version: max(a.Version, 1),
		byCA: a.Mode == modeDefault, transfer: a.Transfer,
	}
	if a.CA != "" {
		ca, err := manifest.ParseCertificateID(a.CA)
		if err != nil {
			return false
		}
		c.ca = ca
	}
	if c.modified == 0 {
		c.modified = at.at
	}
	st.certificates.add(id, at.seq, c)
	return true
}

// CertificateStatusSet is a [Change].
type CertificateStatusSet struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

func (a *CertificateStatusSet) apply(st *State, at stamp) bool {
	c := st.certificate(a.ID)
	status, ok := parseStatus(a.Status)
	if c == nil || !ok {
		return false
	}
	c.status, c.modified = status, at.at
	c.version++
	return true
}

// CertificateRemoved is a [Change].
type CertificateRemoved struct {
	ID string `json:"id"`
}

func (a *CertificateRemoved) apply(st *State, at stamp) bool {
	c := st.certificate(a.ID)
	if c == nil || c.things.len() > 0 {
		return false
	}
	for seq, p := range c.policies.now() {
		drop(&st.lag, &p.targets, seq, at.at)
	}
	delete(st.certificates.by, c.id)
	drop(&st.lag, &st.certificates.order, c.seq, at.at)
	return true
}

// idOf returns the ID in a certificate's ARN, for logs. Of any other text it returns what
// follows the last slash.
func idOf(arn string) string { return Shorten(strings.ToLower(arn[strings.LastIndex(arn, "/")+1:])) }
