// Package mqtt reads and writes packets of MQTT 3.1.1 and 5 within the limits of AWS IoT, for both ends of
// a connection. The codec is that of mochi-mqtt.
package mqtt

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/mochi-mqtt/server/v2/packets"
)

// Versions, as the protocol numbers them.
const (
	Version31  = 3
	Version311 = 4
	Version5   = 5
)

const (
	// MaxPayload is the size limit of a message (AWS IoT Core quotas).
	MaxPayload = 128 << 10
	// MaxPacket is the size limit of a packet. A message has its topic and properties in addition to its payload.
	MaxPacket = MaxPayload + 16<<10
)

// ErrTooLarge reports a packet of more than [MaxPacket] bytes.
var ErrTooLarge = errors.New("the packet is larger than AWS IoT accepts")

// Read reads a packet. The version is that of the connection; 0 before CONNECT.
func Read(r *bufio.Reader, version byte) (packets.Packet, error) {
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
	if pk.FixedHeader.Remaining > MaxPacket {
		return pk, ErrTooLarge
	}
	body := make([]byte, pk.FixedHeader.Remaining)
	if _, err := io.ReadFull(r, body); err != nil {
		return pk, err
	}
	switch pk.FixedHeader.Type {
	case packets.Connect:
		err = pk.ConnectDecode(body)
	case packets.Connack:
		err = pk.ConnackDecode(body)
	case packets.Publish:
		err = pk.PublishDecode(body)
	case packets.Puback:
		err = pk.PubackDecode(body)
	case packets.Subscribe:
		err = pk.SubscribeDecode(body)
	case packets.Suback:
		err = pk.SubackDecode(body)
	case packets.Unsubscribe:
		err = pk.UnsubscribeDecode(body)
	case packets.Disconnect:
		err = pk.DisconnectDecode(body)
	}
	return pk, err
}

// Encode returns the bytes of a packet.
func Encode(pk packets.Packet, version byte) ([]byte, error) {
	pk.ProtocolVersion = version
	var b bytes.Buffer
	var err error
	switch pk.FixedHeader.Type {
	case packets.Connect:
		err = pk.ConnectEncode(&b)
	case packets.Connack:
		err = pk.ConnackEncode(&b)
	case packets.Publish:
		err = pk.PublishEncode(&b)
	case packets.Puback:
		err = pk.PubackEncode(&b)
	case packets.Subscribe:
		pk.FixedHeader.Qos = 1 // the bits that a SUBSCRIBE must have
		err = pk.SubscribeEncode(&b)
	case packets.Suback:
		err = pk.SubackEncode(&b)
	case packets.Unsuback:
		err = pk.UnsubackEncode(&b)
	case packets.Pingreq:
		err = pk.PingreqEncode(&b)
	case packets.Pingresp:
		err = pk.PingrespEncode(&b)
	case packets.Disconnect:
		err = pk.DisconnectEncode(&b)
	}
	return b.Bytes(), err
}
