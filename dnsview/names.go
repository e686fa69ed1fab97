package dnsview

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// NamesValue reports whether a text, as the command line writes the value of a record, names the value of r:
// the value alone, or the value with # and the identifier of the record set.
func NamesValue(text string, r *providers.Record) bool {
	if providers.FoldValue(r.Type, text) == providers.FoldValue(r.Type, r.Value) {
		return true
	}
	value, ok := strings.CutSuffix(text, "#"+r.SetID)
	return ok && r.SetID != "" && providers.FoldValue(r.Type, value) == providers.FoldValue(r.Type, r.Value)
}

// ValueName returns the value of a record of this snapshot as the command line writes it: with # and the
// identifier of its record set where the value alone would name a record of another set too.
func (v *View) ValueName(r *providers.Record) string {
	if r.SetID == "" {
		return r.Value
	}
	for _, o := range v.Index.WithSetID()[index.SetKeyOf(r)] {
		if o.SetID != r.SetID && NamesValue(r.Value, o) {
			return r.Value + "#" + r.SetID
		}
	}
	return r.Value
}

// RecordName returns a record of this snapshot as the command line takes it:
// zone:name/type/value, and #set-id where that is needed to name it alone.
func (v *View) RecordName(r *providers.Record) string {
	return r.Zone + ":" + r.Name + "/" + r.Type + "/" + v.ValueName(r)
}

// FindInstance finds an instance by id, by name, by cloud/id or by cloud/name.
// Terminated ones are found by id only. That no one or several bear the name is an error in one line.
func (v *View) FindInstance(text string) (*providers.Instance, error) {
	cloud, want, ok := strings.Cut(text, "/")
	if !ok {
		cloud, want = "", text
	}
	var byID, byName []*providers.Instance
	for n := range v.Index.Nodes {
		i := v.Index.Nodes[n].Instance
		if i == nil || cloud != "" && i.Cloud != cloud {
			continue
		}
		if i.ID == want {
			byID = append(byID, i)
		}
		if i.Name == want && !i.State.Dead() {
			byName = append(byName, i)
		}
	}
	found := byID
	if len(found) == 0 {
		found = byName
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("instance %q: no cloud that was read shows it", index.Clean(text))
	}
	var names []string
	for _, i := range found {
		names = append(names, i.Cloud+"/"+i.ID)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("instance %q: several bear that name: %s", index.Clean(text), index.Clean(strings.Join(names, ", ")))
}
