package armour

import "errors"

// Tags of elements (X.690, 8.1.2).
const (
	tagInteger  = 0x02
	tagSequence = 0x30
	tagSet      = 0x31
	tagContext0 = 0xa0
	tagContext1 = 0xa1
)

// An element is an element of BER.
type element struct {
	tag   byte
	body  []byte
	whole []byte // with its header, and its end if its length is indefinite
}

var (
	errShort = errors.New("it ends in the middle of an element")
	errTag   = errors.New("an element has a tag or a length that no writer uses")
	errDeep  = errors.New("its elements of indefinite length nest too deeply")
)

// cutBER returns the first element of data, and what follows it.
func cutBER(data []byte) (e element, rest []byte, err error) { return cutNested(data, maxNesting) }

func cutNested(data []byte, depth int) (e element, rest []byte, err error) {
	switch {
	case len(data) < 2:
		return e, nil, errShort
	case data[0]&0x1f == 0x1f || data[1] > 0x84:
		return e, nil, errTag
	case data[1] == 0x80:
		return cutIndefinite(data, depth)
	}
	size, ok := DERSize(data)
	if !ok || size > len(data) {
		return e, nil, errShort
	}
	body, _ := inner(data[:size])
	return element{data[0], body, data[:size]}, data[size:], nil
}

// cutIndefinite cuts an element that ends with two zero bytes (X.690, 8.1.5).
func cutIndefinite(data []byte, depth int) (e element, rest []byte, err error) {
	const header, constructed = 2, 0x20
	switch {
	case depth == 0:
		return e, nil, errDeep
	case data[0]&constructed == 0:
		return e, nil, errTag
	}
	for rest = data[header:]; ; {
		switch {
		case len(rest) < 2:
			return e, nil, errShort
		case rest[0] == 0 && rest[1] == 0:
			end := len(data) - len(rest)
			return element{data[0], data[header:end], data[:end+2]}, rest[2:], nil
		}
		if _, rest, err = cutNested(rest, depth-1); err != nil {
			return e, nil, err
		}
	}
}

// BERSize returns the length of the element at the beginning of data, of definite or
// indefinite length; whole is false if data ends before it does, or if it is none.
func BERSize(data []byte) (size int, whole bool) {
	e, _, err := cutBER(data)
	return len(e.whole), err == nil
}
