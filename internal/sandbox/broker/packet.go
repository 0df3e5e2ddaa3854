package broker

// Reason codes of MQTT 5 that AWS IoT Core documents.
const (
	codeSuccess       = 0x00
	codeUnspecified   = 0x80
	codeMalformed     = 0x81
	codeProtocolError = 0x82
	codeUnsupported   = 0x84
	codeBadClientID   = 0x85
	codeNotAuthorized = 0x87
	codeKeepAlive     = 0x8D
	codeTakenOver     = 0x8E
	codeBadFilter     = 0x8F
	codeBadTopic      = 0x90
	codeTooLarge      = 0x95
	codeQuota         = 0x97
	codeAdministrator = 0x98
	codeQoS           = 0x9B
	codeNoIdentifiers = 0xA1
	failed31          = 0x80 // of a SUBACK
	unsupportedIn31   = 0x01 // of a CONNACK
	badClientIDIn31   = 0x02
)
