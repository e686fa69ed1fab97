package cloudflare

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
)

// ttlAuto is Cloudflare's automatic TTL: it is served as 300 seconds.
const (
	ttlAuto       = 1
	ttlAutoServed = 300
)

// wireRecord is a DNS record as the API answers it: one object for each value.
type wireRecord struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	Content  string          `json:"content"`
	TTL      float64         `json:"ttl"`
	Proxied  bool            `json:"proxied"`
	Priority *float64        `json:"priority"`
	Data     json.RawMessage `json:"data"`
	Comment  string          `json:"comment"`
	Tags     []string        `json:"tags"`
	Settings map[string]any  `json:"settings"`
	Private  bool            `json:"private_routing"`
	Modified string          `json:"modified_on"`
	Comments string          `json:"comment_modified_on"`
}

// extra is what a record holds beside what providers.Record has fields for. As
// JSON it is the record's Policy, so that a record that was deleted can come back whole.
type extra struct {
	Settings map[string]any `json:"settings,omitempty"`
	Tags     []string       `json:"tags,omitempty"`
	Private  bool           `json:"private_routing,omitempty"`
	Priority *float64       `json:"priority,omitempty"` // of types whose value does not show it
}

func (e extra) policy() string {
	if len(e.Settings) == 0 && len(e.Tags) == 0 && !e.Private && e.Priority == nil {
		return ""
	}
	b, err := json.Marshal(e) // sorts keys: one spelling
	if err != nil {
		return ""
	}
	return string(b)
}

func parsePolicy(policy string) (extra, error) {
	var e extra
	if policy == "" {
		return e, nil
	}
	if err := json.Unmarshal([]byte(policy), &e); err != nil {
		return e, errors.New("its policy is not one of Cloudflare's")
	}
	return e, nil
}

type srvData struct {
	Priority uint16 `json:"priority"`
	Weight   uint16 `json:"weight"`
	Port     uint16 `json:"port"`
	Target   string `json:"target"`
}

type uriData struct {
	Weight uint16 `json:"weight"`
	Target string `json:"target"`
}

type caaData struct {
	Flags uint8  `json:"flags"`
	Tag   string `json:"tag"`
	Value string `json:"value"`
}

// decode turns an answered record into a row of the zone.
func (w *wireRecord) decode(zone string) (providers.Record, error) {
	r := providers.Record{
		Zone: zone, Name: providers.CanonicalName(ascii(w.Name)), Type: strings.ToUpper(w.Type), TTL: uint32(max(0, min(w.TTL, 1<<31-1))),
		ID: w.ID, Proxied: w.Proxied, Comment: w.Comment,
	}
	if w.ID == "" || w.Name == "" || w.Type == "" {
		return r, errors.New("a record without id, name or type")
	}
	if !providers.InZone(r.Name, zone) {
		return r, fmt.Errorf("a record of the name %s, which is not in the zone", providers.Brief(w.Name))
	}
	if r.TTL == ttlAuto {
		r.TTL, r.AutoTTL = ttlAutoServed, true
	}
	if t, err := time.Parse(time.RFC3339Nano, w.Modified); err == nil && t.Unix() > 0 {
		r.Modified = t.UTC()
	}
	if t, err := time.Parse(time.RFC3339Nano, w.Comments); err == nil && t.Unix() > 0 {
		r.Commented = t.UTC()
	}
	e := extra{Settings: w.Settings, Tags: slices.Sorted(slices.Values(w.Tags)), Private: w.Private}
	r.Value = providers.CanonicalValue(r.Type, w.value(r.Type))
	r.Raw = w.raw(&r)
	if w.Priority != nil && r.Type != "MX" && r.Type != "SRV" && r.Type != "URI" && *w.Priority != 0 {
		e.Priority = w.Priority
	}
	r.Policy = e.policy()
	decodeComment(&r)
	return r, nil
}

func (w *wireRecord) value(typ string) string {
	switch typ {
	case "MX":
		prio := 0
		if w.Priority != nil {
			prio = int(*w.Priority)
		}
		return strconv.Itoa(prio) + " " + w.Content
	case "SRV":
		var d srvData
		if json.Unmarshal(w.Data, &d) == nil && d.Target != "" {
			return fmt.Sprintf("%d %d %d %s", d.Priority, d.Weight, d.Port, d.Target)
		}
		if f := strings.Fields(w.Content); len(f) == 3 && w.Priority != nil { // weight, port, target
			return strconv.Itoa(int(*w.Priority)) + " " + strings.Join(f, " ")
		}
	case "URI":
		var d uriData
		if json.Unmarshal(w.Data, &d) == nil && d.Target != "" && w.Priority != nil {
			return fmt.Sprintf("%d %d %s", int(*w.Priority), d.Weight, providers.FormatTXT([]string{d.Target}))
		}
	}
	return w.Content
}

// spelling is what Record.Raw holds: the fields of an answer that hold the value.
type spelling struct {
	Content  *string         `json:"content,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	Priority *float64        `json:"priority,omitempty"`
	Value    string          `json:"value"` // that they were read as
}

// raw returns the fields that hold the value when they are not those that the value alone would be
// written as.
func (w *wireRecord) raw(r *providers.Record) string {
	bare := w.Priority == nil || *w.Priority == 0
	switch r.Type {
	case "A", "AAAA", "CNAME", "NS", "PTR", "TXT", "SPF":
		if r.Value == w.Content && bare {
			return ""
		}
	case "MX":
		if w.Priority != nil && r.Value == strconv.Itoa(int(*w.Priority))+" "+w.Content {
			return ""
		}
	case "SRV", "CAA":
		if fields, err := contentFields(r.Type, r.Value); err == nil && sameJSON(fields["data"], w.Data) {
			return ""
		}
	}
	s := spelling{Data: w.Data, Priority: w.Priority, Value: r.Value}
	if len(w.Data) == 0 || string(w.Data) == "null" || string(w.Data) == "{}" {
		s.Data, s.Content = nil, &w.Content
	}
	b, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(b)
}

// sameJSON reports whether a value, as JSON, says the same as a text.
func sameJSON(v any, text json.RawMessage) bool {
	b, err := json.Marshal(v)
	if err != nil {
		return false
	}
	var x, y any
	return json.Unmarshal(b, &x) == nil && json.Unmarshal(text, &y) == nil && reflect.DeepEqual(x, y)
}

// valueFields returns the fields of a request that hold the value of a record: as they were read, where
// that is known, else as the value says.
func valueFields(r *providers.Record) (map[string]any, error) {
	var s spelling
	if r.Raw == "" || json.Unmarshal([]byte(r.Raw), &s) != nil || s.Value != providers.CanonicalValue(r.Type, r.Value) {
		return contentFields(r.Type, r.Value)
	}
	fields := map[string]any{}
	if s.Content != nil {
		fields["content"] = *s.Content
	}
	if len(s.Data) > 0 {
		fields["data"] = s.Data
	}
	if s.Priority != nil {
		fields["priority"] = *s.Priority
	}
	return fields, nil
}

// decodeComment reads the owner marker in a record's comment. A person's
// comment is left alone; a marker that cannot be read makes the record ambiguous.
func decodeComment(r *providers.Record) {
	r.Owners, r.BadMarkers = nil, nil
	o, err := providers.DecodeOwner(r.Comment)
	switch {
	case errors.Is(err, providers.ErrNotMarker):
	case err != nil, o.Type != "" && !o.Owns(r.Type, r.Value):
		r.BadMarkers = []string{r.Comment}
	default:
		r.Owners = []providers.Owner{o.Bare()}
	}
}

// contentFields gives the fields of a request that hold a value. Names in it
// are absolute without the last dot, as the API gives them.
func contentFields(typ, value string) (map[string]any, error) {
	v := providers.CanonicalValue(typ, value)
	bad := func() error { return fmt.Errorf("%q is no value of type %s", providers.Brief(value), typ) }
	if v == "" {
		return nil, bad()
	}
	switch typ {
	case "A", "AAAA":
		if a, err := netip.ParseAddr(v); err != nil || a.Zone() != "" || a.Is4() != (typ == "A") {
			return nil, bad()
		}
		return map[string]any{"content": v}, nil
	case "CNAME", "NS", "PTR", "TXT", "SPF":
		return map[string]any{"content": v}, nil
	case "MX":
		prio, host, ok := strings.Cut(v, " ")
		n, err := strconv.ParseUint(prio, 10, 16)
		if !ok || err != nil {
			return nil, bad()
		}
		return map[string]any{"priority": n, "content": host}, nil
	case "SRV":
		s, ok := providers.ParseSRV(v)
		if !ok {
			return nil, bad()
		}
		return map[string]any{"data": srvData{Priority: s.Priority, Weight: s.Weight, Port: s.Port, Target: s.Target}}, nil
	case "CAA":
		f := strings.SplitN(v, " ", 3)
		if len(f) != 3 {
			return nil, bad()
		}
		flags, err := strconv.ParseUint(f[0], 10, 8)
		if err != nil {
			return nil, bad()
		}
		return map[string]any{"data": caaData{Flags: uint8(flags), Tag: f[1], Value: strings.Trim(f[2], `"`)}}, nil
	}
	return nil, fmt.Errorf("rollcall does not write records of type %s", typ)
}

// ttlOf gives the TTL as the API counts it. What is proxied has none of its own.
func ttlOf(r *providers.Record) uint32 {
	if r.Proxied || r.TTL == 0 || (r.AutoTTL && r.TTL == ttlAutoServed) {
		return ttlAuto
	}
	return r.TTL
}

// comment gives the comment that a created record gets: its owner marker, or
// the comment of a person.
func comment(r *providers.Record) (string, error) {
	switch len(r.Owners) {
	case 0:
		return r.Comment, nil
	case 1:
	default:
		return "", errors.New("a comment holds one owner marker, not several")
	}
	if r.Comment != "" {
		o, err := providers.DecodeOwner(r.Comment)
		switch {
		case errors.Is(err, providers.ErrNotMarker):
			return "", foreignComment(r.Comment)
		case err == nil && o.Bare() == r.Owners[0].Bare():
			return r.Comment, nil // as it was read, to the character
		}
	}
	return r.Owners[0].Bare().Encode()
}

func foreignComment(c string) error {
	return fmt.Errorf("the record has a comment of its own (%q), which an owner marker would overwrite: clear it at Cloudflare first", providers.Brief(c))
}

// check refuses what Cloudflare's records cannot hold.
func check(r *providers.Record, zone string) error {
	switch {
	case r.Alias:
		return errors.New("an alias is read-only")
	case r.SetID != "" || r.Weight != 0:
		return errors.New("a record at Cloudflare has no weight and no set identifier")
	case !providers.InZone(r.Name, zone):
		return fmt.Errorf("%s is not in the zone %s", providers.Brief(r.Name), zone)
	case r.Proxied && r.Type != "A" && r.Type != "AAAA" && r.Type != "CNAME":
		return fmt.Errorf("a record of type %s cannot be proxied", r.Type)
	}
	return nil
}

// postBody is a record as a create sends it.
func postBody(r *providers.Record, zone string) (map[string]any, error) {
	if err := check(r, zone); err != nil {
		return nil, err
	}
	body, err := valueFields(r)
	if err != nil {
		return nil, err
	}
	body["type"], body["name"], body["ttl"] = r.Type, providers.CanonicalName(r.Name), ttlOf(r)
	if r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME" {
		body["proxied"] = r.Proxied
	}
	c, err := comment(r)
	if err != nil {
		return nil, err
	}
	if c != "" {
		body["comment"] = c
	}
	e, err := parsePolicy(r.Policy)
	if err != nil {
		return nil, err
	}
	if len(e.Tags) > 0 {
		body["tags"] = e.Tags
	}
	if len(e.Settings) > 0 {
		body["settings"] = e.Settings
	}
	if e.Private {
		body["private_routing"] = true
	}
	return body, nil
}

// target is the record that an update wants: after, with the comment that
// follows from the owners.
func target(before, after *providers.Record, zone string) (*providers.Record, error) {
	if err := check(after, zone); err != nil {
		return nil, err
	}
	if !providers.SameName(before.Name, after.Name) || before.Type != after.Type {
		return nil, errors.New("an update keeps name and type: delete and create instead")
	}
	c, err := patchComment(before, after)
	if err != nil {
		return nil, err
	}
	want := *after
	want.Comment = c
	return &want, nil
}

// patchBody holds the fields in which a wanted record differs from a reading;
// without any it is empty.
func patchBody(have, want *providers.Record) (map[string]any, error) {
	body := map[string]any{}
	if have.Type != want.Type || providers.CanonicalValue(have.Type, have.Value) != providers.CanonicalValue(want.Type, want.Value) {
		fields, err := valueFields(want)
		if err != nil {
			return nil, err
		}
		body = fields
	}
	if ttlOf(have) != ttlOf(want) {
		body["ttl"] = ttlOf(want)
	}
	if have.Proxied != want.Proxied {
		body["proxied"] = want.Proxied
	}
	if have.Comment != want.Comment {
		body["comment"] = want.Comment
	}
	if have.Policy != want.Policy {
		e, err := parsePolicy(want.Policy)
		if err != nil {
			return nil, err
		}
		body["tags"] = append([]string{}, e.Tags...)
		body["settings"] = e.Settings
	}
	return body, nil
}

// patchComment gives the comment after an update. The owners decide; when they
// stay as they are, so does the comment, whoever wrote it.
func patchComment(before, after *providers.Record) (string, error) {
	if slices.Equal(before.Owners, after.Owners) {
		return after.Comment, nil
	}
	if len(after.Owners) > 0 {
		if _, err := providers.DecodeOwner(before.Comment); before.Comment != "" && errors.Is(err, providers.ErrNotMarker) {
			return "", foreignComment(before.Comment)
		}
		c := *after
		if c.Comment == before.Comment {
			c.Comment = ""
		}
		return comment(&c)
	}
	if _, err := providers.DecodeOwner(after.Comment); errors.Is(err, providers.ErrNotMarker) {
		return after.Comment, nil
	}
	return "", nil // the owner was taken away, and the marker with it
}

// sameRow compares two readings of one record in all that the API says of it. Owners
// are left out: they follow from the comment, or from TXT records elsewhere.
func sameRow(a, b *providers.Record) bool {
	x, y := *a, *b
	x.Owners, y.Owners, x.BadMarkers, y.BadMarkers = nil, nil, nil, nil
	return x.Equal(&y)
}

// difference names the first field in which two readings differ.
func difference(a, b *providers.Record) string {
	for _, f := range []struct{ what, a, b string }{
		{"name", a.Name, b.Name},
		{"type", a.Type, b.Type},
		{"value", a.Value, b.Value},
		{"TTL", fmt.Sprint(ttlOf(a)), fmt.Sprint(ttlOf(b))},
		{"proxied", fmt.Sprint(a.Proxied), fmt.Sprint(b.Proxied)},
		{"comment", a.Comment, b.Comment},
		{"tags or settings", a.Policy, b.Policy},
	} {
		if f.a != f.b {
			return fmt.Sprintf("its %s was %q and is %q", f.what, providers.Brief(f.a), providers.Brief(f.b))
		}
	}
	return fmt.Sprintf("it was last changed at %s, not %s", b.Modified.Format(time.RFC3339), a.Modified.Format(time.RFC3339))
}
