package stacks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/thingpress/thingpress/internal/cli/exit"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/stack/operate"
)

// codeName is the name of the functions' zip in a release and in a checkout.
const codeName = "thingpress-lambda.zip"

// releases is where the zip of every version is.
const releases = "https://github.com/thingpress/thingpress/releases"

// codeDirectories are the directories that may have the zip, relative to that of the
// program: its own in an archive, share in a package, dist in a checkout.
var codeDirectories = []string{".", "../share/thingpress", "../dist"}

// findCode returns the path of the functions' zip that was installed with the program.
func findCode() (string, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return "", exit.WithHint(fmt.Errorf("find the code of the functions: %w", err), "name the zip with --code")
	}
	if path := codeNextTo(filepath.Dir(program)); path != "" {
		return path, nil
	}
	hint := "run 'make lambda' in the checkout and name dist/" + codeName + " with --code"
	if v := version.Current(); v != "devel" {
		hint = fmt.Sprintf("download %s of version %s from %s and name it with --code", codeName, v, releases)
	}
	return "", exit.WithHint(errors.New("the code of the functions, "+codeName+", was not installed with this program; "+
		"archives and packages of a release have it, go install does not"), hint)
}

// checkCode returns an error if a zip is not of the version of this program, whose template may not fit it. A
// development build deploys what its developer has built.
func checkCode(path string, program version.Info) error {
	if program.Development {
		return nil
	}
	found, err := operate.CodeVersion(path)
	if errors.Is(err, fs.ErrNotExist) {
		return exit.WithHint(err, "name an existing file with --code")
	}
	if err != nil || found == program.Version {
		return err
	}
	if found == "" {
		found = "an unknown version"
	}
	return exit.WithHint(fmt.Errorf("%s is of %s, and this program and its template are of %s", path, found, program.Version),
		fmt.Sprintf("download %s of version %s from %s, or leave out --code", codeName, program.Version, releases))
}

// codeNextTo returns the path of the zip for a program in dir, or "".
func codeNextTo(dir string) string {
	for _, relative := range codeDirectories {
		path := filepath.Join(dir, relative, codeName)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}
