// Command image writes thingpress as a container image for several platforms: a tar of an
// OCI image layout (OCI Image Specification 1.1), which docker load, podman load and skopeo
// read. It needs no daemon and no base image.
//
// The image has the program, the code of the functions, root certificates and a user
// without privileges, and nothing else. The same files and date give the same bytes.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

func main() {
	var r release
	flag.StringVar(&r.version, "version", "devel", "version of thingpress")
	flag.StringVar(&r.commit, "commit", "", "commit of the source")
	date := flag.String("date", "1970-01-01T00:00:00Z", "date of the image, RFC 3339")
	code := flag.String("code", "", "zip `file` with the code of the functions")
	out := flag.String("out", "", "tar `file` to write")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: image -code ZIP -out TAR [flags] OS/ARCHITECTURE=PROGRAM…")
		flag.PrintDefaults()
	}
	flag.Parse()
	var err error
	if r.date, err = time.Parse(time.RFC3339, *date); err == nil {
		err = writeImage(r, *code, *out, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// A release describes what an image was made from.
type release struct {
	version, commit string
	date            time.Time
}

// writeImage writes the image of the programs, each given as OS/ARCHITECTURE=PATH.
func writeImage(r release, code, out string, programs []string) (err error) {
	if code == "" || out == "" || len(programs) == 0 {
		return errors.New("-code, -out and a program are needed")
	}
	zip, err := os.ReadFile(code)
	if err != nil {
		return err
	}
	var l layout
	var manifests []descriptor
	for _, p := range programs {
		platform, path, _ := strings.Cut(p, "=")
		system, architecture, ok := strings.Cut(platform, "/")
		if !ok || path == "" {
			return fmt.Errorf("%q is not OS/ARCHITECTURE=PROGRAM, as in %s/%s=bin/thingpress", p, runtime.GOOS, runtime.GOARCH)
		}
		program, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files, err := layer(program, zip, r.date)
		if err != nil {
			return err
		}
		manifest, err := l.addImage(r, system, architecture, files)
		if err != nil {
			return err
		}
		manifests = append(manifests, manifest)
	}
	if err := l.finish(r, manifests); err != nil {
		return err
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	err = l.write(file, r.date)
	return cmp.Or(err, file.Close())
}
