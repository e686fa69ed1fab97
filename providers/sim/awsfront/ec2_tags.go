package awsfront

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// The limits of tags ("Tag your Amazon EC2 resources" in the EC2 User Guide).
const (
	maxTags     = 50
	maxTagKey   = 128 // characters
	maxTagValue = 256 // characters
)

type tag struct {
	key, value string
	hasValue   bool
}

// readTags parses Tag.N.Key and Tag.N.Value.
func readTags(form url.Values) ([]tag, *apiError) {
	var out []tag
	for _, g := range groups(form, "Tag") {
		t := tag{key: g.Get("Key"), value: g.Get("Value"), hasValue: g.Has("Value")}
		switch {
		case t.key == "":
			return nil, bad("InvalidParameterValue", "Tag key cannot be null or empty.")
		case strings.HasPrefix(strings.ToLower(t.key), "aws:"):
			return nil, bad("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
		case utf8.RuneCountInString(t.key) > maxTagKey:
			return nil, bad("InvalidParameterValue", "Tag key exceeds the maximum length of %d characters", maxTagKey)
		case utf8.RuneCountInString(t.value) > maxTagValue:
			return nil, bad("InvalidParameterValue", "Tag value exceeds the maximum length of %d characters", maxTagValue)
		}
		out = append(out, t)
	}
	return out, nil
}

// tagged returns the instances and the other resource ids of a call. A missing resource is an error.
func (c *ec2Call) tagged() (instances []world.Instance, others []string, err *apiError) {
	ids := list(c.form, "ResourceId")
	if len(ids) == 0 {
		return nil, nil, missingParameter("resourceIdSet")
	}
	var inst []string
	for _, id := range ids {
		switch {
		case strings.HasPrefix(id, "i-"):
			inst = append(inst, id)
		case c.resourceType(id) != "":
			others = append(others, id)
		default:
			return nil, nil, bad("InvalidID", "The ID '%s' is not valid", id)
		}
	}
	instances, err = c.byID(inst)
	return instances, others, err
}

// resourceType returns the type of a resource that is not an instance, or "".
func (c *ec2Call) resourceType(id string) string {
	for _, a := range c.f.w.Addresses(c.cloud.Name) {
		if a.ID == id {
			if strings.HasPrefix(id, "eni-") {
				return "network-interface"
			}
			return "elastic-ip"
		}
	}
	for _, n := range c.f.w.Networks(c.cloud.Name) {
		switch id {
		case n.ID:
			return "subnet"
		case n.VPC:
			return "vpc"
		}
	}
	if id == defaultGroup {
		return "security-group"
	}
	return ""
}

func (c *ec2Call) createTags() *apiError {
	tags, err := readTags(c.form)
	if err != nil {
		return err
	}
	if len(tags) == 0 {
		return missingParameter("tagSet")
	}
	instances, others, err := c.tagged()
	if err != nil {
		return err
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	set := map[string]string{}
	for _, t := range tags {
		set[t.key] = t.value
	}
	for _, i := range instances {
		all := maps.Clone(i.Tags)
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, set)
		if len(all) > maxTags {
			return bad("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
		}
	}
	for _, i := range instances {
		if err := c.f.w.SetTags(c.cloud.Name, i.ID, set, nil); err != nil {
			return bad("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", i.ID)
		}
	}
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	for _, id := range others {
		if c.state.tags[id] == nil {
			c.state.tags[id] = map[string]string{}
		}
		maps.Copy(c.state.tags[id], set)
	}
	c.x.flag("return", true)
	return nil
}

func (c *ec2Call) deleteTags() *apiError {
	tags, err := readTags(c.form)
	if err != nil {
		return err
	}
	instances, others, err := c.tagged()
	if err != nil {
		return err
	}
	if err := c.dryRun(); err != nil {
		return err
	}
	// goes returns the keys to remove: all if none are given, and one with a value only if the value is equal.
	goes := func(have map[string]string) []string {
		if len(tags) == 0 {
			return slices.Collect(maps.Keys(have))
		}
		var keys []string
		for _, t := range tags {
			if v, ok := have[t.key]; ok && (!t.hasValue || v == t.value) {
				keys = append(keys, t.key)
			}
		}
		return keys
	}
	for _, i := range instances {
		if err := c.f.w.SetTags(c.cloud.Name, i.ID, nil, goes(i.Tags)); err != nil {
			return bad("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", i.ID)
		}
	}
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	for _, id := range others {
		for _, k := range goes(c.state.tags[id]) {
			delete(c.state.tags[id], k)
		}
	}
	c.x.flag("return", true)
	return nil
}

// tagsOf returns the tags of a resource that is not an instance.
func (c *ec2Call) tagsOf(id string) map[string]string {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return maps.Clone(c.state.tags[id])
}

func (c *ec2Call) describeTags() *apiError {
	p, err := pageOf(c.form, 5, 1000, 1000)
	if err != nil {
		return err
	}
	type row struct{ id, typ, key, value string }
	var all []row
	add := func(id, typ string, tags map[string]string) {
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			all = append(all, row{id, typ, k, tags[k]})
		}
	}
	for _, i := range c.rows(nil, 0, 0) {
		add(i.ID, "instance", i.Tags)
	}
	c.state.mu.Lock()
	for _, id := range slices.Sorted(maps.Keys(c.state.tags)) {
		add(id, strings.SplitN(id, "-", 2)[0], c.state.tags[id])
	}
	c.state.mu.Unlock()
	all, err = kept(c, all, func(r row) fields {
		return fields{"resource-id": one(r.id), "resource-type": one(r.typ), "key": one(r.key), "value": one(r.value)}
	}, func(r row) map[string]string { return map[string]string{r.key: r.value} })
	if err != nil {
		return err
	}
	rows, next := faultplay.Page(c.fault, all, p.cursor, p.limit)
	c.x.items("tagSet", len(rows), func(n int) {
		c.x.els("resourceId", rows[n].id, "resourceType", rows[n].typ, "key", rows[n].key, "value", rows[n].value)
	})
	if next >= 0 {
		c.x.el("nextToken", tokenAfter(next))
	}
	return nil
}
