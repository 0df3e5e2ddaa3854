package awsiot

import (
	"bufio"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
)

// Profiles returns the names of the profiles in the shared configuration of AWS, sorted. The variables
// AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name other files than the SDK's default ones. A
// file that cannot be read has no profiles.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func Profiles(lookup func(string) (string, bool)) []string {
	var names []string
	for _, file := range []struct {
		variable, path, prefix string
	}{
		{"AWS_CONFIG_FILE", config.DefaultSharedConfigFilename(), "profile "},
		{"AWS_SHARED_CREDENTIALS_FILE", config.DefaultSharedCredentialsFilename(), ""},
	} {
		path := file.path
		if set, _ := lookup(file.variable); set != "" {
			path = set
		}
		if f, err := os.Open(path); err == nil {
			names = append(names, profilesIn(f, file.prefix)...)
			_ = f.Close() // it was only read
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// profilesIn returns the profiles of a file, whose sections begin with prefix unless they are
// the default profile.
func profilesIn(file *os.File, prefix string) (names []string) {
	for lines := bufio.NewScanner(file); lines.Scan(); {
		section, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "[")
		section, _, closed := strings.Cut(section, "]")
		if !ok || !closed {
			continue
		}
		section = strings.Join(strings.Fields(section), " ")
		name, isProfile := strings.CutPrefix(section, prefix)
		if isProfile || section == "default" {
			names = append(names, strings.Trim(name, `"'`))
		}
	}
	return names
}
