package iot

// Status is the status of a certificate in AWS IoT. An import sets StatusActive
// or StatusInactive; AWS may answer others.
type Status string

// Statuses of a certificate.
const (
	StatusActive   Status = "ACTIVE"
	StatusInactive Status = "INACTIVE"
	StatusRevoked  Status = "REVOKED"
)
