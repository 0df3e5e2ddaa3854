package decode

import (
	"fmt"

	"github.com/thingpress/thingpress/internal/stack"
)

// sharing counts the devices that were sent as alone and those that share something with
// another entry. No device may be both, because it would not claim what it shares; and
// copies of a message must agree, because only one of the two kinds of claims is made.
func (w *world) sharing() (alone, sharing int, problem string) {
	owners := map[string]map[int]bool{} // by what entries have
	things := func(m *stack.DeviceMessage) []string {
		list := []string{m.Import + " name " + m.ThingName, m.Import + " certificate " + m.CertificateID().String()}
		if m.HasVendorID {
			list = append(list, m.Import+" vendor ID "+m.ID)
		}
		return list
	}
	sent := map[string]stack.DeviceMessage{}
	for _, m := range w.devices {
		place := fmt.Sprint(m.Import, " entry ", m.Entry)
		if before, again := sent[place]; again && before.Alone != m.Alone {
			return 0, 0, place + " was sent as alone, and as one that is not"
		}
		sent[place] = m
		for _, thing := range things(&m) {
			if owners[thing] == nil {
				owners[thing] = map[int]bool{}
			}
			owners[thing][m.Entry] = true
		}
	}
	for place, m := range sent {
		shares := ""
		for _, thing := range things(&m) {
			if len(owners[thing]) > 1 {
				shares = thing
			}
		}
		switch {
		case m.Alone && shares != "":
			return 0, 0, place + " was sent as alone, but shares " + shares
		case m.Alone:
			alone++
		case shares != "":
			sharing++
		}
	}
	return alone, sharing, ""
}
