package registry

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	thingIndex   = "AWS_Things"
	queryVersion = "2017-09-30"
)

// Indexing is the configuration of the index: the members of UpdateIndexingConfiguration as the caller wrote them. An empty member was
// never set.
type Indexing struct {
	Things json.RawMessage `json:"thingIndexingConfiguration,omitempty"`
	Groups json.RawMessage `json:"thingGroupIndexingConfiguration,omitempty"`
}

// thingsIndexed reports whether things are indexed. They are from the start, unless strict: an account of AWS has to enable it.
func (x Indexing) thingsIndexed(strict bool) bool {
	var mode struct{ ThingIndexingMode string }
	if json.Unmarshal(x.Things, &mode) != nil {
		return !strict
	}
	return mode.ThingIndexingMode != "OFF"
}

func (x Indexing) connectivity() bool { return bytes.Contains(x.Things, []byte(`"STATUS"`)) }

// GetIndexingConfiguration returns the configuration of the index.
func (st *State) GetIndexingConfiguration(*struct{}) (Indexing, error) {
	out := st.indexing
	if out.Things == nil {
		mode := "OFF"
		if out.thingsIndexed(st.strict) {
			mode = "REGISTRY"
		}
		out.Things = json.RawMessage(`{"thingIndexingMode":"` + mode + `","thingConnectivityIndexingMode":"OFF",` +
			`"deviceDefenderIndexingMode":"OFF","namedShadowIndexingMode":"OFF"}`)
	}
	if out.Groups == nil {
		out.Groups = json.RawMessage(`{"thingGroupIndexingMode":"OFF"}`)
	}
	return out, nil
}

// UpdateIndexingConfiguration sets the configuration of the index. A member that is not given stays.
func (st *State) UpdateIndexingConfiguration(in *Indexing) ([]Change, error) {
	next := &IndexingSet{st.indexing}
	if len(in.Things) > 0 {
		next.Things = compact(in.Things)
	}
	if len(in.Groups) > 0 {
		next.Groups = compact(in.Groups)
	}
	if st.dynamicGroups.len() > 0 && !next.thingsIndexed(st.strict) {
		return nil, Invalid("Thing indexing cannot be disabled while there are dynamic thing groups")
	}
	return []Change{next}, nil
}

func compact(text json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	_ = json.Compact(&b, text) // it was part of a document that could be parsed
	return b.Bytes()
}

// IndexingSet is a [Change].
type IndexingSet struct{ Indexing }

func (a *IndexingSet) apply(st *State, _ stamp) bool {
	st.indexing = a.Indexing
	return true
}

// An IndexDescription describes an index.
type IndexDescription struct {
	Name   string `json:"indexName"`
	Status string `json:"indexStatus"`
	Schema string `json:"schema"`
}

// DescribeIndex returns the index of things.
func (st *State) DescribeIndex(in *ByName) (out IndexDescription, err error) {
	if in.Name != thingIndex || !st.indexing.thingsIndexed(st.strict) {
		return out, notFound("Index %s does not exist", Shorten(in.Name))
	}
	schema := "REGISTRY"
	if st.indexing.connectivity() {
		schema = "REGISTRY_AND_CONNECTIVITY_STATUS"
	}
	return IndexDescription{in.Name, "ACTIVE", schema}, nil
}

// ListIndices returns the names of the indexes, under the name "indexNames".
func (st *State) ListIndices(*struct{}) (map[string][]string, error) {
	names := []string{}
	if st.indexing.thingsIndexed(st.strict) {
		names = append(names, thingIndex)
	}
	return map[string][]string{"indexNames": names}, nil
}

// IndexQuery selects things.
type IndexQuery struct {
	Index   string `json:"indexName"`
	Query   string `json:"queryString"`
	Version string `json:"queryVersion"`
}

// parse checks that the index can be used and parses the query.
func (in *IndexQuery) parse(st *State) (query, error) {
	switch index := cmp.Or(in.Index, thingIndex); {
	case index != thingIndex:
		return nil, notFound("Index %s does not exist", Shorten(index))
	case cmp.Or(in.Version, queryVersion) != queryVersion:
		return nil, Invalid("Invalid queryVersion: %s", Shorten(in.Version))
	case !st.indexing.thingsIndexed(st.strict):
		return nil, notFound("Index %s does not exist", index)
	}
	return parseQuery(in.Query)
}

// fields returns the fields of a thing in the index. Billing groups are among the names of groups, as in AWS.
func (t *thing) fields(st *State) fields {
	return func(name string) []string {
		switch name = strings.TrimPrefix(name, "registry."); name {
		case "":
			all := append(t.allGroups(), t.name, t.id.String())
			if t.kind != nil {
				all = append(all, t.kind.name)
			}
			for _, a := range t.attributes {
				all = append(all, a.Value)
			}
			return all
		case "thingName":
			return []string{t.name}
		case "thingId":
			return []string{t.id.String()}
		case "thingTypeName":
			if t.kind == nil {
				return nil
			}
			return []string{t.kind.name}
		case "thingGroupNames":
			return t.allGroups()
		case "version":
			return []string{strconv.FormatInt(t.version, 10)}
		case "connectivity.connected":
			return []string{strconv.FormatBool(st.connections[t.name].connected)}
		case "connectivity.timestamp":
			return []string{strconv.FormatInt(st.connections[t.name].at, 10)}
		case "connectivity.disconnectReason":
			return []string{st.connections[t.name].why()}
		}
		if name, ok := strings.CutPrefix(name, "attributes."); ok {
			if i, ok := slices.BinarySearchFunc(t.attributes, Attribute{Name: name}, byName); ok {
				return []string{t.attributes[i].Value}
			}
		}
		return nil
	}
}

// allGroups returns the names of the static groups and of the billing group of a thing.
func (t *thing) allGroups() []string {
	all := []string{}
	for _, g := range t.groups.now() {
		all = append(all, g.name)
	}
	if t.billing != nil {
		all = append(all, t.billing.name)
	}
	return all
}

// SearchIndex are the parameters of [State.SearchIndex].
type SearchIndex struct {
	IndexQuery
	Token string `json:"nextToken"`
	Max   int    `json:"maxResults"`
}

// Subject returns the query.
func (in *SearchIndex) Subject() string { return Shorten(in.Query) }

// A ThingDocument is a thing in the index.
type ThingDocument struct {
	Name         string            `json:"thingName"`
	ID           string            `json:"thingId"`
	Type         string            `json:"thingTypeName,omitempty"`
	Groups       []string          `json:"thingGroupNames"`
	Attributes   map[string]string `json:"attributes,omitempty"`
	Connectivity *Connectivity     `json:"connectivity,omitempty"`
}

// FoundThings is the answer to [State.SearchIndex].
type FoundThings struct {
	Things []ThingDocument `json:"things"`
	Groups []struct{}      `json:"thingGroups"`
	Next   string          `json:"nextToken,omitempty"`
}

// maxFound is the largest page of SearchIndex.
const maxFound = 100

// SearchIndex returns the things that match a query.
func (st *State) SearchIndex(in *SearchIndex) (out FoundThings, err error) {
	matches, err := in.parse(st)
	if err != nil {
		return out, err
	}
	if in.Max > maxFound {
		return out, Invalid("maxResults %d is greater than %d", in.Max, maxFound)
	}
	p, err := parsePage("maxResults", "", "nextToken", in.Token)
	if err != nil {
		return out, err
	}
	p.size = cmp.Or(in.Max, maxFound)
	page := collect(st.things.order.all(st.lagging(), p), p, func(t *thing) (out ThingDocument, ok bool) {
		if !matches(t.fields(st)) {
			return out, false
		}
		out = ThingDocument{Name: t.name, ID: t.id.String(), Type: t.kind.title(), Groups: t.allGroups(), Attributes: attributeMap(t.attributes)}
		out.Connectivity = st.connectivity(t)
		return out, true
	})
	return FoundThings{page.Items, []struct{}{}, page.Next}, nil
}

// GetStatistics are the parameters of [State.GetStatistics].
type GetStatistics struct {
	IndexQuery
	Field string `json:"aggregationField"`
}

// Subject returns the query.
func (in *GetStatistics) Subject() string { return Shorten(in.Query) }

// Statistics of a field. Fields that are not numbers have only a count.
type Statistics struct {
	Count int `json:"count"`
	*Moments
}

// Moments are the statistics of numbers.
type Moments struct {
	Average      float64 `json:"average"`
	Sum          float64 `json:"sum"`
	Minimum      float64 `json:"minimum"`
	Maximum      float64 `json:"maximum"`
	SumOfSquares float64 `json:"sumOfSquares"`
	Variance     float64 `json:"variance"`
	StdDeviation float64 `json:"stdDeviation"`
}

// GetStatistics returns the statistics of a field over the things that match a query, under the name "statistics".
func (st *State) GetStatistics(in *GetStatistics) (map[string]Statistics, error) {
	matches, err := in.parse(st)
	if err != nil {
		return nil, err
	}
	var values []string
	for _, t := range st.things.order.all(st.lagging(), page{}) {
		if f := t.fields(st); matches(f) {
			values = append(values, f(cmp.Or(in.Field, "registry.version"))...)
		}
	}
	return map[string]Statistics{"statistics": {len(values), moments(values)}}, nil
}

// moments returns nil if there are no values or one of them is not a number.
func moments(values []string) *Moments {
	if len(values) == 0 {
		return nil
	}
	m := Moments{Minimum: math.Inf(1), Maximum: math.Inf(-1)}
	for _, value := range values {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil
		}
		m.Sum += n
		m.SumOfSquares += n * n
		m.Minimum, m.Maximum = min(m.Minimum, n), max(m.Maximum, n)
	}
	if math.IsInf(m.SumOfSquares, 0) { // JSON has no infinity
		return nil
	}
	count := float64(len(values))
	m.Average = m.Sum / count
	m.Variance = max(m.SumOfSquares/count-m.Average*m.Average, 0)
	m.StdDeviation = math.Sqrt(m.Variance)
	return &m
}
