package engine

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"iter"

	"github.com/thingpress/thingpress/internal/spool"
)

// A nameList is a list of names in a temporary file.
type nameList struct {
	file    *spool.File
	buffer  *bufio.Writer
	encoder *json.Encoder // names of a foreign endpoint may have line ends
	count   int
}

func newNameList() (*nameList, error) {
	file, err := spool.Create("")
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriter(file)
	return &nameList{file: file, buffer: buffer, encoder: json.NewEncoder(buffer)}, nil
}

func (l *nameList) add(name string) error {
	l.count++
	return l.encoder.Encode(name)
}

// all yields the names. Nothing may be added afterwards.
func (l *nameList) all() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := l.buffer.Flush()
		if err == nil {
			_, err = l.file.Seek(0, io.SeekStart)
		}
		for d := json.NewDecoder(bufio.NewReader(l.file)); ; {
			var name string
			if err == nil {
				err = d.Decode(&name)
			}
			if errors.Is(err, io.EOF) || !yield(name, err) || err != nil {
				return
			}
		}
	}
}

func (l *nameList) close() { _ = l.file.Close() } // the file is gone

// A fingerprint stands for a name: half of its SHA-256.
type fingerprint [sha256.Size / 2]byte

func fingerprintOf(name string) fingerprint {
	sum := sha256.Sum256([]byte(name))
	return fingerprint(sum[:])
}

func (f fingerprint) compare(other fingerprint) int { return bytes.Compare(f[:], other[:]) }
