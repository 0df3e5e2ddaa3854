package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// openFresh opens a journal without records.
func openFresh(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := Open(path, func(int, []byte) error { return errors.New("a record in a new file") })
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Rewrite(func(func([]byte, error) bool) {}); err != nil {
		t.Fatal(err)
	}
	return j
}

// kept returns the records of a file that no other journal has open.
func kept(t *testing.T, path string) (records []string) {
	t.Helper()
	j, err := Open(path, func(version int, record []byte) error {
		records = append(records, string(record))
		if version != Version {
			return fmt.Errorf("version %d", version)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return records
}

// fullDisk is a file that accepts a number of further bytes, including part of the write that
// does not fit.
type fullDisk struct {
	*os.File
	room     int
	readOnly bool
}

func (f *fullDisk) WriteAt(b []byte, at int64) (int, error) {
	fits := min(len(b), f.room)
	n, err := f.File.WriteAt(b[:fits], at)
	f.room -= n
	if err == nil && n < len(b) {
		err = syscall.ENOSPC
	}
	return n, err
}

func (f *fullDisk) Truncate(size int64) error {
	if f.readOnly {
		return syscall.EROFS
	}
	return f.File.Truncate(size)
}

func TestFailedWriteIsTakenBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	j := openFresh(t, path)
	disk := &fullDisk{File: j.file.(*os.File), room: 60}
	j.file = disk
	var want []string
	for i := range 20 { // the second, the third and every long one fail
		record := fmt.Sprint(i, strings.Repeat("x", i%3*30))
		err := j.Append([]byte(record))
		if err == nil {
			want = append(want, record)
		} else if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		disk.room = 60
	}
	if len(want) < 5 || len(want) > 15 {
		t.Fatalf("%d of 20 records were kept", len(want))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got := kept(t, path); !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func TestNothingIsWrittenAfterAnIncompleteRecord(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	j := openFresh(t, path)
	if err := j.Append([]byte("one")); err != nil {
		t.Fatal(err)
	}
	disk := &fullDisk{File: j.file.(*os.File), room: 5, readOnly: true}
	j.file = disk
	if err := j.Append([]byte("two")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want ENOSPC", err)
	}
	disk.room, disk.readOnly = 1000, false
	if err := j.Append([]byte("three")); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, syscall.EROFS) {
		t.Errorf("%v, want the errors before", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got := kept(t, path); !slices.Equal(got, []string{"one"}) {
		t.Errorf("kept %q", got)
	}
}

func TestSizeIsCheckedBeforeTheRecordIsWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	j := openFresh(t, path)
	largest := bytes.Repeat([]byte("x"), MaxRecord+1)
	if err := j.Append(largest); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
	if err := j.Append(largest[1:]); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got := kept(t, path); len(got) != 1 || len(got[0]) != MaxRecord {
		t.Errorf("%d records kept, want the largest", len(got))
	}
}

const childMark = "THINGPRESS_TEST_JOURNAL"

// TestAcknowledgedRecordsOutliveTheProcess kills a process that appends records, and checks
// that every acknowledged record was kept.
func TestAcknowledgedRecordsOutliveTheProcess(t *testing.T) {
	if os.Getenv(childMark) != "" {
		j := openFresh(t, "state") // in the current directory
		for i := 0; ; i++ {
			record := fmt.Sprint("record ", i)
			if err := j.Append([]byte(record)); err != nil {
				t.Fatal(err)
			}
			fmt.Println(record)
		}
	}
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), program, "-test.run", "^TestAcknowledgedRecordsOutliveTheProcess$")
	child.Dir, child.Env = dir, append(os.Environ(), childMark+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		acknowledged = append(acknowledged, lines.Text())
		if len(acknowledged) == 2000 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if child.Wait() == nil || len(acknowledged) < 2000 {
		t.Fatalf("the process ended after %d records, before it was killed", len(acknowledged))
	}
	// An incomplete last line does not count.
	if got := kept(t, filepath.Join(dir, "state")); len(got) < len(acknowledged)-1 ||
		!slices.Equal(got[:len(acknowledged)-1], acknowledged[:len(acknowledged)-1]) {
		t.Errorf("%d records acknowledged, and %d kept", len(acknowledged), len(got))
	}
}
