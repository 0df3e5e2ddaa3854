package sandbox

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"time"
)

type certificateRef struct {
	ARN string `json:"certificateArn"`
	ID  string `json:"certificateId"`
}

func registerCertificateWithoutCA(s *Server, c *call) (any, error) {
	var in struct {
		CertificatePEM string `json:"certificatePem"`
		Status         string `json:"status"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	want, err := wantStatus("status", or(in.Status, "INACTIVE"))
	if err != nil {
		return nil, err
	}
	der, err := accept(in.CertificatePEM, c.strict, time.Now())
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(der)
	c.key = hex.EncodeToString(id[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	ref := certificateRef{s.registry.arn("cert", c.key), c.key}
	if s.registry.certificates[id] != nil {
		return nil, exists(ref.ID, ref.ARN, "The certificate is already provisioned or registered")
	}
	rec := record{kind: kindCertificate, fields: []string{string(der), want.String(), "", "1"}}
	if err := s.commit(c, rec); err != nil {
		return nil, err
	}
	return ref, nil
}

// certificate finds one by the ID in the path.
func (s *Server) certificate(id string) (*certificate, error) {
	if n := len(id); n != hex.EncodedLen(sha256.Size) {
		return nil, failed(id, "certificateId", "Member must have length equal to 64")
	}
	if _, err := hex.DecodeString(id); err != nil {
		return nil, failed(id, "certificateId", "Member must satisfy regular expression pattern: (0x)?[a-fA-F0-9]+")
	}
	if c := s.registry.lookUp(id); c != nil {
		return c, nil
	}
	return nil, notFound("The certificate %s does not exist", id)
}

func describeCertificate(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, err := s.certificate(c.key)
	if err != nil {
		return nil, err
	}
	type validity struct {
		NotBefore epoch `json:"notBefore"`
		NotAfter  epoch `json:"notAfter"`
	}
	type description struct {
		certificateRef
		Status           string   `json:"status"`
		PEM              string   `json:"certificatePem"`
		OwnedBy          string   `json:"ownedBy"`
		CreationDate     epoch    `json:"creationDate"`
		LastModifiedDate epoch    `json:"lastModifiedDate"`
		CustomerVersion  uint32   `json:"customerVersion"`
		GenerationID     string   `json:"generationId"`
		Validity         validity `json:"validity"`
		Mode             string   `json:"certificateMode"`
	}
	parsed, err := x509.ParseCertificate([]byte(found.der))
	if err != nil {
		return nil, err
	}
	return map[string]description{"certificateDescription": {
		certificateRef:   certificateRef{found.arn(s.registry), found.hexID()},
		Status:           found.status.String(),
		PEM:              string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(found.der)})),
		OwnedBy:          s.registry.account,
		CreationDate:     epoch(found.created),
		LastModifiedDate: epoch(found.modified),
		CustomerVersion:  found.version,
		GenerationID:     hex.EncodeToString(found.id[:16]),
		Validity:         validity{epoch(parsed.NotBefore.UnixMilli()), epoch(parsed.NotAfter.UnixMilli())},
		Mode:             "SNI_ONLY",
	}}, nil
}

func listCertificates(s *Server, c *call) (any, error) {
	p, err := c.markers()
	if err != nil {
		return nil, err
	}
	type summary struct {
		certificateRef
		Status       string `json:"status"`
		Mode         string `json:"certificateMode"`
		CreationDate epoch  `json:"creationDate"`
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	items, next := list(&s.registry.certificateList, s.lagging(), p, func(c *certificate) summary {
		return summary{certificateRef{c.arn(s.registry), c.hexID()}, c.status.String(), "SNI_ONLY", epoch(c.created)}
	})
	return struct {
		Certificates []summary `json:"certificates"`
		NextMarker   string    `json:"nextMarker,omitempty"`
	}{items, next}, nil
}

func updateCertificate(s *Server, c *call) (any, error) {
	c.key = c.param
	want, err := wantStatus("newStatus", c.query("newStatus"))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.certificate(c.key)
	switch {
	case err != nil:
		return nil, err
	case found.status == want:
		return nil, nil
	case found.status == revoked:
		return nil, badState("The certificate is revoked and its status cannot be changed. Id: %s", found.hexID())
	}
	return nil, s.commit(c, record{kind: kindCertificateStatus, fields: []string{found.hexID(), want.String()}})
}

func deleteCertificate(s *Server, c *call) (any, error) {
	c.key = c.param
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.certificate(c.key)
	if err != nil {
		return nil, err
	}
	id := found.hexID()
	switch {
	case found.status == active:
		return nil, badState("Certificate must be deactivated (not ACTIVE) before deletion. Id: %s", id)
	case found.things.len() > 0:
		return nil, deleteConflict("Things must be detached before deletion (arn: %s)", found.arn(s.registry))
	case found.policies.len() > 0 && c.query("forceDelete") != "true":
		return nil, deleteConflict("Certificate policies must be detached before deletion (arn: %s)", found.arn(s.registry))
	}
	return nil, s.commit(c, record{kind: kindCertificateGone, fields: []string{id}})
}
