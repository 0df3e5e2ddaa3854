package stack_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thingpress/thingpress/internal/stack"
)

func TestParametersTakeNoneAndEmptyForNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"",
		"IoTPolicies=None\nIoTThingGroups=\nIoTThingType=none\nIoTBillingGroup=\nIoTThingAttributes=None\nThingNameTemplate=None\n" +
			"MicrochipSlot=\nMicrochipSigners=None\nSettingsPolicies=None\n",
	} {
		p, err := stack.ParseParameters(text)
		if err != nil {
			t.Fatal(err)
		}
		if a := p.Attachments; len(a.Policies)+len(a.ThingGroups)+len(a.Attributes)+len(p.Bounds.Policies) > 0 || a.ThingType != "" ||
			a.BillingGroup != "" {
			t.Errorf("%q: attachments from nothing: %+v", text, p)
		}
		if p.ThingName.String() != "{cn}" || p.Status != "ACTIVE" || p.PublishedSigners || p.AllowLateSignature {
			t.Errorf("%q: defaults: %+v", text, p)
		}
	}
}

func TestParametersAreAllRead(t *testing.T) {
	t.Parallel()
	p, err := stack.ParseParameters(`IoTPolicies=a\,b, c
IoTThingGroups=g
IoTThingType=sensor
IoTBillingGroup=b
IoTThingAttributes=mac={mac}, where=hall 2\,left,line=7
ThingNameTemplate=x-{mac}
CertificateStatus=INACTIVE
InfineonCertBundleType=E0E1
MicrochipSlot=2
MicrochipSigners=published
AllowExpired=true
AllowCA=true
AllowLateSignature=true
SettingsPolicies=p
SettingsThingGroups=h,i
SettingsThingTypes=t
SettingsBillingGroups=c
AllowedPolicies=q\,r
AllowedThingGroups=j
AllowedThingTypes=u
AllowedBillingGroups=d
AllowedAttributes=site,line
`)
	if err != nil {
		t.Fatal(err)
	}
	settings := p.Settings()
	if diff := cmp.Diff([]string{"a,b", "c"}, settings.Attachments.Policies); diff != "" {
		t.Error(diff)
	}
	var attributes []string
	for _, a := range settings.Attachments.Attributes {
		attributes = append(attributes, a.Name+" is "+a.Value.String())
	}
	if diff := cmp.Diff([]string{"mac is {mac}", "where is hall 2,left", "line is 7"}, attributes); diff != "" {
		t.Error(diff)
	}
	if d := settings.Decode; d.ThingName.String() != "x-{mac}" || settings.Status != "INACTIVE" || d.Bundle != "E0E1" || d.Slot != "2" ||
		!d.AllowExpired || !d.AllowCA || !d.AllowLateSignature || !p.PublishedSigners {
		t.Errorf("%+v", p)
	}
	want := stack.Bounds{Policies: []string{"p"}, ThingGroups: []string{"h", "i"}, ThingTypes: []string{"t"}, BillingGroups: []string{"c"}}
	if diff := cmp.Diff(want, p.Bounds); diff != "" {
		t.Error(diff)
	}
	allowed := stack.Allowed{
		Policies: []string{"q,r"}, ThingGroups: []string{"j"}, ThingTypes: []string{"u"}, BillingGroups: []string{"d"},
		Attributes: []string{"site", "line"},
	}
	if diff := cmp.Diff(allowed, p.Allowed); diff != "" {
		t.Error(diff)
	}
}

func TestParametersNameEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	wrong := map[string]string{
		"CertificateStatus": "REVOKED", "InfineonCertBundleType": "E0E9", "ThingNameTemplate": "{nonsense}", "IoTPolicies": "a,,b",
		"AllowExpired": "perhaps", "AllowCA": "perhaps", "AllowLateSignature": "perhaps", "MicrochipSigners": "all",
		"SettingsThingTypes": ",", "IoTThingAttributes": "a=1,a=2",
	}
	_, err := stack.ReadParameters(func(name string) (string, bool) { value, ok := wrong[name]; return value, ok })
	if err == nil {
		t.Fatal("taken")
	}
	for name := range wrong {
		if !strings.Contains(err.Error(), name+" ") && !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
	for _, text := range []string{"mac", "=7", "a={nonsense}", "a=1,,b=2"} {
		if p, err := stack.ParseParameters("IoTThingAttributes=" + text); err == nil || !strings.Contains(err.Error(), "IoTThingAttributes") {
			t.Errorf("%q is read as %+v, %v", text, p.Attachments.Attributes, err)
		}
	}
	if p, err := stack.ParseParameters("IoTPolicies"); err == nil {
		t.Errorf("a line without a value is read as %+v", p)
	}
}
