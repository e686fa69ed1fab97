package cloudflare

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// ttlAuto is Cloudflare's automatic TTL, which is served as 300 seconds.
const (
	ttlAuto       = 1
	ttlAutoServed = 300
)

// wireRecord is a DNS record in the API's answers: one object per value.
type wireRecord struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	Content  string          `json:"content"`
	TTL      *float64        `json:"ttl"`
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

// extra is what a record holds that providers.Record has no fields for. As JSON it is the record's Policy, so that a
// deleted record can be restored completely.
type extra struct {
	Settings map[string]any `json:"settings,omitempty"`
	Tags     []string       `json:"tags,omitempty"`
	Private  bool           `json:"private_routing,omitempty"`
	Priority *float64       `json:"priority,omitempty"` // of types whose value does not contain it
}

func (e extra) policy() string {
	if len(e.Settings) == 0 && len(e.Tags) == 0 && !e.Private && e.Priority == nil {
		return ""
	}
	b, err := json.Marshal(e) // keys are sorted, so there is one spelling
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

// decode returns a record of an answer as a row of the zone.
func (w *wireRecord) decode(zone string) (providers.Record, error) {
	r := providers.Record{
		Zone: zone, Name: providers.CanonicalName(ascii(w.Name)), Type: strings.ToUpper(w.Type), ID: w.ID, Proxied: w.Proxied, Comment: w.Comment,
	}
	if w.ID == "" || w.Name == "" || w.Type == "" {
		return r, errors.New("a record without id, name or type")
	}
	if !providers.InZone(r.Name, zone) {
		return r, fmt.Errorf("a record of the name %s, which is not in the zone", providers.Brief(w.Name))
	}
	if w.TTL == nil || w.Type == "MX" && w.Priority == nil {
		return r, fmt.Errorf("a record of %s %s without TTL or priority", providers.Brief(w.Name), providers.Brief(w.Type))
	}
	r.TTL = uint32(max(0, min(*w.TTL, 1<<31-1)))
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
	if w.Content == "" && r.Value == "" {
		return r, fmt.Errorf("a record of %s %s without a value", providers.Brief(w.Name), providers.Brief(w.Type))
	}
	switch r.Type {
	case "CNAME", "NS", "PTR", "MX", "SRV":
		r.Value = providers.CanonicalValue(r.Type, asciiTarget(w.value(r.Type)))
	}
	r.Raw = w.raw(&r)
	if w.Priority != nil && r.Type != "MX" && r.Type != "SRV" && r.Type != "URI" && *w.Priority != 0 {
		e.Priority = w.Priority
	}
	r.Policy = e.policy()
	decodeComment(&r)
	return r, nil
}

// decodeComment decodes the owner marker in a record's comment. It ignores a person's comment. An unreadable marker
// makes the record ambiguous.
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

// sameRow compares all that the API returns of two readings of a record. It ignores owners, which follow from the
// comment or from TXT records elsewhere.
func sameRow(a, b *providers.Record) bool {
	x, y := *a, *b
	x.Owners, y.Owners, x.BadMarkers, y.BadMarkers = nil, nil, nil, nil
	return x.Equal(&y)
}

// difference returns the first field in which two readings differ.
func difference(a, b *providers.Record) string {
	for _, f := range fields {
		if x, y := f.of(a), f.of(b); x != y {
			return fmt.Sprintf("its %s was %q and is %q", f.what, providers.Brief(x), providers.Brief(y))
		}
	}
	return fmt.Sprintf("it was last changed at %s, not %s", b.Modified.Format(time.RFC3339), a.Modified.Format(time.RFC3339))
}
