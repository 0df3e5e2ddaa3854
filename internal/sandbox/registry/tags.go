package registry

import (
	"errors"
	"net/http"
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

// taggable returns the resource of an ARN as kind and name, such as policy/factory. It must exist.
func (st *State) taggable(arn string) (string, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iot" {
		return "", Invalid("Invalid arn in request")
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	message, known := map[string]string{
		"thinggroup": "Thing Group %s does not exist.", "thingtype": "Thing Type %s does not exist.",
		"billinggroup": "Billing Group %s does not exist.", "policy": "This resource is not found", "cacert": "CA Certificate %s not found",
	}[kind]
	switch {
	case kind == "thing" || kind == "cert":
		return "", Invalid("Invalid resource type in ARN: %s", kind)
	case !known || name == "":
		return "", Invalid("Invalid arn in request")
	case parts[4] != st.Account:
		return "", Invalid("ResourceArn doesn't belong in requester's account")
	case !strings.HasPrefix(arn, st.prefix):
		return "", Invalid("Invalid request exception. Please check the input.")
	case !st.holds(kind, name):
		return "", notFound("%s", strings.ReplaceAll(message, "%s", Shorten(name)))
	}
	return kind + "/" + name, nil
}

// holds reports whether a resource that can have tags exists.
func (st *State) holds(kind, name string) bool {
	switch kind {
	case "thinggroup":
		return st.groups.by[name] != nil
	case "thingtype":
		return st.types.by[name] != nil
	case "billinggroup":
		return st.billingGroups.by[name] != nil
	case "policy":
		return st.policies.by[name] != nil
	}
	id, err := manifest.ParseCertificateID(name)
	return err == nil && st.cas.by[id] != nil
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
	for _, tag := range added {
		if err := checkTagKey(tag.Key); err != nil {
			return nil, err
		}
		all = append(slices.DeleteFunc(all, func(t Tag) bool { return t.Key == tag.Key }), tag)
	}
	if len(all) > maxTags {
		return nil, Invalid("Too many tags provided in the request. Please check the input.")
	}
	slices.SortFunc(all, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return all, nil
}

func checkTagKey(key string) error {
	if strings.HasPrefix(strings.ToLower(key), "aws:") {
		return Invalid(`Tags cannot begin with "aws:", offending tag: %s`, Shorten(key))
	}
	return nil
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

// UntagResource removes tags from a resource. Keys that it does not have are not errors.
func (st *State) UntagResource(in *UntagResource) ([]Change, error) {
	resource, err := st.taggable(in.ARN)
	if err != nil {
		return nil, err
	}
	for _, key := range in.Keys {
		if err := checkTagKey(key); err != nil {
			return nil, err
		}
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

// ListTagsForResource returns all tags of a resource, under the name "tags". A resource that does not exist has none.
func (st *State) ListTagsForResource(in *ListTagsForResource) (map[string][]Tag, error) {
	resource, err := st.taggable(in.ARN)
	var refusal *APIError
	if errors.As(err, &refusal) && refusal.Status != http.StatusNotFound {
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
