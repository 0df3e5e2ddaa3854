package registry

import (
	"slices"
	"strings"

	"github.com/thingpress/thingpress/manifest"
)

// maxTags is the limit of AWS for the tags of one resource.
const maxTags = 50

// A Tag of a resource.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// taggable returns the resource of an ARN as kind and name, such as policy/factory.
func (st *State) taggable(arn string) (string, error) {
	kind, name, ok := st.split(arn)
	var found bool
	switch {
	case !ok:
	case kind == "thinggroup":
		found = st.groups.by[name] != nil
	case kind == "thingtype":
		found = st.types.by[name] != nil
	case kind == "billinggroup":
		found = st.billingGroups.by[name] != nil
	case kind == "policy":
		found = st.policies.by[name] != nil
	case kind == "cacert":
		id, err := manifest.ParseCertificateID(name)
		found = err == nil && st.cas.by[id] != nil
	default:
		ok = false
	}
	switch {
	case !ok:
		return "", Invalid("Invalid resourceArn %q: thing groups, thing types, billing groups, policies and CA certificates "+
			"of this account and region can have tags", Shorten(arn))
	case !found:
		return "", notFound("Resource not found: %s", Shorten(arn))
	}
	return kind + "/" + name, nil
}

// withTags appends the change that gives a new resource its tags.
func (st *State) withTags(changes []Change, resource string, tags []Tag) ([]Change, error) {
	if len(tags) == 0 {
		return changes, nil
	}
	all, err := mergeTags(nil, tags)
	return append(changes, &TagsSet{resource, all}), err
}

// mergeTags returns the tags of a resource after others were added, sorted by key.
func mergeTags(old, added []Tag) ([]Tag, error) {
	all := slices.Clone(old)
	for i, tag := range added {
		if strings.HasPrefix(strings.ToLower(tag.Key), "aws:") {
			return nil, Invalid("Tag keys cannot begin with aws: (key=%s)", Shorten(tag.Key))
		}
		if slices.ContainsFunc(added[:i], func(t Tag) bool { return t.Key == tag.Key }) {
			return nil, Invalid("Duplicate tag keys found (key=%s)", Shorten(tag.Key))
		}
		all = append(slices.DeleteFunc(all, func(t Tag) bool { return t.Key == tag.Key }), tag)
	}
	if len(all) > maxTags {
		return nil, limitExceeded("A resource can have at most %d tags", maxTags)
	}
	slices.SortFunc(all, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

// TagResource are the parameters of [State.TagResource].
type TagResource struct {
	ARN  string `json:"resourceArn"`
	Tags []Tag  `json:"tags"`
}

// Subject returns the ARN.
func (in *TagResource) Subject() string { return Shorten(in.ARN) }

// TagResource adds tags to a resource and changes the values of those that it has.
func (st *State) TagResource(in *TagResource) ([]Change, error) {
	resource, err := st.taggable(in.ARN)
	if err != nil {
		return nil, err
	}
	all, err := mergeTags(st.tags[resource], in.Tags)
	if err != nil || slices.Equal(all, st.tags[resource]) {
		return nil, err
	}
	return []Change{&TagsSet{resource, all}}, nil
}

// UntagResource are the parameters of [State.UntagResource].
type UntagResource struct {
	ARN  string   `json:"resourceArn"`
	Keys []string `json:"tagKeys"`
}

// Subject returns the ARN.
func (in *UntagResource) Subject() string { return Shorten(in.ARN) }

// UntagResource removes tags from a resource. Keys that it does not have are no error.
func (st *State) UntagResource(in *UntagResource) ([]Change, error) {
	resource, err := st.taggable(in.ARN)
	if err != nil {
		return nil, err
	}
	left := slices.DeleteFunc(slices.Clone(st.tags[resource]), func(t Tag) bool { return slices.Contains(in.Keys, t.Key) })
	if len(left) == len(st.tags[resource]) {
		return nil, nil
	}
	return []Change{&TagsSet{resource, left}}, nil
}

// ListTagsForResource are the parameters of [State.ListTagsForResource].
type ListTagsForResource struct {
	ARN string `json:"-" query:"resourceArn"`
}

// Subject returns the ARN.
func (in *ListTagsForResource) Subject() string { return Shorten(in.ARN) }

// ListTagsForResource returns all tags of a resource, under the name "tags".
func (st *State) ListTagsForResource(in *ListTagsForResource) (map[string][]Tag, error) {
	resource, err := st.taggable(in.ARN)
	if err != nil {
		return nil, err
	}
	return map[string][]Tag{"tags": append([]Tag{}, st.tags[resource]...)}, nil
}

// TagsSet is a [Change]. Resource is kind and name, such as policy/factory.
type TagsSet struct {
	Resource string `json:"resource"`
	Tags     []Tag  `json:"tags"`
}

func (a *TagsSet) apply(st *State, _ stamp) bool {
	if _, err := st.taggable(st.prefix + a.Resource); err != nil {
		return false
	}
	if len(a.Tags) == 0 {
		delete(st.tags, a.Resource)
		return true
	}
	st.tags[a.Resource] = a.Tags
	return true
}
