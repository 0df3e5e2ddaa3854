package imports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"

	"github.com/thingpress/thingpress/internal/cli/exit"
	program "github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/manifest"
)

// Limits of AWS IoT bulk registration. Service model of StartThingRegistrationTask, and
// https://docs.aws.amazon.com/iot/latest/developerguide/bulk-provisioning.html
const (
	bulkTemplateMost = 10_240    // bytes of a template
	bulkLineMost     = 256 << 10 // bytes of the parameters of a device
)

// A bulkForm writes the parameters of AWS IoT bulk registration.
type bulkForm struct {
	settings  engine.Settings
	authority string            // the CA certificate in PEM; empty if certificates are named by their IDs
	names     map[string]string // parameters by attribute
	buffer    *bufio.Writer
}

// templateFile returns the path of the template for parameters at path.
func templateFile(path string) string { return path + ".template.json" }

// bulkTemplate returns the form for --to aws-bulk, and nil for other forms.
func (o *convertOptions) bulkTemplate(settings engine.Settings) (*bulkForm, error) {
	if o.to != formBulk {
		return nil, nil //nolint:nilnil // other forms have no template
	}
	f := &bulkForm{settings: settings, names: map[string]string{}}
	for i, a := range settings.Attachments.Attributes {
		if f.names[a.Name] = "Parameter" + strconv.Itoa(i+1); simpleParameter.MatchString(a.Name) {
			f.names[a.Name] = "Attribute" + a.Name
		}
	}
	if o.authority != "" {
		text, err := os.ReadFile(o.authority)
		if err != nil {
			return nil, exit.UsageError(fmt.Errorf("--ca: %w", err), "")
		}
		block, _ := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, exit.UsageError(fmt.Errorf("--ca %s: the file has no certificate in PEM", o.authority), "")
		}
		f.authority = string(pem.EncodeToMemory(block))
	}
	if _, err := f.template(); err != nil {
		return nil, err
	}
	return f, nil
}

var simpleParameter = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// template returns the provisioning template.
// https://docs.aws.amazon.com/iot/latest/developerguide/provision-template.html
func (f *bulkForm) template() ([]byte, error) {
	type object = map[string]any
	ref := func(name string) object { return object{"Ref": name} }
	parameters := object{"ThingName": object{"Type": "String"}}
	certificate := object{"Status": string(f.settings.Status)}
	for _, name := range f.certificateParameters() {
		parameters[name], certificate[name] = object{"Type": "String"}, ref(name)
	}
	a := f.settings.Attachments
	thing := object{"ThingName": ref("ThingName")}
	if len(a.Attributes) > 0 {
		payload := object{}
		for _, attribute := range a.Attributes {
			name := f.names[attribute.Name]
			parameters[name], payload[attribute.Name] = object{"Type": "String"}, ref(name)
		}
		thing["AttributePayload"] = payload
	}
	if a.ThingType != "" {
		thing["ThingTypeName"] = a.ThingType
	}
	if len(a.ThingGroups) > 0 {
		thing["ThingGroups"] = a.ThingGroups
	}
	if a.BillingGroup != "" {
		thing["BillingGroup"] = a.BillingGroup
	}
	resources := object{
		"thing":       object{"Type": "AWS::IoT::Thing", "Properties": thing},
		"certificate": object{"Type": "AWS::IoT::Certificate", "Properties": certificate},
	}
	for i, name := range a.Policies {
		resources["policy"+strconv.Itoa(i+1)] = object{"Type": "AWS::IoT::Policy", "Properties": object{"PolicyName": name}}
	}
	text, err := json.MarshalIndent(object{"Parameters": parameters, "Resources": resources}, "", "  ")
	if err == nil && len(text) > bulkTemplateMost {
		err = exit.UsageError(fmt.Errorf("the template has %d bytes; AWS IoT takes %d", len(text), bulkTemplateMost),
			"leave out policies, groups or attributes")
	}
	return append(text, '\n'), err
}

// certificateParameters returns the names of the parameters of the certificate.
func (f *bulkForm) certificateParameters() []string {
	if f.authority == "" {
		return []string{"CertificateId"}
	}
	return []string{"CertificatePem", "CACertificatePem"}
}

// writing returns the form with an output.
func (f *bulkForm) writing(to io.Writer) *bulkForm {
	f.buffer = bufio.NewWriter(to)
	return f
}

func (f *bulkForm) device(d *manifest.Device, thing iot.Thing) error {
	if own, err := (&program.Wanted{Rows: f.settings.Rows, Status: iot.StatusActive}).For(d); err != nil || own != nil {
		return exit.UsageError(fmt.Errorf("entry %d asks for settings of its own, and a bulk registration has "+
			"one template for all devices", d.Entry),
			"leave them out with --row-settings ignore, or import the manifest with thingpress import")
	}
	line := map[string]string{"ThingName": d.ThingName}
	if f.authority == "" {
		line["CertificateId"] = d.CertificateID.String()
	} else {
		line["CertificatePem"], line["CACertificatePem"] = d.PEM(), f.authority
	}
	for _, name := range slices.Sorted(maps.Keys(f.names)) {
		line[f.names[name]] = thing.Attributes[name]
	}
	text, err := json.Marshal(line)
	switch {
	case err != nil:
		return err
	case len(text) > bulkLineMost:
		return errors.New(d.ThingName + ": the parameters are too long for bulk registration")
	}
	_, err = f.buffer.Write(append(bytes.TrimSpace(text), '\n'))
	return err
}

func (f *bulkForm) end() error { return f.buffer.Flush() }
