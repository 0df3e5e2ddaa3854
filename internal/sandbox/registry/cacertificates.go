package registry

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"time"

	"github.com/thingpress/thingpress/manifest"
)

const (
	modeDefault = "DEFAULT"
	modeSNIOnly = "SNI_ONLY"
	// maxCAsPerSubject is from the reference of RegisterCACertificate.
	maxCAsPerSubject = 10
)

// RegistrationConfig is what happens to a device whose certificate a CA signed when it connects for the first time.
type RegistrationConfig struct {
	TemplateBody string `json:"templateBody,omitempty"`
	RoleARN      string `json:"roleArn,omitempty"`
	TemplateName string `json:"templateName,omitempty"`
}

// CASettings are the parts of a CA certificate that updates change, and its mode.
type CASettings struct {
	Active  bool                `json:"active,omitempty"`
	Auto    bool                `json:"auto,omitempty"`
	Mode    string              `json:"mode"`
	Version uint32              `json:"version"`
	Config  *RegistrationConfig `json:"config,omitempty"`
}

func (ca *caCertificate) ref(st *State) CertificateRef {
	return CertificateRef{st.arn("cacert", ca.id.String()), ca.id.String()}
}

func (ca *caCertificate) statusName() string {
	if ca.Active {
		return active.String()
	}
	return inactive.String()
}

// RegisterCACertificate are the parameters of [State.RegisterCACertificate].
type RegisterCACertificate struct {
	PEM          string              `json:"caCertificate"`
	Verification string              `json:"verificationCertificate"`
	Mode         string              `json:"certificateMode"`
	Config       *RegistrationConfig `json:"registrationConfig"`
	Tags         []Tag               `json:"tags"`
	SetActive    string              `json:"-" query:"setAsActive"`
	Auto         string              `json:"-" query:"allowAutoRegistration"`

	certificate, proof *x509.Certificate
}

// Prepare parses the certificates, which takes long and needs no state.
func (in *RegisterCACertificate) Prepare(bool) error {
	if in.Mode == "" {
		in.Mode = modeDefault
	}
	switch {
	case in.Mode == modeDefault && in.Verification == "":
		return Invalid("Need to provide verification certificate for registering CA Certificates in DEFAULT mode")
	case in.Mode == modeSNIOnly && in.Verification != "":
		return Invalid("Cannot provide verification certificate for registering CA Certificates in SNI_ONLY mode")
	}
	der, err := accept(in.PEM, false, time.Now())
	if err != nil {
		return err
	}
	if in.certificate, err = manifest.ParseCertificate(der); err != nil {
		return err
	}
	switch now := time.Now(); {
	case !in.certificate.BasicConstraintsValid || !in.certificate.IsCA:
		return badCertificate("The CA certificate does not have the basic constraint CA:TRUE")
	case now.Before(in.certificate.NotBefore) || now.After(in.certificate.NotAfter):
		return badCertificate("The CA certificate is not valid now")
	case in.Verification == "":
		return nil
	}
	if der, err = accept(in.Verification, false, time.Now()); err != nil {
		return Invalid("Contents of the Verification Certificate are not correct")
	}
	if in.proof, err = manifest.ParseCertificate(der); err != nil {
		return err
	}
	return checkIssuer(in.proof, in.certificate)
}

// checkIssuer checks that a CA signed a certificate.
func checkIssuer(c, ca *x509.Certificate) error {
	if !bytes.Equal(c.RawIssuer, ca.RawSubject) {
		return badCertificate("The issuer of the certificate did not match the subject of the provided CA certificate.")
	}
	if ca.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) != nil {
		return badCertificate("The signature of the certificate failed verification against the provided CA certificate.")
	}
	return nil
}

// RegisterCACertificate adds the certificate of a certificate authority. In DEFAULT mode the verification certificate proves that the
// caller has its key: the CA signed it, and its common name is the registration code.
func (st *State) RegisterCACertificate(in *RegisterCACertificate) (ref CertificateRef, _ []Change, _ error) {
	if in.certificate == nil {
		if err := in.Prepare(st.strict); err != nil {
			return ref, nil, err
		}
	}
	id := manifest.CertificateIDOf(in.certificate.Raw)
	ref = CertificateRef{st.arn("cacert", id.String()), id.String()}
	if st.cas.by[id] != nil {
		return ref, nil, exists(ref.ID, ref.ARN, "CA certificate already exists. Id: %s", ref.ID)
	}
	if in.proof != nil && (st.code == "" || in.proof.Subject.CommonName != st.code) {
		return ref, nil, Refuse(http.StatusBadRequest, "RegistrationCodeValidationException",
			"Registration code provided in the CN field of verification certificate is invalid.")
	}
	same := 0
	for _, ca := range st.cas.order.now() {
		if ca.subject == string(in.certificate.RawSubject) {
			same++
		}
	}
	if same >= maxCAsPerSubject {
		return ref, nil, limitExceeded("The maximum number of CA certificates with one subject (%d) is registered", maxCAsPerSubject)
	}
	added := &CACertificateAdded{
		DER:        in.certificate.Raw,
		CASettings: CASettings{Active: in.SetActive == "true", Auto: in.Auto == "true", Mode: in.Mode, Version: 1, Config: in.Config},
	}
	changes, err := st.withTags([]Change{added}, "cacert/"+ref.ID, in.Tags)
	return ref, changes, err
}

// caInPath returns the CA certificate whose ID is in a path.
func (st *State) caInPath(id string) (*caCertificate, error) {
	if parsed, err := manifest.ParseCertificateID(id); err == nil && st.cas.by[parsed] != nil {
		return st.cas.by[parsed], nil
	}
	return nil, notFound("Requested CA Certificate does not exist.")
}

// ByCA are the parameters of an operation that only needs the ID of a CA certificate.
type ByCA struct {
	ID string `json:"-" path:""`
}

// A CADescription is the answer to [State.DescribeCACertificate].
type CADescription struct {
	Certificate CADetails           `json:"certificateDescription"`
	Config      *RegistrationConfig `json:"registrationConfig,omitempty"`
}

// CADetails describes a CA certificate.
type CADetails struct {
	CertificateRef
	Status           string   `json:"status"`
	PEM              string   `json:"certificatePem"`
	OwnedBy          string   `json:"ownedBy"`
	CreationDate     Epoch    `json:"creationDate"`
	Auto             string   `json:"autoRegistrationStatus"`
	LastModifiedDate Epoch    `json:"lastModifiedDate"`
	CustomerVersion  uint32   `json:"customerVersion"`
	GenerationID     string   `json:"generationId"`
	Validity         Validity `json:"validity"`
	Mode             string   `json:"certificateMode"`
}

// DescribeCACertificate returns a CA certificate.
func (st *State) DescribeCACertificate(in *ByCA) (out CADescription, err error) {
	ca, err := st.caInPath(in.ID)
	if err != nil {
		return out, err
	}
	parsed, err := manifest.ParseCertificate(ca.der)
	if err != nil {
		return out, err
	}
	auto := "DISABLE"
	if ca.Auto {
		auto = "ENABLE"
	}
	return CADescription{CADetails{
		CertificateRef:   ca.ref(st),
		Status:           ca.statusName(),
		PEM:              string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.der})),
		OwnedBy:          st.Account,
		CreationDate:     Epoch(ca.created),
		Auto:             auto,
		LastModifiedDate: Epoch(ca.modified),
		CustomerVersion:  ca.Version,
		GenerationID:     hex.EncodeToString(ca.id[:16]),
		Validity:         Validity{Epoch(parsed.NotBefore.UnixMilli()), Epoch(parsed.NotAfter.UnixMilli())},
		Mode:             ca.Mode,
	}, ca.Config}, nil
}

// ListCACertificates are the parameters of [State.ListCACertificates].
type ListCACertificates struct {
	Ordered
	Template string `json:"-" query:"templateName"`
}

// A CASummary is an item in the list of CA certificates.
type CASummary struct {
	CertificateRef
	Status       string `json:"status"`
	CreationDate Epoch  `json:"creationDate"`
}

// ListCACertificates lists all CA certificates, or those with one provisioning template.
func (st *State) ListCACertificates(in *ListCACertificates) (out Page[CASummary], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	return collect(st.cas.order.all(present, p), p, func(ca *caCertificate) (CASummary, bool) {
		return CASummary{ca.ref(st), ca.statusName(), Epoch(ca.created)},
			in.Template == "" || ca.Config != nil && ca.Config.TemplateName == in.Template
	}), nil
}

// ListCertificatesByCA are the parameters of [State.ListCertificatesByCA].
type ListCertificatesByCA struct {
	Ordered
	ID string `json:"-" path:""`
}

// ListCertificatesByCA lists the certificates that were registered with a CA. A CA that is not registered has none.
func (st *State) ListCertificatesByCA(in *ListCertificatesByCA) (out Page[CertificateSummary], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	ca, err := manifest.ParseCertificateID(in.ID)
	if err != nil {
		return out, Invalid("Invalid caCertificateId: %s", Shorten(in.ID))
	}
	return collect(st.certificates.order.all(st.lagging(), p), p, func(c *certificate) (CertificateSummary, bool) {
		return c.summary(st), !c.ca.IsZero() && c.ca == ca
	}), nil
}

// UpdateCACertificate are the parameters of [State.UpdateCACertificate].
type UpdateCACertificate struct {
	ID         string              `json:"-" path:""`
	Status     string              `json:"-" query:"newStatus"`
	Auto       string              `json:"-" query:"newAutoRegistrationStatus"`
	Config     *RegistrationConfig `json:"registrationConfig"`
	RemoveAuto bool                `json:"removeAutoRegistration"`
}

// UpdateCACertificate changes the settings of a CA certificate.
func (st *State) UpdateCACertificate(in *UpdateCACertificate) ([]Change, error) {
	ca, err := st.caInPath(in.ID)
	if err != nil {
		return nil, err
	}
	next := ca.CASettings
	if in.Status != "" {
		next.Active = in.Status == active.String()
	}
	if in.Auto != "" {
		next.Auto = in.Auto == "ENABLE"
	}
	if in.Config != nil {
		next.Config = in.Config
	}
	if in.RemoveAuto {
		next.Auto = false
	}
	next.Version++
	return []Change{&CACertificateUpdated{ca.id.String(), next}}, nil
}

// DeleteCACertificate deletes a CA certificate that is not active.
func (st *State) DeleteCACertificate(in *ByCA) ([]Change, error) {
	ca, err := st.caInPath(in.ID)
	switch {
	case err != nil:
		return nil, err
	case ca.Active:
		return nil, badState("CA certificate must be deactivated (not ACTIVE) before deletion. Id: %s", ca.id)
	}
	return []Change{&CACertificateRemoved{ca.id.String()}}, nil
}

// RegistrationCode is the answer to [State.GetRegistrationCode].
type RegistrationCode struct {
	Code string `json:"registrationCode"`
}

// GetRegistrationCode returns the registration code, and creates it if there is none.
func (st *State) GetRegistrationCode(*struct{}) (RegistrationCode, []Change, error) {
	if st.code != "" {
		return RegistrationCode{st.code}, nil, nil
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return RegistrationCode{}, nil, err
	}
	code := hex.EncodeToString(random)
	return RegistrationCode{code}, []Change{&RegistrationCodeSet{code}}, nil
}
