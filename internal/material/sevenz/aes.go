package sevenz

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// cyclesPower is the exponent of the number of rounds that derive the key.
const cyclesPower = 19

// An encryption is AES-256 in CBC mode (method 06F10701, "7zAES").
type encryption struct {
	block cipher.Block
	iv    [16]byte
}

func newEncryption(password string, iv [16]byte) *encryption {
	var secret []byte
	for _, unit := range utf16.Encode([]rune(password)) {
		secret = binary.LittleEndian.AppendUint16(secret, unit)
	}
	hash := sha256.New()
	var rounds []byte // some at a time, which hashes faster
	for round := range uint64(1) << cyclesPower {
		rounds = binary.LittleEndian.AppendUint64(append(rounds, secret...), round)
		if round%512 == 511 {
			hash.Write(rounds)
			rounds = rounds[:0]
		}
	}
	block, err := aes.NewCipher(hash.Sum(nil))
	if err != nil {
		panic("sevenz: " + err.Error()) // a key of 32 bytes is one
	}
	return &encryption{block, iv}
}

// coder describes the method: no salt, an IV of sixteen bytes.
func (e *encryption) coder() []byte {
	return append([]byte{0x24, 0x06, 0xf1, 0x07, 0x01, 18, 0x40 | cyclesPower, 0x0f}, e.iv[:]...)
}

func (e *encryption) writer(w io.Writer) *cipherWriter {
	return &cipherWriter{w: w, mode: cipher.NewCBCEncrypter(e.block, e.iv[:])}
}

// A cipherWriter encrypts whole blocks, and pads the last one with zeros.
type cipherWriter struct {
	w    io.Writer
	mode cipher.BlockMode
	rest []byte
}

func (c *cipherWriter) Write(p []byte) (int, error) {
	c.rest = append(c.rest, p...)
	whole := len(c.rest) / aes.BlockSize * aes.BlockSize
	if whole == 0 {
		return len(p), nil
	}
	c.mode.CryptBlocks(c.rest[:whole], c.rest[:whole])
	if _, err := c.w.Write(c.rest[:whole]); err != nil {
		return 0, err
	}
	c.rest = append(c.rest[:0], c.rest[whole:]...)
	return len(p), nil
}

// Close writes what is left.
func (c *cipherWriter) Close() error {
	if len(c.rest) == 0 {
		return nil
	}
	_, err := c.Write(make([]byte, aes.BlockSize-len(c.rest)))
	return err
}
