package material

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/big"

	"github.com/google/uuid"
)

// A seed is the source of everything that looks random: HMAC-SHA-256 under a key
// derived from the user's text.
type seed struct{ key []byte }

func newSeed(text string) seed {
	sum := sha256.Sum256([]byte("thingpress generate 1\x00" + text))
	return seed{sum[:]}
}

// bytes returns n bytes for a purpose and an index.
func (s seed) bytes(purpose string, index, n int) []byte {
	out := make([]byte, 0, n+sha256.Size)
	head := binary.BigEndian.AppendUint64(append([]byte(purpose), 0), uint64(index))
	for block := uint32(0); len(out) < n; block++ {
		mac := hmac.New(sha256.New, s.key)
		mac.Write(head)
		mac.Write(binary.BigEndian.AppendUint32(nil, block))
		out = mac.Sum(out)
	}
	return out[:n]
}

// hex returns n bytes as lower-case hex.
func (s seed) hex(purpose string, index, n int) string {
	return hex.EncodeToString(s.bytes(purpose, index, n))
}

// uuid returns a random UUID (version 4, RFC 9562) derived from the seed.
func (s seed) uuid(purpose string, index int) string {
	id := uuid.UUID(s.bytes(purpose, index, 16))
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

// number returns a number below limit. Its bias is below 2⁻³².
func (s seed) number(purpose string, index int, limit uint32) uint32 {
	return uint32(binary.BigEndian.Uint64(s.bytes(purpose, index, 8)) % uint64(limit))
}

// serial returns a positive serial number of exactly n bytes.
func (s seed) serial(purpose string, index, n int) *big.Int {
	raw := s.bytes(purpose, index, n)
	raw[0] = raw[0]&0x3f | 0x40
	return new(big.Int).SetBytes(raw)
}

// counter returns four bytes that differ for every index of one seed: the index
// itself after a prefix that depends on the seed.
func (s seed) counter(purpose string, index int) []byte {
	start := binary.BigEndian.Uint32(s.bytes(purpose, 0, 4))
	return binary.BigEndian.AppendUint32(nil, start+uint32(index))
}
