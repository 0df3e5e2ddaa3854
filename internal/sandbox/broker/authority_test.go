package broker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// The root certificate or the key of somebody else, named by mistake, must survive.
func TestAuthorityReplacesNoFile(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"", ".key"} {
		path := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(path+ending, []byte("of somebody else"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadAuthority(path); err == nil {
			t.Errorf("%s: taken for an authority", path+ending)
		}
		if got, err := os.ReadFile(path + ending); err != nil || string(got) != "of somebody else" {
			t.Errorf("%s is %q now: %v", path+ending, got, err)
		}
	}
}

// Clients that trust an authority have to trust the next broker too.
func TestAuthorityIsReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "ca.pem")
	made, err := LoadAuthority(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadAuthority(path)
	if err != nil || !again.certificate.Equal(made.certificate) {
		t.Errorf("another authority: %v", err)
	}
	if info, err := os.Stat(path + ".key"); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the key has mode %v: %v", info.Mode(), err)
	}
	if err := os.Remove(path + ".key"); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAuthority(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without its key: %v", err)
	}
}
