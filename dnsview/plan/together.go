package plan

import (
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// RemovedTogether returns, for each address record of which a finding offers the removal on one key, the SRV values
// that lead to it and go with it. Records that go alone are not in the result.
func RemovedTogether(v *dnsview.View) map[providers.Identity][]*providers.Record {
	out := map[providers.Identity][]*providers.Record{}
	b := newBuilder(v, index.VerbDeregister)
	for i := range v.Findings {
		f := &v.Findings[i]
		if !f.OneKey || f.Record == nil || f.Record.Type != "A" && f.Record.Type != "AAAA" {
			continue
		}
		id := f.Record.Identity()
		var with []*providers.Record
		for _, s := range b.srvTo(f.Record) {
			switch f.Remedy {
			case dnsview.RemedyDelete:
				if v.FindingForDelete(s) != nil {
					with = append(with, s)
				}
			case dnsview.RemedyQuiesce:
				if v.Index.IsOurs(s) && b.removedWith(s, f.Record, []providers.Identity{id}) {
					with = append(with, s)
				}
			}
		}
		if len(with) > 0 {
			out[id] = with
		}
	}
	return out
}
