package wire

import (
	"slices"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Questions returns the questions about a zone's records: one per name and type, in the order of the records. It omits
// markers, which clients do not query; the SOA, whose serial belongs to the provider; and records below a delegation or
// a DNAME, which the zone's servers do not answer.
func Questions(zone providers.Zone, records []providers.Record) []Question {
	type key struct{ name, typ string }
	at := map[key]int{}
	var out []Question
	proxied := map[string]bool{}
	cuts := index.CutsOf(zone.Name, records)
	everywhere := map[key]bool{} // routed by place, with a default for all other places
	for i := range records {
		r := &records[i]
		if r.Proxied {
			proxied[r.Name] = true
		}
		if _, rest := byPlace(r); rest {
			everywhere[key{r.Name, r.Type}] = true
		}
	}
	for i := range records {
		r := &records[i]
		if r.Type == "SOA" || r.IsMarker() || !cuts.Answered(r.Name, r.Type) {
			continue
		}
		k := key{r.Name, r.Type}
		n, ok := at[k]
		if !ok {
			n = len(out)
			at[k] = n
			out = append(out, Question{Name: r.Name, Type: r.Type, TTL: r.TTL})
		}
		q := &out[n]
		q.Want = append(q.Want, r.Value)
		q.TTL = min(q.TTL, r.TTL)
		address := r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME"
		switch {
		case r.Alias || address && proxied[r.Name]:
			q.Mode = Resolves
		case r.Type == "CNAME" && providers.SameName(r.Name, zone.Name):
			q.Mode = Resolves // the apex cannot have a CNAME, so the provider answers with addresses
		case r.Type == "CNAME" && zone.Traits.Flattens && q.Mode == Exact:
			q.Mode = Flattened
		case r.SetID != "" && q.Mode == Exact:
			q.Mode = AnyOf
		}
		if place, _ := byPlace(r); r.Alias || place && !everywhere[k] {
			q.Empty = true
		}
	}
	for i := range out {
		slices.Sort(out[i].Want)
	}
	return out
}

// byPlace reports whether Route 53 returns a record to clients of some places only, and whether these are all places
// without a record set of their own.
func byPlace(r *providers.Record) (some, rest bool) {
	for f := range strings.FieldsSeq(r.Policy) {
		key, v, _ := strings.Cut(f, "=")
		switch key {
		case "continent", "country", "subdivision", "cidr-location":
			some, rest = true, rest || v == "*"
		}
	}
	return some && r.SetID != "", rest && r.SetID != ""
}
