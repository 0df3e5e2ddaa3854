package manifest

import (
	"bytes"
	"encoding/binary"
)

// An element is one DER element (X.690, 8.1): its tag, its content, and all its bytes.
type element struct {
	tag       byte
	body, raw []byte
}

// Tags of DER elements.
const (
	tagInteger         = 0x02
	tagOctetString     = 0x04
	tagOID             = 0x06
	tagUTF8String      = 0x0c
	tagUniversalString = 0x1c
	tagSequence        = 0x30
	tagVersion         = 0xa0 // [0] of TBSCertificate
)

// cutElement cuts the first element off der. ok is false if there is none with a
// tag of one byte and a definite length.
func cutElement(der []byte) (e element, rest []byte, ok bool) {
	if len(der) < 2 || der[0]&0x1f == 0x1f {
		return e, nil, false
	}
	size, at := int(der[1]), 2
	if size >= 0x80 {
		n := size & 0x7f
		if n == 0 || n > 4 || len(der) < at+n {
			return e, nil, false
		}
		size = 0
		for _, b := range der[at : at+n] {
			size = size<<8 | int(b)
		}
		at += n
	}
	if size < 0 || size > len(der)-at {
		return e, nil, false
	}
	end := at + size
	return element{der[0], der[at:end], der[:end]}, der[end:], true
}

// elements returns the elements of which der consists, at most limit.
func elements(der []byte, limit int) (all []element, ok bool) {
	for len(der) > 0 {
		e, rest, ok := cutElement(der)
		if !ok || len(all) == limit {
			return nil, false
		}
		all, der = append(all, e), rest
	}
	return all, true
}

// isDER reports whether the length has the only encoding that DER allows. Code that
// encodes an element again must know, as nothing shows the difference afterwards.
func (e element) isDER() bool { return bytes.Equal(e.raw, newElement(e.tag, e.body).raw) }

// newElement encodes an element.
func newElement(tag byte, body []byte) element {
	raw := []byte{tag}
	if n := len(body); n < 0x80 {
		raw = append(raw, byte(n))
	} else {
		size := bytes.TrimLeft(binary.BigEndian.AppendUint64(nil, uint64(n)), "\x00")
		raw = append(append(raw, 0x80|byte(len(size))), size...)
	}
	raw = append(raw, body...)
	return element{tag, raw[len(raw)-len(body):], raw}
}
