package registry

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
)

// A connection is what the index knows of the device of a thing, whose client ID is the thing's name.
type connection struct {
	connected bool
	at        int64 // when that changed, in Unix milliseconds
	reason    string
}

// ThingConnected is a [Change]: the device of a thing has connected or disconnected. Reason is why it was
// disconnected, one of those in AWS's model of GetThingConnectivityData.
type ThingConnected struct {
	Name      string `json:"name"`
	Connected bool   `json:"connected"`
	At        int64  `json:"at"` // Unix milliseconds
	Reason    string `json:"reason,omitempty"`
}

func (a *ThingConnected) apply(st *State, _ stamp) bool {
	if st.things.by[a.Name] == nil {
		return false
	}
	if st.connections == nil {
		st.connections = map[string]connection{}
	}
	st.connections[a.Name] = connection{a.Connected, a.At, a.Reason}
	return true
}

// SetConnected records that the device of a thing has connected or disconnected.
func (st *State) SetConnected(in *ThingConnected) ([]Change, error) {
	if _, err := st.thing(in.Name); err != nil {
		return nil, err
	}
	return []Change{in}, nil
}

// connectionChanges returns the changes that make what the index knows of connections.
func (st *State) connectionChanges() (all []Change) {
	for _, name := range slices.Sorted(maps.Keys(st.connections)) {
		c := st.connections[name]
		all = append(all, &ThingConnected{name, c.connected, c.at, c.reason})
	}
	return all
}

// Connectivity is what the index knows of a connection. Devices that have never connected have the time 0.
type Connectivity struct {
	Connected bool   `json:"connected"`
	Timestamp int64  `json:"timestamp"` // Unix milliseconds
	Reason    string `json:"disconnectReason"`
}

// why returns the reason in AWS's form.
func (c connection) why() string {
	if c.connected {
		return "NONE"
	}
	return cmp.Or(c.reason, "UNKNOWN")
}

func (st *State) connectivity(t *thing) *Connectivity {
	if !st.indexing.connectivity() {
		return nil
	}
	c := st.connections[t.name]
	return &Connectivity{c.connected, c.at, c.why()}
}

// ConnectivityData is the answer to [State.GetThingConnectivityData].
type ConnectivityData struct {
	Name      string `json:"thingName"`
	Connected bool   `json:"connected"`
	Timestamp Epoch  `json:"timestamp"`
	Reason    string `json:"disconnectReason"`
}

// GetThingConnectivityData returns what the index knows of the connection of one thing. Of a device that
// has never connected it returns the time 0 and the reason UNKNOWN.
func (st *State) GetThingConnectivityData(in *ByName) (out ConnectivityData, err error) {
	if !st.indexing.thingsIndexed(st.strict) || !st.indexing.connectivity() {
		return out, Refuse(http.StatusBadRequest, "IndexNotReadyException", "Connectivity is not indexed")
	}
	t, err := st.thing(in.Name)
	if err != nil {
		return out, err
	}
	c := st.connections[t.name]
	return ConnectivityData{t.name, c.connected, Epoch(c.at), c.why()}, nil
}
