package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"
)

// Media types of the OCI Image Specification 1.1.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// reference is the name under which the image is published, without its tag.
const reference = "ghcr.io/thingpress/thingpress"

// A descriptor refers to a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// index lists the images of several platforms. The file index.json is one as well.
type index struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Manifests     []descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

// imageConfig is the configuration of an image, with the fields that are needed.
type imageConfig struct {
	Created time.Time `json:"created"`
	platform
	Config struct {
		User       string            `json:"User"`
		Env        []string          `json:"Env"`
		Entrypoint []string          `json:"Entrypoint"`
		WorkingDir string            `json:"WorkingDir"`
		Labels     map[string]string `json:"Labels"`
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// A layout is an OCI image layout in memory. The zero value is empty.
type layout struct {
	files []layoutFile
}

type layoutFile struct {
	name    string
	content []byte
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// addBlob adds a blob and returns its descriptor.
func (l *layout) addBlob(mediaType string, content []byte) descriptor {
	digest := digestOf(content)
	l.files = append(l.files, layoutFile{"blobs/sha256/" + digest, content})
	return descriptor{MediaType: mediaType, Digest: "sha256:" + digest, Size: len(content)}
}

func (l *layout) addJSON(mediaType string, value any) (descriptor, error) {
	content, err := json.Marshal(value)
	return l.addBlob(mediaType, content), err
}

// labels are the annotations of the specification that describe the image.
func (r release) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "thingpress",
		"org.opencontainers.image.description": "Imports the devices of certificate manifests into AWS IoT Core",
		"org.opencontainers.image.source":      "https://github.com/thingpress/thingpress",
		"org.opencontainers.image.licenses":    "MIT-0",
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.revision":    r.commit,
		"org.opencontainers.image.created":     r.date.UTC().Format(time.RFC3339),
	}
}

// addImage adds the image of one platform, whose only layer is an uncompressed tar, and
// returns the descriptor of its manifest.
func (l *layout) addImage(r release, system, architecture string, files []byte) (descriptor, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return descriptor{}, err
	}
	if _, err := z.Write(files); err != nil {
		return descriptor{}, err
	}
	if err := z.Close(); err != nil {
		return descriptor{}, err
	}
	c := imageConfig{Created: r.date, platform: platform{architecture, system}}
	c.Config.User = "65532:65532"
	c.Config.Env = []string{"PATH=/usr/bin", "HOME=" + home}
	c.Config.Entrypoint = []string{"/usr/bin/thingpress"}
	c.Config.WorkingDir, c.Config.Labels = workDir, r.labels()
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{"sha256:" + digestOf(files)}
	config, err := l.addJSON(typeConfig, c)
	if err != nil {
		return descriptor{}, err
	}
	image, err := l.addJSON(typeManifest, manifest{
		SchemaVersion: 2, MediaType: typeManifest, Config: config, Layers: []descriptor{l.addBlob(typeLayer, packed.Bytes())},
	})
	image.Platform = &platform{architecture, system}
	return image, err
}

// finish adds the index of all platforms and the files that make it a layout.
func (l *layout) finish(r release, manifests []descriptor) error {
	all, err := l.addJSON(typeIndex, index{SchemaVersion: 2, MediaType: typeIndex, Manifests: manifests, Annotations: r.labels()})
	if err != nil {
		return err
	}
	// The specification names the first annotation; docker load takes the name of the image
	// from the second one.
	all.Annotations = map[string]string{
		"org.opencontainers.image.ref.name": r.version, "io.containerd.image.name": reference + ":" + r.version,
	}
	content, err := json.Marshal(index{SchemaVersion: 2, MediaType: typeIndex, Manifests: []descriptor{all}})
	l.files = append(l.files, layoutFile{"index.json", content}, layoutFile{"oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)})
	return err
}

// write writes the layout as a tar.
func (l *layout) write(out io.Writer, date time.Time) error {
	w := tar.NewWriter(out)
	header := tar.Header{ModTime: date.Truncate(time.Second), Format: tar.FormatUSTAR}
	for _, name := range []string{"blobs/", "blobs/sha256/"} {
		header.Typeflag, header.Name, header.Mode = tar.TypeDir, name, 0o755
		if err := w.WriteHeader(&header); err != nil {
			return err
		}
	}
	for _, f := range l.files {
		header.Typeflag, header.Name, header.Mode, header.Size = tar.TypeReg, f.name, 0o644, int64(len(f.content))
		if err := w.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := w.Write(f.content); err != nil {
			return err
		}
	}
	return w.Close()
}
