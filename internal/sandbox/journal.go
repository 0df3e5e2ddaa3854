package sandbox

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// journalMagic opens a state file. The number changes with the format.
const journalMagic = "thingpress sandbox state 1\n"

// ErrLocked is returned by [New] when another sandbox has the state file open.
var ErrLocked = errors.New("the state is in use by another sandbox")

// journal is the state file: an append-only list of records. Each change is
// written with one write call before it is answered, so that whatever ends the
// process loses nothing that was answered; it is not synchronized to the disk
// call by call, so that a loss of power may cost the last seconds.
type journal struct {
	path string
	file *os.File
	lock *flock.Flock
	buf  []byte
}

// openJournal locks the file, replays it into the registry and returns how many
// records it holds. What follows the last whole record is cut off: it was never
// answered.
func openJournal(path string, r *registry) (*journal, int, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, 0, err
	}
	j := &journal{path: path, lock: flock.New(path + ".lock")}
	ok, err := j.lock.TryLock()
	if err != nil {
		return nil, 0, fmt.Errorf("lock: %w", err)
	}
	if !ok {
		return nil, 0, ErrLocked
	}
	records, err := j.load(r)
	if err != nil {
		return nil, 0, errors.Join(err, j.close())
	}
	return j, records, nil
}

func (j *journal) load(r *registry) (records int, err error) {
	if j.file, err = os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return 0, err
	}
	end, records, err := replay(j.file, r)
	if err != nil {
		return 0, err
	}
	if err := j.file.Truncate(end); err != nil {
		return 0, err
	}
	_, err = j.file.Seek(end, io.SeekStart)
	return records, err
}

// replay applies every whole record and returns where the last one ends.
func replay(in io.Reader, r *registry) (end int64, records int, err error) {
	b := bufio.NewReaderSize(in, 1<<20)
	magic := make([]byte, len(journalMagic))
	n, err := io.ReadFull(b, magic)
	switch {
	case string(magic[:n]) != journalMagic[:n]:
		return 0, 0, errors.New("not the state of a sandbox, or of another version")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return 0, 0, nil
	case err != nil:
		return 0, 0, err
	}
	end = int64(len(magic))
	for {
		payload, err := readFrame(b)
		if errors.Is(err, io.EOF) {
			return end, records, nil
		}
		if err != nil {
			return 0, 0, err
		}
		var rec record
		if err := rec.parse(payload); err != nil {
			return 0, 0, fmt.Errorf("record %d at byte %d: %w", records, end, err)
		}
		if err := r.apply(&rec); err != nil {
			return 0, 0, fmt.Errorf("record %d at byte %d: %w", records, end, err)
		}
		end += int64(frameHeader + len(payload))
		records++
	}
}

// readFrame returns io.EOF at the end and at a frame that is torn: short, or
// with a wrong checksum and nothing behind it. Damage in the middle is an error,
// since cutting there would lose what was answered.
func readFrame(b *bufio.Reader) (string, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(b, head[:]); err != nil {
		return "", io.EOF
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxPayload {
		return "", damage(b)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(b, payload); err != nil {
		return "", io.EOF
	}
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return "", damage(b)
	}
	return string(payload), nil
}

func damage(b *bufio.Reader) error {
	if _, err := b.Peek(1); errors.Is(err, io.EOF) {
		return io.EOF
	}
	return errors.New("the state file is damaged in the middle")
}

// write appends records with one write call.
func (j *journal) write(records []record) error {
	j.buf = j.buf[:0]
	for i := range records {
		j.buf = records[i].append(j.buf)
	}
	_, err := j.file.Write(j.buf)
	return err
}

// rewrite replaces the file by one with the records that a registry amounts to.
func (j *journal) rewrite(r *registry) (err error) {
	next, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = next.Close() // it is not used
			_ = os.Remove(j.path + ".new")
		}
	}()
	out := bufio.NewWriterSize(next, 1<<20)
	_, _ = out.WriteString(journalMagic) // bufio keeps the first error for Flush
	for rec := range r.records() {
		j.buf = rec.append(j.buf[:0])
		_, _ = out.Write(j.buf)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := next.Sync(); err != nil {
		return err
	}
	if err := os.Rename(j.path+".new", j.path); err != nil {
		return err
	}
	_ = j.file.Close() // of the replaced file: nothing is left to lose
	j.file = next
	return nil
}

func (j *journal) close() error {
	var errs []error
	if j.file != nil {
		errs = append(errs, j.file.Sync(), j.file.Close())
	}
	// The lock's file stays: removing it would let two processes hold locks of
	// two files of one name.
	return errors.Join(append(errs, j.lock.Unlock())...)
}
