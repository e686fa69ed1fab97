package dnsview

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/providers"
)

// recordTypes are the types that a record can be written with on the command line.
var recordTypes = []string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}

// FindRecords finds records as the command line writes them:
// [zone:]name/type/value, split at the first /TYPE/; the value may be left out
// together with its slash to mean every value of the name and type. The error says in one line what is
// wrong with the text, or that there is no such record.
func (v *View) FindRecords(text string) ([]*providers.Record, error) {
	name, typ, value, ok := splitRecord(text)
	if !ok {
		return nil, fmt.Errorf("record %q: want [zone:]name/type/value, e.g. www.example.com/A/192.0.2.1", Clean(text))
	}
	zone := ""
	if z, n, ok := strings.Cut(name, ":"); ok {
		zone, name = providers.CanonicalName(z), n
	}
	name = providers.CanonicalName(name)
	folded := providers.FoldValue(typ, value)
	var out []*providers.Record
	for _, z := range v.index.zones {
		if zone != "" && z.name != zone {
			continue
		}
		for i := range z.view.Records {
			r := &z.view.Records[i]
			if r.Type != typ || r.Name != name || value != "" && providers.FoldValue(typ, r.Value) != folded {
				continue
			}
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("record %q: there is no such record in the zones that were read", Clean(text))
	}
	slices.SortFunc(out, compareRecords)
	return out, nil
}

// splitRecord splits at the first /TYPE/.
func splitRecord(text string) (name, typ, value string, ok bool) {
	at := -1
	for _, t := range recordTypes {
		if i := strings.Index(text, "/"+t+"/"); i > 0 && (at < 0 || i < at) {
			at, typ = i, t
		}
	}
	if at > 0 {
		return text[:at], typ, text[at+len(typ)+2:], true
	}
	for _, t := range recordTypes {
		if n, found := strings.CutSuffix(text, "/"+t); found && n != "" {
			return n, t, "", true
		}
	}
	return "", "", "", false
}

// FindInstance finds an instance by id, by name, by cloud/id or by cloud/name.
// Terminated ones are found by id only. That nobody or several bear the name is an error in one line.
func (v *View) FindInstance(text string) (*providers.Instance, error) {
	cloud, want, ok := strings.Cut(text, "/")
	if !ok {
		cloud, want = "", text
	}
	var byID, byName []*providers.Instance
	for n := range v.index.nodes {
		i := v.index.nodes[n].inst
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
		return nil, fmt.Errorf("instance %q: no cloud that was read shows it", Clean(text))
	}
	var names []string
	for _, i := range found {
		names = append(names, i.Cloud+"/"+i.ID)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("instance %q: several bear that name: %s", Clean(text), Clean(strings.Join(names, ", ")))
}
