package index

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
)

// What the protocol allows of one record.
const (
	nameOctets  = 255 // of a name on the wire (RFC 1035 section 2.3.4)
	labelOctets = 63
	ttlMost     = 1<<31 - 1 // RFC 2181 section 8
)

// Acceptance reports whether the provider of a zone would take changes, made one after the other. It
// knows of the zone what it is given.
type Acceptance struct {
	Traits *providers.Traits // of the provider
	Named  map[string][]*providers.Record
	Sizes  map[SetID]SetSize // of sets that accepted changes have changed
}

// SetSize is how many values a record set has, and how many characters these have as a batch counts them.
type SetSize struct{ values, chars int }

// NewAcceptance makes an Acceptance for a zone with these records.
func NewAcceptance(at *providers.Traits, records []providers.Record) *Acceptance {
	a := &Acceptance{Traits: at, Named: map[string][]*providers.Record{}, Sizes: map[SetID]SetSize{}}
	for i := range records {
		a.Named[records[i].Name] = append(a.Named[records[i].Name], &records[i])
	}
	return a
}

// WhyRefused returns why the provider would refuse a change, or the empty string; then the change counts as made for
// those that follow.
func (a *Acceptance) WhyRefused(c *providers.Change) string {
	if c.Op == providers.OpCreate || c.Op == providers.OpUpdate && (c.Before.Value != c.After.Value || c.Before.TTL != c.After.TTL || c.Before.Proxied != c.After.Proxied || c.Before.Weight != c.After.Weight) {
		if why := a.badRecord(&c.After); why != "" {
			return why
		}
	}
	switch c.Op {
	case providers.OpCreate:
		if a.holds(&c.After) {
			return ""
		}
		if why := a.badNeighbour(&c.After); why != "" {
			return why
		}
	case providers.OpUpdate:
		if why := a.overwrites(c); why != "" {
			return why
		}
	}
	if a.Traits.Sets != nil {
		return a.tooLarge(c)
	}
	return ""
}

// badRecord holds a record against what can stand in any zone of the provider.
func (a *Acceptance) badRecord(r *providers.Record) string {
	if why := badName(r.Name); why != "" {
		return why
	}
	if a.Traits.Markers == providers.MarkerInBatch {
		for _, o := range r.Owners {
			if why := badName(providers.MarkerName(o.Instance, r.Name)); why != "" {
				return "its owner marker has no room: " + why
			}
		}
	}
	addr, isAddr := providers.ParseAddr(r.Value)
	bad := r.Value == ""
	switch r.Type {
	case "A":
		bad = !isAddr || !addr.Is4()
	case "AAAA":
		bad = !isAddr
	case "SRV":
		s, ok := providers.ParseSRV(r.Value)
		bad = !ok
		if why := badName(s.Target); ok && s.Target != "." && why != "" {
			return why
		}
	case "PTR", "CNAME", "NS":
		if why := badName(r.Value); why != "" {
			return why
		}
	}
	sets, ttls := a.Traits.Sets, a.Traits.TTLs
	switch {
	case r.Alias:
		return "it is an alias, which is read-only"
	case bad:
		return strconv.Quote(Clean(r.Value)) + " is no value of type " + r.Type
	case r.TTL > ttlMost:
		return "a TTL of " + strconv.FormatUint(uint64(r.TTL), 10) + " s is more than DNS allows"
	case sets != nil && (r.Weight < 0 || r.Weight > sets.Weight):
		return "a weight of " + strconv.FormatInt(r.Weight, 10) + " is out of range: " + a.Traits.Title + " takes 0 to " + strconv.FormatInt(sets.Weight, 10)
	case a.Traits.Proxies && r.Proxied && !a.Traits.CanProxy(r.Type):
		return "a record of type " + r.Type + " cannot be proxied"
	case sets == nil && (r.SetID != "" || r.Weight != 0):
		return "a record at " + a.Traits.Title + " has no weight and no set identifier"
	case ttls != nil && !r.Proxied && !r.AutoTTL && r.TTL > ttls.Auto && (r.TTL < ttls.Least || r.TTL > ttls.Max):
		return "a TTL of " + strconv.FormatUint(uint64(r.TTL), 10) + " s is out of range: " + a.Traits.Title + " takes " + strconv.FormatUint(uint64(ttls.Least), 10) + " to " + strconv.FormatUint(uint64(ttls.Max), 10) + ", or automatic"
	}
	return ""
}

// badName holds a name against the limits of DNS, as it stands on the wire.
func badName(name string) string {
	octets := 1
	for _, l := range providers.SplitName(name) {
		if len(l) > labelOctets {
			return Clean(name) + " has a label of " + strconv.Itoa(len(l)) + " octets, and " + strconv.Itoa(labelOctets) + " is the most"
		}
		octets += len(l) + 1
	}
	if octets > nameOctets {
		return Clean(name) + " has " + strconv.Itoa(octets) + " octets, and a name has " + strconv.Itoa(nameOctets) + " at most"
	}
	return ""
}

// holds reports whether the value is there already.
func (a *Acceptance) holds(r *providers.Record) bool {
	return slices.ContainsFunc(a.Named[r.Name], func(s *providers.Record) bool {
		return !s.Alias && s.Type == r.Type && s.SetID == r.SetID && providers.FoldValue(s.Type, s.Value) == providers.FoldValue(r.Type, r.Value)
	})
}

// badNeighbour finds what a new record cannot stand beside.
func (a *Acceptance) badNeighbour(r *providers.Record) string {
	for _, s := range a.Named[r.Name] {
		switch {
		case s.Type == "CNAME" && r.Type != "CNAME":
			return Clean(r.Name) + " is an alias (CNAME) of " + Clean(s.Value) + ", and nothing can stand beside it: remove that first"
		case r.Type == "CNAME":
			return Clean(r.Name) + " has other records, and a CNAME cannot stand beside them"
		case s.Type != r.Type || a.Traits.Sets == nil:
		case s.Alias && s.SetID == r.SetID:
			return Clean(r.Name) + " " + r.Type + " is an alias record of " + a.Traits.Title + ", which is read-only: remove it at its provider first, or give the service another name"
		case (s.SetID == "") != (r.SetID == ""):
			return Clean(r.Name) + " " + r.Type + " has record sets with a routing policy (" + Clean(firstWord(s)) + "), beside which a simple one cannot stand: restore it or add the value to one of them at " + a.Traits.Title
		}
	}
	return ""
}

// firstWord is what a record set with a policy is called.
func firstWord(r *providers.Record) string {
	if w := strings.Fields(r.Policy); len(w) > 0 {
		return w[0]
	}
	return "set " + r.SetID
}

// overwrites refuses to put an owner marker in the place of a person's comment.
func (a *Acceptance) overwrites(c *providers.Change) string {
	if a.Traits.Markers == providers.MarkerInComment && !slices.Equal(c.Before.Owners, c.After.Owners) && len(c.After.Owners) > 0 && HasOwnComment(&c.Before) {
		return OwnComment(&c.Before, a.Traits.Title)
	}
	return ""
}

// HasOwnComment reports whether a record has a comment that is no marker.
func HasOwnComment(r *providers.Record) bool {
	_, err := providers.DecodeOwner(r.Comment)
	return r.Comment != "" && errors.Is(err, providers.ErrNotMarker)
}

// OwnComment returns why a record with a comment of its own at the provider of that title cannot be adopted, as the end of a sentence.
func OwnComment(r *providers.Record, title string) string {
	return "has a comment of its own (" + strconv.Quote(Clean(r.Comment)) + "), which an owner marker would overwrite: clear it at " + title + " first, then adopt it"
}

// tooLarge holds the record set that a change touches, as it was and as it shall be, against what its provider takes in
// one batch: in two the name would be empty in between.
func (a *Acceptance) tooLarge(c *providers.Change) string {
	r := c.Record()
	at := SetOf(&r)
	was, ok := a.Sizes[at]
	if !ok {
		for _, s := range a.Named[r.Name] {
			if s.Type == r.Type && s.SetID == r.SetID && !s.Alias {
				was.values++
				was.chars += wireChars(s.Type, s.Value)
			}
		}
	}
	is := was
	if c.Op != providers.OpCreate {
		is.values--
		is.chars -= wireChars(c.Before.Type, c.Before.Value)
	}
	if c.Op != providers.OpDelete {
		is.values++
		is.chars += wireChars(c.After.Type, c.After.Value)
	}
	chars, values := was.chars+is.chars, was.values+is.values
	for _, o := range append(slices.Clone(c.Before.Owners), c.After.Owners...) {
		for _, m := range a.Named[providers.MarkerName(o.Instance, r.Name)] {
			chars, values = chars+len(m.Value), values+1
		}
		chars, values = chars+providers.MarkerLimit+2, values+1
	}
	if c.Op == providers.OpCreate && len(c.After.Owners) > 0 { // what comes must be able to go, which takes its marker twice
		chars, values = chars+providers.MarkerLimit+2, values+1
	}
	limits := a.Traits.Sets
	switch what := Clean(r.Name) + " " + r.Type; {
	case is.values > limits.Values && is.values > was.values:
		return what + " would have " + strconv.Itoa(is.values) + " values, and a record set of " + a.Traits.Title + " holds " + strconv.Itoa(limits.Values)
	case chars > limits.BatchChars:
		return what + " cannot be changed in one step: its old and new values have " + strconv.Itoa(chars) + " characters together with their markers, and " + a.Traits.Title + " takes " + strconv.Itoa(limits.BatchChars) + " at once: split the name, or use shorter names"
	case values > limits.BatchValues:
		return what + " cannot be changed in one step: its old and new values are " + strconv.Itoa(values) + " together with their markers, and " + a.Traits.Title + " takes " + strconv.Itoa(limits.BatchValues) + " at once: split the name"
	}
	a.Sizes[at] = is
	return ""
}

// wireChars is the length of a value as a batch counts it: names have their last dot.
func wireChars(typ, value string) int {
	switch typ {
	case "SRV", "PTR", "CNAME", "NS", "MX":
		return len(value) + 1
	}
	return len(value)
}
