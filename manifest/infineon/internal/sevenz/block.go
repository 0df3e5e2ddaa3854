package sevenz

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/thingpress/thingpress/manifest"
)

// A block is unpacked in one piece; 7-Zip calls it a folder.
type block struct {
	offset, packed int64 // of its packed stream in the file
	coders         []coder
	crc            uint32
	hasCRC         bool
	members        int // how many members it contains
	// problem is the reason why the block cannot be unpacked; nil if it can.
	problem error
}

// size returns the unpacked size of the block.
func (b *block) size() int64 { return b.coders[len(b.coders)-1].size }

// A coder is one method of a block. The first reads the packed stream, each other
// the output of the previous one.
type coder struct {
	method     string // the bytes of its ID
	properties []byte
	size       int64 // of its output
}

// Supported methods.
const (
	methodCopy  = "\x00"
	methodDelta = "\x03"
	methodLZMA  = "\x03\x01\x01"
	methodBCJ   = "\x03\x03\x01\x03"
	methodLZMA2 = "\x21"
	methodAES   = "\x06\xf1\x07\x01"
)

// others has methods that are known but not supported.
var others = map[string]string{
	"\x04":             "BCJ (x86, new)",
	"\x05":             "PPC filter",
	"\x06":             "IA-64 filter",
	"\x07":             "ARM filter",
	"\x08":             "ARM Thumb filter",
	"\x09":             "SPARC filter",
	"\x0a":             "ARM64 filter",
	"\x0b":             "RISC-V filter",
	"\x03\x03\x01\x1b": "BCJ2",
	"\x03\x03\x02\x05": "PPC filter",
	"\x03\x03\x04\x01": "IA-64 filter",
	"\x03\x03\x05\x01": "ARM filter",
	"\x03\x03\x07\x01": "ARM Thumb filter",
	"\x03\x03\x08\x05": "SPARC filter",
	"\x03\x04\x01":     "PPMd",
	"\x04\x01\x08":     "Deflate",
	"\x04\x01\x09":     "Deflate64",
	"\x04\x02\x02":     "BZip2",
	"\x04\xf7\x11\x01": "Zstandard",
	"\x04\xf7\x11\x02": "Brotli",
	"\x04\xf7\x11\x04": "LZ4",
	"\x04\xf7\x11\x05": "LZ5",
	"\x04\xf7\x11\x06": "Lizard",
	"\x06\x01":         "AES",
	"\x06\xf1\x01\x01": "ZIP encryption",
	"\x06\xf1\x03\x03": "RAR encryption",
}

// dictionary returns the memory for the coder's dictionary, according to its properties.
func (c *coder) dictionary() (int64, error) {
	switch c.method {
	case methodLZMA:
		if len(c.properties) != 5 || c.properties[0] >= 9*5*5 {
			return 0, manifest.Errorf(manifest.ReasonCorrupt, "the archive has LZMA properties %x", c.properties)
		}
		return int64(binary.LittleEndian.Uint32(c.properties[1:])), nil
	case methodLZMA2:
		if len(c.properties) != 1 || c.properties[0] > 40 {
			return 0, manifest.Errorf(manifest.ReasonCorrupt, "the archive has LZMA2 properties %x", c.properties)
		}
		return lzma2Dictionary(c.properties[0]), nil
	}
	return 0, nil
}

// lzma2Dictionary returns the size that the property byte of LZMA2 stands for.
func lzma2Dictionary(property byte) int64 {
	if property == 40 {
		return 1<<32 - 1
	}
	return int64(2|property&1) << (property/2 + 11)
}

// checkMethod returns an error if the coder's method is not supported.
func (c *coder) checkMethod() error {
	switch c.method {
	case methodLZMA, methodLZMA2:
		return nil
	case methodAES:
		return manifest.Errorf(manifest.ReasonEncrypted, "the archive is protected by a password (AES-256)")
	case methodCopy, methodBCJ:
		if len(c.properties) == 0 {
			return nil
		}
	case methodDelta:
		if len(c.properties) == 1 {
			return nil
		}
	}
	name, known := others[c.method]
	if !known {
		name = "0x" + hex.EncodeToString([]byte(c.method))
	}
	return manifest.Errorf(manifest.ReasonUnsupportedMethod,
		"the archive is packed with the method %s, which is not supported; pack it again with LZMA2: 7z a -m0=LZMA2", name)
}

// readBlock reads the description of a block.
func readBlock(c *cursor, limits manifest.Limits) block {
	var b block
	n := c.number()
	if n == 0 || n > maxCoders {
		c.fail(manifest.Errorf(manifest.ReasonLimitExceeded, "the archive has a block with %d methods; the limit is %d", n, maxCoders))
		return b
	}
	linear := true
	var in, out uint64
	for range n {
		first := c.byte()
		id := make([]byte, first&0x0f)
		for i := range id {
			id[i] = c.byte()
		}
		one := coder{method: string(id)}
		inputs, outputs := uint64(1), uint64(1)
		if first&0x10 != 0 {
			inputs, outputs = c.number(), c.number()
			linear = linear && inputs == 1 && outputs == 1
		}
		if inputs > 32 || outputs > 32 || first&0xc0 != 0 || len(id) > 8 {
			c.corrupt("a method with %d inputs and %d outputs", inputs, outputs)
			return b
		}
		in, out = in+inputs, out+outputs
		if first&0x20 != 0 {
			length := c.number()
			if length > maxProperties {
				c.fail(manifest.Errorf(manifest.ReasonLimitExceeded, "the archive has %d bytes of properties of a method", length))
				return b
			}
			one.properties = make([]byte, length)
			for i := range one.properties {
				one.properties[i] = c.byte()
			}
		}
		if b.problem == nil {
			b.problem = one.checkMethod()
		}
		dictionary, err := one.dictionary()
		if err != nil {
			c.fail(err)
		}
		if dictionary > limits.DictionaryBytes {
			c.fail(manifest.Exceeded(manifest.ReasonLimitExceeded,
				manifest.Limit{Name: manifest.LimitDictionaryBytes, Value: limits.DictionaryBytes, Found: dictionary},
				"the archive asks for a dictionary of %s; the limit is %s", bytesText(dictionary), bytesText(limits.DictionaryBytes)))
		}
		b.coders = append(b.coders, one)
	}
	b.bind(c, in, out, linear)
	return b
}

// bind reads the connections of the coders, which must form a chain.
func (b *block) bind(c *cursor, in, out uint64, linear bool) {
	if in == 0 || out == 0 || in < out {
		c.corrupt("methods with %d inputs and %d outputs", in, out)
		return
	}
	for i := range out - 1 {
		input, output := c.number(), c.number()
		linear = linear && input == i+1 && output == i
	}
	if linear {
		return
	}
	if b.problem == nil {
		b.problem = manifest.Errorf(manifest.ReasonUnsupportedMethod,
			"the archive connects its methods in a way that is not supported; pack it again with LZMA2: 7z a -m0=LZMA2")
	}
	c.fail(b.problem)
}

// bytesText returns a size for messages.
func bytesText(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.4g %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
