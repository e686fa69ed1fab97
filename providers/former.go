package providers

import (
	"slices"
	"time"
)

// Former is what a reading of a zone showed no more, however it was changed: a value, or a TTL that was longer. Resolvers
// may hold it until TTL after At. It is comparable.
type Former struct {
	Name     string        `json:"name"`
	Type     string        `json:"type"`
	Value    string        `json:"value,omitempty"` // folded; empty for every value of the set
	Cloud    CloudKey      `json:"cloud,omitempty"` // of the owner of a value, if it had one
	Instance string        `json:"instance,omitempty"`
	TTL      time.Duration `json:"ttl"`
	Seen     time.Time     `json:"seen"` // start of the last reading that showed it
	At       time.Time     `json:"at"`   // end of the first that did not
}

// Until returns when no resolver can hold it any more.
func (f *Former) Until() time.Time { return f.At.Add(f.TTL) }

// SetFormer sets Former from the view before a reading that ended at a time. Only a complete reading shows that a value
// is gone. What no resolver can hold any more is left out.
func (v *ZoneView) SetFormer(prev *ZoneView, at time.Time) {
	v.Former = prev.Former
	if over := func(f Former) bool { return !f.Until().After(at) }; slices.ContainsFunc(v.Former, over) {
		v.Former = slices.DeleteFunc(slices.Clone(v.Former), over)
	}
	if ShareRows(v.Records, prev.Records) {
		return
	}
	was, is := changedPart(prev.Records, v.Records)
	type value struct{ name, typ, value string }
	now := make(map[value]time.Duration, len(is))
	for i := range is {
		k := value{is[i].Name, is[i].Type, FoldValue(is[i].Type, is[i].Value)}
		now[k] = max(now[k], is[i].CacheTime())
	}
	former := map[value]int{} // index in gone
	var gone []Former
	for i := range was {
		r := &was[i]
		k := value{r.Name, r.Type, FoldValue(r.Type, r.Value)}
		ttl, there := now[k]
		f := Former{Name: r.Name, Type: r.Type, TTL: r.CacheTime(), Seen: prev.RowsFrom, At: at}
		o, owned := r.Owner()
		_, address := r.LeadsTo()
		switch {
		case r.Alias || r.IsMarker() || r.Type == "SOA" || f.TTL <= ttl:
			continue
		case there:
			k.value = ""
		case !v.Coverage.Complete() || !owned && !address: // nothing says which node it led to
			continue
		default:
			f.Value, f.Cloud, f.Instance = k.value, o.Cloud, o.Instance
		}
		if n, known := former[k]; !known {
			former[k] = len(gone)
			gone = append(gone, f)
		} else if f.TTL > gone[n].TTL {
			gone[n] = f
		}
	}
	if len(gone) > 0 {
		v.Former = append(slices.Clip(v.Former), gone...)
	}
}

// changedPart returns the rows of two readings without those that are the same at their beginnings and ends.
func changedPart(was, is []Record) ([]Record, []Record) {
	same := func(a, b *Record) bool {
		return a.TTL == b.TTL && a.AutoTTL == b.AutoTTL && a.Proxied == b.Proxied && a.Name == b.Name && a.Type == b.Type && a.Value == b.Value
	}
	for len(was) > 0 && len(is) > 0 && same(&was[0], &is[0]) {
		was, is = was[1:], is[1:]
	}
	for len(was) > 0 && len(is) > 0 && same(&was[len(was)-1], &is[len(is)-1]) {
		was, is = was[:len(was)-1], is[:len(is)-1]
	}
	return was, is
}
