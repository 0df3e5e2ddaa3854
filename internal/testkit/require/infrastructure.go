package require

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// CDK returns the directory node_modules with the AWS CDK that `make cdk` installs. Without it the test ends as
// Missing "cdk".
func CDK(t testing.TB) string {
	t.Helper()
	peer(t, "cdk")
	dir := filepath.Join(Root(t), ".tools", "cdk", "node_modules")
	if _, err := os.Stat(filepath.Join(dir, ".bin", "cdk")); err != nil {
		Missing(t, "cdk", err.Error()+"; `make cdk` installs it")
	}
	return dir
}

// Terraform returns the path of terraform. Without it the test ends as Missing "terraform".
func Terraform(t testing.TB) string {
	t.Helper()
	peer(t, "terraform")
	path, err := exec.LookPath("terraform")
	if err != nil {
		Missing(t, "terraform", err.Error())
	}
	return path
}
