package wire

import (
	"slices"

	"rollcall/providers"
)

// Questions gives what is to be asked for the records of a zone: one question
// for each name and type, in the order in which records show it first. Left out are markers, which no
// client asks for; the SOA, whose serial is the provider's affair; and what lies
// below a delegation, which other servers answer.
func Questions(zone providers.Zone, records []providers.Record) []Question {
	type key struct{ name, typ string }
	at := map[key]int{}
	var out []Question
	proxied := map[string]bool{}
	cuts := map[string]bool{}
	for i := range records {
		r := &records[i]
		if r.Proxied {
			proxied[r.Name] = true
		}
		if r.Type == "NS" && !providers.SameName(r.Name, zone.Name) {
			cuts[r.Name] = true
		}
	}
	for i := range records {
		r := &records[i]
		if r.Type == "SOA" || r.IsMarker() || len(cuts) > 0 && occluded(r, zone.Name, cuts) {
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
			q.Mode = Resolves // no CNAME can stand there; the provider answers with its addresses
		case r.SetID != "" && q.Mode == Exact:
			q.Mode = AnyOf
		}
	}
	for i := range out {
		slices.Sort(out[i].Want)
	}
	return out
}

// occluded reports whether a record lies below a delegation, or at one without
// belonging to it.
func occluded(r *providers.Record, zone string, cuts map[string]bool) bool {
	if cuts[r.Name] {
		return r.Type != "NS" && r.Type != "DS"
	}
	for up := above(r.Name); providers.InZone(up, zone) && !providers.SameName(up, zone); up = above(up) {
		if cuts[up] {
			return true
		}
	}
	return false
}

// First puts the questions of the given names before all others, and keeps the order otherwise.
func First(questions []Question, names map[string]bool) []Question {
	out := make([]Question, 0, len(questions))
	for _, q := range questions {
		if names[q.Name] {
			out = append(out, q)
		}
	}
	for _, q := range questions {
		if !names[q.Name] {
			out = append(out, q)
		}
	}
	return out
}
