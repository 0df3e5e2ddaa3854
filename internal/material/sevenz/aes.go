package sevenz

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// cyclesPower is the binary logarithm of the number of rounds for deriving the key.
const cyclesPower = 19

// An encryption is AES-256 in CBC mode (method 06F10701, "7zAES"). It encrypts
// whole blocks, and pads the last one with zeros.
type encryption struct {
	w     io.Writer
	iv    [16]byte
	mode  cipher.BlockMode
	plain uint64
	rest  []byte
}

func newEncryption(w io.Writer, password string, iv [16]byte) *encryption {
	var secret []byte
	for _, unit := range utf16.Encode([]rune(password)) {
		secret = binary.LittleEndian.AppendUint16(secret, unit)
	}
	hash := sha256.New()
	var rounds []byte // hashing some at a time is faster
	for round := range uint64(1) << cyclesPower {
		rounds = binary.LittleEndian.AppendUint64(append(rounds, secret...), round)
		if round%512 == 511 {
			hash.Write(rounds)
			rounds = rounds[:0]
		}
	}
	block, err := aes.NewCipher(hash.Sum(nil))
	if err != nil {
		panic("sevenz: " + err.Error()) // a key of 32 bytes is valid
	}
	return &encryption{w: w, iv: iv, mode: cipher.NewCBCEncrypter(block, iv[:])}
}

// coder describes the method: no salt, an IV of sixteen bytes.
func (e *encryption) coder() []byte {
	return append([]byte{0x24, 0x06, 0xf1, 0x07, 0x01, 18, 0x40 | cyclesPower, 0x0f}, e.iv[:]...)
}

func (e *encryption) Write(p []byte) (int, error) {
	e.plain += uint64(len(p))
	e.rest = append(e.rest, p...)
	whole := e.rest[:len(e.rest)/aes.BlockSize*aes.BlockSize]
	e.mode.CryptBlocks(whole, whole)
	if _, err := e.w.Write(whole); err != nil {
		return 0, err
	}
	e.rest = append(e.rest[:0], e.rest[len(whole):]...)
	return len(p), nil
}

// Close writes the rest.
func (e *encryption) Close() error {
	_, err := e.Write(make([]byte, -len(e.rest)&(aes.BlockSize-1)))
	return err
}
