package broker

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/mochi-mqtt/server/v2/packets"
)

// MQTT versions.
const (
	version3  = 3 // 3.1
	version31 = 4 // 3.1.1
	version5  = 5
)

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

// maxPacket is the size limit of a packet. A message has its topic and properties in addition to its payload.
const maxPacket = maxPayload + 16<<10

var errTooLarge = errors.New("the packet is larger than AWS IoT accepts")

// readPacket reads a packet. The version is that of the connection; 0 before CONNECT.
func readPacket(r *bufio.Reader, version byte) (packets.Packet, error) {
	pk := packets.Packet{ProtocolVersion: version}
	first, err := r.ReadByte()
	if err != nil {
		return pk, err
	}
	if err := pk.FixedHeader.Decode(first); err != nil {
		return pk, err
	}
	if pk.FixedHeader.Remaining, _, err = packets.DecodeLength(r); err != nil {
		return pk, err
	}
	if pk.FixedHeader.Remaining > maxPacket {
		return pk, errTooLarge
	}
	body := make([]byte, pk.FixedHeader.Remaining)
	if _, err := io.ReadFull(r, body); err != nil {
		return pk, err
	}
	switch pk.FixedHeader.Type {
	case packets.Connect:
		err = pk.ConnectDecode(body)
	case packets.Publish:
		err = pk.PublishDecode(body)
	case packets.Puback:
		err = pk.PubackDecode(body)
	case packets.Subscribe:
		err = pk.SubscribeDecode(body)
	case packets.Unsubscribe:
		err = pk.UnsubscribeDecode(body)
	case packets.Disconnect:
		err = pk.DisconnectDecode(body)
	}
	return pk, err
}

// encode returns the bytes of a packet.
func encode(pk packets.Packet, version byte) ([]byte, error) {
	pk.ProtocolVersion = version
	var b bytes.Buffer
	var err error
	switch pk.FixedHeader.Type {
	case packets.Connack:
		err = pk.ConnackEncode(&b)
	case packets.Publish:
		err = pk.PublishEncode(&b)
	case packets.Puback:
		err = pk.PubackEncode(&b)
	case packets.Suback:
		err = pk.SubackEncode(&b)
	case packets.Unsuback:
		err = pk.UnsubackEncode(&b)
	case packets.Pingresp:
		err = pk.PingrespEncode(&b)
	case packets.Disconnect:
		err = pk.DisconnectEncode(&b)
	}
	return b.Bytes(), err
}
