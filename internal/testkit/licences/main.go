// Licences writes the licences of everything that is linked into the programs: the modules, and
// Go's own library. A package of a program must contain them. `make licences` runs it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// systems are the ones that programs are built for. Some modules are linked on one of them only.
var systems = []string{"linux", "darwin", "windows"}

var programs = []string{"./cmd/thingpress", "./cmd/thingpress-lambda"}

// notices matches the names of files that a licence requires to be passed on.
var notices = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-._].*)?$`)

func main() {
	if err := write(context.Background(), os.Stdout, "."); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// A source is a module, or Go itself, with the directories of its linked packages.
type source struct {
	name, dir string
	packages  []string
}

// write writes the licences of the programs in the checkout at root.
func write(ctx context.Context, w io.Writer, root string) error {
	sources, err := linked(ctx, root)
	if err != nil {
		return err
	}
	var texts []string
	owners := map[string][]string{} // by text; many modules have the same one
	for _, s := range sources {
		files, err := s.notices()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(filepath.Join(s.dir, file))
			if err != nil {
				return err
			}
			text := strings.TrimSpace(string(content))
			if owners[text] == nil {
				texts = append(texts, text)
			}
			owners[text] = append(owners[text], s.name+", "+filepath.ToSlash(file))
		}
	}
	var all bytes.Buffer
	all.WriteString("Thingpress contains the following software, under these licences.\n")
	for _, text := range texts {
		fmt.Fprintf(&all, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(owners[text], "\n"), text)
	}
	_, err = all.WriteTo(w)
	return err
}

// linked returns what is linked into the programs on any system, Go itself first.
func linked(ctx context.Context, root string) ([]source, error) {
	goRoot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	golang := source{name: "Go", dir: strings.TrimSpace(string(goRoot))}
	modules := map[string]*source{}
	for _, system := range systems {
		list := exec.CommandContext(ctx, "go", append([]string{"list", "-deps", "-json=Dir,Standard,Module"}, programs...)...)
		list.Dir, list.Stderr = root, os.Stderr
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", system, err)
		}
		decoder := json.NewDecoder(bytes.NewReader(out))
		for {
			var p struct {
				Dir      string
				Standard bool
				Module   *struct {
					Path, Version, Dir string
					Main               bool
				}
			}
			err := decoder.Decode(&p)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("go list for %s: %w", system, err)
			}
			switch m := p.Module; {
			case p.Standard || m.Main:
			case modules[m.Path] == nil:
				modules[m.Path] = &source{m.Path + " " + m.Version, m.Dir, []string{p.Dir}}
			default:
				modules[m.Path].packages = append(modules[m.Path].packages, p.Dir)
			}
		}
	}
	sources := []source{golang}
	for _, m := range modules {
		sources = append(sources, *m)
	}
	slices.SortFunc(sources[1:], func(a, b source) int { return strings.Compare(a.name, b.name) })
	return sources, nil
}

// notices returns the files to pass on, relative to the source: those in its root, and those in the
// directories from there to its linked packages. It is an error if there is none in the root.
func (s source) notices() ([]string, error) {
	dirs := map[string]bool{}
	for _, dir := range append(s.packages, s.dir) {
		for ; len(dir) >= len(s.dir); dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	var files []string
	licensed := false
	for dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() || !notices.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			file, err := filepath.Rel(s.dir, filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			files = append(files, file)
			licensed = licensed || dir == s.dir
		}
	}
	if !licensed {
		return nil, errors.New("no licence found")
	}
	slices.Sort(files)
	return files, nil
}
