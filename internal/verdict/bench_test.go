package verdict_test

import (
	"testing"

	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/verdict"
	"github.com/thingpress/thingpress/policy"
)

// What a verdict adds to the decoding of a device, for policies with and without variables of the certificate.
func BenchmarkDevice(b *testing.B) {
	b.Run("thing", func(b *testing.B) { benchmark(b, "${iot:Connection.Thing.ThingName}") })
	b.Run("certificate", func(b *testing.B) { benchmark(b, "${iot:Certificate.Subject.CommonName}") })
}

func benchmark(b *testing.B, variable string) {
	parsed, err := policy.Parse(start + `{"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/${iot:ClientId}",
		"Condition":{"Bool":{"iot:Connection.Thing.IsAttached":"true"}}},
		{"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":"arn:aws:iot:*:*:topic/dt/` + variable + `/*"}]}`)
	if err != nil {
		b.Fatal(err)
	}
	connect, _ := verdict.ParseRequest("connect")
	j, err := verdict.NewJudge(verdict.Settings{Documents: []*policy.Document{parsed}, Requests: []verdict.Request{connect}})
	if err != nil {
		b.Fatal(err)
	}
	d := named("sensor-1")
	for b.Loop() {
		if err := j.Device(d, iot.Thing{Name: "sensor-1"}); err != nil {
			b.Fatal(err)
		}
	}
}
