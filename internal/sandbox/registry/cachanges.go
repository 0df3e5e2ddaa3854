package registry

import "github.com/thingpress/thingpress/manifest"

// CACertificateAdded is a [Change]. Modified is zero in a new certificate.
type CACertificateAdded struct {
	DER      []byte `json:"der"`
	Modified int64  `json:"modified,omitempty"`
	CASettings
}

func (a *CACertificateAdded) apply(st *State, at stamp) bool {
	id := manifest.CertificateIDOf(a.DER)
	parsed, err := manifest.ParseCertificate(a.DER)
	if err != nil || st.cas.by[id] != nil {
		return false
	}
	ca := &caCertificate{
		id: id, seq: at.seq, der: a.DER, subject: string(parsed.RawSubject), created: at.at, modified: a.Modified, CASettings: a.CASettings,
	}
	if ca.modified == 0 {
		ca.modified = at.at
	}
	st.cas.add(id, at.seq, ca)
	return true
}

// CACertificateUpdated is a [Change].
type CACertificateUpdated struct {
	ID string `json:"id"`
	CASettings
}

func (a *CACertificateUpdated) apply(st *State, at stamp) bool {
	ca, err := st.caInPath(a.ID)
	if err != nil {
		return false
	}
	ca.CASettings, ca.modified = a.CASettings, at.at
	return true
}

// CACertificateRemoved is a [Change].
type CACertificateRemoved struct {
	ID string `json:"id"`
}

func (a *CACertificateRemoved) apply(st *State, at stamp) bool {
	ca, err := st.caInPath(a.ID)
	if err != nil {
		return false
	}
	delete(st.cas.by, ca.id)
	delete(st.tags, "cacert/"+ca.id.String())
	drop(&st.lag, &st.cas.order, ca.seq, at.at)
	return true
}

// RegistrationCodeSet is a [Change].
type RegistrationCodeSet struct {
	Code string `json:"code"`
}

func (a *RegistrationCodeSet) apply(st *State, _ stamp) bool {
	st.code = a.Code
	return true
}
