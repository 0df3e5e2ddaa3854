// Package journal keeps an append-only list of records in a file. An appended record survives
// the end of the process, however it ends. Records are not synced one by one, so a power
// failure may cost the last seconds.
//
// The file is text. The first line names the version. Each further line is the CRC-32C of a
// record in eight hex digits, a space, and the record.
package journal

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/thingpress/thingpress/internal/filelock"
)

// Version is the version that [Journal.Append] writes; [Open] also reads version 1.
const Version = 2

// MaxRecord is the size limit of a record in bytes. It is above the size of any call: a body of
// 1 MiB of which every byte is escaped.
const MaxRecord = 8 << 20

const magic = "thingpress sandbox state 2\n"

var (
	// ErrLocked is wrapped by the error of [Open] if another process has the file open.
	ErrLocked = errors.New("the state is in use by another sandbox")
	// ErrTooLarge is wrapped by the error of a record above [MaxRecord].
	ErrTooLarge = errors.New("the record is too large")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Journal is an open file. Its methods must not be called concurrently.
type Journal struct {
	lock   *filelock.Lock
	file   file  // of the lock
	end    int64 // of the last complete record
	line   []byte
	broken error
}

// file is the part of an [os.File] that a journal needs.
type file interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
}

// Open locks the file, after creating it if it is missing, and calls read for every record with
// the version that wrote it. It cuts off an incomplete record at the end, whose Append never
// returned. A file of version 1, or without any record, must be rewritten before the first
// Append.
func Open(path string, read func(version int, record []byte) error) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	lock, err := acquire(path)
	if err != nil {
		return nil, err
	}
	j := &Journal{lock: lock, file: lock.File}
	if j.end, err = replay(lock.File, read); err == nil {
		err = lock.File.Truncate(j.end)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return j, nil
}

// acquire locks the file, after creating it if it is missing.
func acquire(path string) (*filelock.Lock, error) {
	lock, err := filelock.Acquire(path)
	var held *filelock.HeldError
	if errors.As(err, &held) {
		err = fmt.Errorf("%w, %s", ErrLocked, held.Holder)
	}
	return lock, err
}

// Read calls read for every complete record of the file, like [Open], and neither locks nor changes
// it. Another process may append meanwhile. A file that is missing has no records.
func Read(path string, read func(version int, record []byte) error) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	_, err = replay(f, read)
	return err
}

// replay calls read for every complete record and returns the end of the last one.
func replay(in io.Reader, read func(version int, record []byte) error) (end int64, err error) {
	b := bufio.NewReaderSize(in, 1<<20)
	head := make([]byte, len(magic))
	n, err := io.ReadFull(b, head)
	version, next := Version, readLine
	switch {
	case string(head[:n]) == magicV1:
		version, next = 1, readFrame
	case string(head[:n]) != magic[:n]:
		return 0, errors.New("not the state of a sandbox, or of an unknown version")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return 0, nil
	case err != nil:
		return 0, err
	}
	end = int64(n)
	for count := 0; ; count++ {
		record, size, err := next(b)
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err == nil {
			err = read(version, record)
		}
		if err != nil {
			return 0, fmt.Errorf("record %d at byte %d: %w", count, end, err)
		}
		end += int64(size)
	}
}

// checksumSize is the length of a checksum and the space after it.
const checksumSize = 9

// readLine returns a record and the length of its line. It returns io.EOF at the end of the
// file, and for an incomplete or damaged line that is the last one.
func readLine(b *bufio.Reader) (record []byte, size int, err error) {
	line, err := b.ReadBytes('\n')
	if err != nil {
		return nil, 0, err
	}
	if len(line) > checksumSize {
		record = line[checksumSize : len(line)-1]
		var sum [4]byte
		_, err := hex.Decode(sum[:], line[:checksumSize-1])
		if err == nil && binary.BigEndian.Uint32(sum[:]) == crc32.Checksum(record, castagnoli) {
			return record, len(line), nil
		}
	}
	return nil, 0, damage(b)
}

// damage returns io.EOF if nothing follows. Damage before other records is an error, since
// cutting the file there would lose records that were acknowledged.
func damage(b *bufio.Reader) error {
	if _, err := b.Peek(1); err != nil {
		return err
	}
	return errors.New("the state file is damaged in the middle")
}

func appendLine(b, record []byte) []byte {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Checksum(record, castagnoli))
	b = append(hex.AppendEncode(b, sum[:]), ' ')
	return append(append(b, record...), '\n')
}

// Append writes a record, which must not contain a line break, with one write call. If that
// fails the file keeps its previous content. If even that cannot be achieved every later Append
// fails, so that nothing follows an incomplete record.
func (j *Journal) Append(record []byte) error {
	if j.broken != nil {
		return j.broken
	}
	if err := checkSize(record); err != nil {
		return err
	}
	j.line = appendLine(j.line[:0], record)
	if _, err := j.file.WriteAt(j.line, j.end); err != nil {
		if undo := j.file.Truncate(j.end); undo != nil {
			j.broken = fmt.Errorf("closed for writing after a failed write: %w", errors.Join(err, undo))
		}
		return err
	}
	j.end += int64(len(j.line))
	return nil
}

func checkSize(record []byte) error {
	if len(record) > MaxRecord {
		return fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, len(record), MaxRecord)
	}
	return nil
}

// Rewrite replaces the file with one that contains these records. If it fails the file keeps its
// previous content.
func (j *Journal) Rewrite(records iter.Seq2[[]byte, error]) error {
	next := j.lock.Path + ".new"
	if err := writeNew(next, records); err != nil {
		_ = os.Remove(next) // it may be missing
		return err
	}
	err := j.lock.Replace(next)
	if j.lock.File == nil {
		j.broken = fmt.Errorf("closed for writing after it was replaced: %w", err)
		return err
	}
	j.file = j.lock.File
	if err != nil {
		return err
	}
	if j.end, err = j.lock.File.Seek(0, io.SeekEnd); err != nil {
		j.broken = err
	}
	return err
}

// writeNew creates a journal. It replaces what a crash left, and does not follow a symbolic link.
func writeNew(path string, records iter.Seq2[[]byte, error]) (err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	_, _ = out.WriteString(magic) // Flush returns the first error
	var line []byte
	for record, err := range records {
		if err == nil {
			err = checkSize(record)
		}
		if err != nil {
			return err
		}
		line = appendLine(line[:0], record)
		_, _ = out.Write(line)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// Close syncs the file and releases the lock.
func (j *Journal) Close() error {
	var err error
	if j.lock.File != nil {
		err = j.file.Sync()
	}
	return errors.Join(err, j.lock.Release())
}
