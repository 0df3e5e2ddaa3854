package sandbox

// status of a certificate, of those that a registry without transfers knows.
type status byte

const (
	inactive status = iota
	active
	revoked
)

func (s status) String() string {
	switch s {
	case active:
		return "ACTIVE"
	case revoked:
		return "REVOKED"
	}
	return "INACTIVE"
}

// parseStatus reads a journalled status.
func parseStatus(s string) status {
	switch s {
	case "ACTIVE":
		return active
	case "REVOKED":
		return revoked
	}
	return inactive
}

// wantStatus reads a status that a caller asks for. REGISTER_INACTIVE is the
// deprecated way to ask for INACTIVE; the PENDING ones are AWS's own.
func wantStatus(member, s string) (status, error) {
	switch s {
	case "ACTIVE", "INACTIVE", "REVOKED":
		return parseStatus(s), nil
	case "REGISTER_INACTIVE":
		return inactive, nil
	case "PENDING_TRANSFER", "PENDING_ACTIVATION":
		return 0, invalid("%s %s cannot be set", member, s)
	}
	return 0, failed(s, member, "Member must satisfy enum value set: [ACTIVE, PENDING_ACTIVATION, INACTIVE, PENDING_TRANSFER, REGISTER_INACTIVE, REVOKED]")
}
