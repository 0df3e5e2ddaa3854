package registry

import (
	"net/http"
	"time"
)

// A Transfer of a certificate to another account. The dates are in Unix milliseconds, and 0 if that never happened.
type Transfer struct {
	To           string `json:"to"`
	Message      string `json:"message,omitempty"`
	Date         int64  `json:"date"`
	Accepted     int64  `json:"accepted,omitempty"`
	Rejected     int64  `json:"rejected,omitempty"`
	RejectReason string `json:"rejectReason,omitempty"`
}

type transferData struct {
	Message      string `json:"transferMessage,omitempty"`
	RejectReason string `json:"rejectReason,omitempty"`
	Date         Epoch  `json:"transferDate"`
	AcceptDate   Epoch  `json:"acceptDate,omitempty"`
	RejectDate   Epoch  `json:"rejectDate,omitempty"`
}

func (t *Transfer) data() transferData {
	return transferData{t.Message, t.RejectReason, Epoch(t.Date), Epoch(t.Accepted), Epoch(t.Rejected)}
}

// TransferCertificate are the parameters of [State.TransferCertificate].
type TransferCertificate struct {
	ID      string `json:"-" path:""`
	Account string `json:"-" query:"targetAwsAccount"`
	Message string `json:"transferMessage"`
}

// TransferCertificate offers a certificate to another account.
func (st *State) TransferCertificate(in *TransferCertificate) (map[string]string, []Change, error) {
	c, err := st.certificateInPath(in.ID)
	switch {
	case err != nil:
		return nil, nil, err
	case in.Account == st.Account:
		return nil, nil, Invalid("A certificate cannot be transferred to the account that owns it")
	case c.status == active:
		return nil, nil, badState("Certificate must be deactivated (not ACTIVE) before transfer. Id: %s", c.id)
	case c.status == revoked:
		return nil, nil, badState("The certificate is revoked and cannot be transferred. Id: %s", c.id)
	case c.status == pendingTransfer:
		return nil, nil, transferConflict("The certificate is already being transferred. Id: %s", c.id)
	case c.policies.len() > 0:
		return nil, nil, transferConflict("Certificate policies must be detached before transfer (arn: %s)", c.arn(st))
	case c.things.len() > 0:
		return nil, nil, transferConflict("Things must be detached before transfer (arn: %s)", c.arn(st))
	}
	offer := Transfer{To: in.Account, Message: in.Message, Date: time.Now().UnixMilli()}
	return map[string]string{"transferredCertificateArn": c.arn(st)},
		[]Change{&CertificateTransferred{c.id.String(), pendingTransfer.String(), offer}}, nil
}

func transferConflict(format string, args ...any) *APIError {
	return Refuse(http.StatusConflict, "TransferConflictException", format, args...)
}

// pendingOffer returns a certificate that is being transferred.
func (st *State) pendingOffer(id string) (*certificate, error) {
	c, err := st.certificateInPath(id)
	switch {
	case err != nil:
		return nil, err
	case c.status == pendingTransfer:
		return c, nil
	case c.transfer != nil && c.transfer.Accepted > 0:
		return nil, Refuse(http.StatusGone, "TransferAlreadyCompletedException", "The transfer is already completed. Id: %s", c.id)
	}
	return nil, Invalid("The certificate is not being transferred. Id: %s", c.id)
}

// AcceptCertificateTransfer are the parameters of [State.AcceptCertificateTransfer].
type AcceptCertificateTransfer struct {
	ID        string `json:"-" path:""`
	SetActive string `json:"-" query:"setAsActive"`
}

// AcceptCertificateTransfer completes a transfer, as the account that receives the certificate.
func (st *State) AcceptCertificateTransfer(in *AcceptCertificateTransfer) ([]Change, error) {
	c, err := st.pendingOffer(in.ID)
	if err != nil {
		return nil, err
	}
	offer, status := *c.transfer, inactive
	offer.Accepted = time.Now().UnixMilli()
	if in.SetActive == "true" {
		status = active
	}
	return []Change{&CertificateTransferred{c.id.String(), status.String(), offer}}, nil
}

// RejectCertificateTransfer are the parameters of [State.RejectCertificateTransfer].
type RejectCertificateTransfer struct {
	ID     string `json:"-" path:""`
	Reason string `json:"rejectReason"`
}

// RejectCertificateTransfer ends a transfer, as the account that would receive the certificate.
func (st *State) RejectCertificateTransfer(in *RejectCertificateTransfer) ([]Change, error) {
	c, err := st.pendingOffer(in.ID)
	if err != nil {
		return nil, err
	}
	offer := *c.transfer
	offer.Rejected, offer.RejectReason = time.Now().UnixMilli(), in.Reason
	return []Change{&CertificateTransferred{c.id.String(), inactive.String(), offer}}, nil
}

// CancelCertificateTransfer ends a transfer, as the account that owns the certificate.
func (st *State) CancelCertificateTransfer(in *DescribeCertificate) ([]Change, error) {
	c, err := st.pendingOffer(in.ID)
	if err != nil {
		return nil, err
	}
	return []Change{&CertificateTransferred{c.id.String(), inactive.String(), *c.transfer}}, nil
}

// An OutgoingCertificate is a certificate that is being transferred.
type OutgoingCertificate struct {
	CertificateRef
	To           string `json:"transferredTo"`
	Date         Epoch  `json:"transferDate"`
	Message      string `json:"transferMessage,omitempty"`
	CreationDate Epoch  `json:"creationDate"`
}

// ListOutgoingCertificates lists the certificates whose transfer is pending.
func (st *State) ListOutgoingCertificates(in *ListCertificates) (out Page[OutgoingCertificate], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	return collect(st.certificates.order.all(st.lagging(), p), p, func(c *certificate) (out OutgoingCertificate, ok bool) {
		if c.status != pendingTransfer {
			return out, false
		}
		return OutgoingCertificate{c.ref(st), c.transfer.To, Epoch(c.transfer.Date), c.transfer.Message, Epoch(c.created)}, true
	}), nil
}

// CertificateTransferred is a [Change]. It begins or ends a transfer.
type CertificateTransferred struct {
	ID       string   `json:"id"`
	Status   string   `json:"status"`
	Transfer Transfer `json:"transfer"`
}

func (a *CertificateTransferred) apply(st *State, at stamp) bool {
	c := st.certificate(a.ID)
	status, ok := parseStatus(a.Status)
	if c == nil || !ok {
		return false
	}
	c.status, c.modified, c.transfer = status, at.at, &a.Transfer
	c.version++
	return true
}
