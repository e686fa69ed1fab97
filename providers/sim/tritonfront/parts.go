package tritonfront

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"rollcall/providers/sim/world"
)

// machinePart answers requests below one machine.
func (c *call) machinePart(m world.Instance, get bool) error {
	part, key := c.rest[2], ""
	if len(c.rest) > 3 {
		key = strings.Join(c.rest[3:], "/")
		if k, err := url.PathUnescape(key); err == nil {
			key = k
		}
	}
	switch part {
	case "tags":
		return c.tags(m, key, get)
	case "metadata":
		return c.metadata(m, key, get)
	}
	if !get {
		return newError(http.StatusMethodNotAllowed, "MethodNotAllowed", c.r.Method+" is not allowed")
	}
	switch part {
	case "audit":
		c.mu.Lock()
		trail := slices.Clone(c.audit[m.ID])
		c.mu.Unlock()
		if len(trail) == 0 || trail[len(trail)-1].Action != "provision" {
			trail = append(trail, auditEntry{
				Action: "provision", Success: "yes", Parameters: map[string]any{},
				Caller: map[string]any{"type": "operator"}, Time: stamp(m.Launched),
			})
		}
		return c.ok(trail)
	case "nics":
		nics := nicsOf(m)
		if key != "" {
			for _, n := range nics {
				if strings.ReplaceAll(n.MAC, ":", "") == strings.ReplaceAll(key, ":", "") {
					return c.ok(n)
				}
			}
			return newError(http.StatusNotFound, "ResourceNotFound", "nic "+key+" not found")
		}
		return c.ok(append([]nic{}, nics...))
	case "fwrules", "snapshots", "disks", "migrations":
		return c.ok([]any{})
	}
	return c.noRoute()
}

// changes returns the parameters of the body, without those of the query.
func (c *call) changes() map[string]string {
	out := map[string]string{}
	query := c.r.URL.Query()
	for k, v := range c.params {
		if !query.Has(k) {
			out[k] = textOf(v)
		}
	}
	return out
}

// bare reports whether the value of a tag is a number or a bool, whose type CloudAPI keeps ("AddMachineTags").
func bare(v any) bool {
	switch v.(type) {
	case bool, json.Number:
		return true
	}
	return false
}

// badTag reports whether a value is invalid for a tag.
func badTag(v any) bool {
	_, text := v.(string)
	return !text && !bare(v)
}

// bareChanges returns the parameters of a body that are numbers or bools. A value that is invalid for a tag is an
// error.
func (c *call) bareChanges() ([]string, error) {
	var out []string
	for k := range c.changes() {
		switch v := c.params[k]; {
		case badTag(v):
			return nil, invalid("tag " + k + " must be a string, a number or a boolean")
		case bare(v):
			out = append(out, k)
		}
	}
	return out, nil
}

func (c *call) tags(m world.Instance, key string, get bool) error {
	if get {
		if key == "" {
			return c.ok(c.toAPI(m).Tags)
		}
		v, ok := m.Tags[key]
		if !ok {
			return newError(http.StatusNotFound, "ResourceNotFound", "tag "+key+" not found")
		}
		return c.ok(tagValue(&m, key, v))
	}
	if err := c.changing(); err != nil {
		return err
	}
	typed, problem := c.bareChanges()
	if problem != nil && c.r.Method != http.MethodDelete {
		return problem
	}
	old := slices.Collect(maps.Keys(m.Tags))
	var err error
	var action string
	switch {
	case c.r.Method == http.MethodPost && key == "":
		err, action = c.front.w.SetTags(c.o.Cloud, m.ID, c.changes(), nil), "add_tags"
	case c.r.Method == http.MethodPut && key == "":
		set := c.changes()
		old = slices.DeleteFunc(old, func(k string) bool { _, ok := set[k]; return ok })
		err, action = c.front.w.SetTags(c.o.Cloud, m.ID, set, old), "replace_tags"
	case c.r.Method == http.MethodDelete && key == "":
		return c.emptied(m, c.front.w.SetTags(c.o.Cloud, m.ID, nil, old), "remove_tags")
	case c.r.Method == http.MethodDelete:
		if _, ok := m.Tags[key]; !ok {
			return newError(http.StatusNotFound, "ResourceNotFound", "tag "+key+" not found")
		}
		return c.emptied(m, c.front.w.SetTags(c.o.Cloud, m.ID, nil, []string{key}), "remove_tags")
	default:
		return newError(http.StatusMethodNotAllowed, "MethodNotAllowed", c.r.Method+" is not allowed")
	}
	if err == nil {
		err = c.front.w.BareTags(c.o.Cloud, m.ID, typed)
	}
	if err != nil {
		return worldError(err)
	}
	c.log(m.ID, action)
	now, err := c.machine(m.ID)
	if err != nil {
		return worldError(err)
	}
	return c.ok(c.toAPI(now).Tags)
}

func (c *call) metadata(m world.Instance, key string, get bool) error {
	if get {
		if key == "" {
			return c.ok(c.toAPI(m).Metadata)
		}
		v, ok := m.Metadata[key]
		if !ok {
			return newError(http.StatusNotFound, "ResourceNotFound", "metadata "+key+" not found")
		}
		return c.ok(v)
	}
	if err := c.changing(); err != nil {
		return err
	}
	switch {
	case c.r.Method == http.MethodPost && key == "":
		if err := c.front.w.SetMetadata(c.o.Cloud, m.ID, c.changes(), nil); err != nil {
			return worldError(err)
		}
		c.log(m.ID, "set_metadata")
		now, err := c.machine(m.ID)
		if err != nil {
			return worldError(err)
		}
		return c.ok(c.toAPI(now).Metadata)
	case c.r.Method == http.MethodDelete:
		remove := []string{key}
		if key == "" {
			remove = slices.Collect(maps.Keys(m.Metadata))
		} else if _, ok := m.Metadata[key]; !ok {
			return newError(http.StatusNotFound, "ResourceNotFound", "metadata "+key+" not found")
		}
		return c.emptied(m, c.front.w.SetMetadata(c.o.Cloud, m.ID, nil, remove), "remove_metadata")
	}
	return newError(http.StatusMethodNotAllowed, "MethodNotAllowed", c.r.Method+" is not allowed")
}

// emptied answers the deletion of a tag or of metadata.
func (c *call) emptied(m world.Instance, err error, action string) error {
	if err != nil {
		return worldError(err)
	}
	c.log(m.ID, action)
	return reply(c.w, c.r, http.StatusNoContent, nil)
}
