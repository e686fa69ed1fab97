package cloudflare

import (
	"errors"
	"fmt"
	"slices"

	"rollcall/providers"
)

// ttlOf returns the TTL as the API represents it. Proxied records have no TTL of their own.
func ttlOf(r *providers.Record) uint32 {
	if r.Proxied || r.TTL == 0 || (r.AutoTTL && r.TTL == ttlAutoServed) {
		return ttlAuto
	}
	return r.TTL
}

// comment returns the comment of a created record: its owner marker, or a person's comment.
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
			return r.Comment, nil // exactly as it was read
		}
	}
	return r.Owners[0].Bare().Encode()
}

func foreignComment(c string) error {
	return fmt.Errorf("the record has a comment of its own (%q), which an owner marker would overwrite: clear it at Cloudflare first", providers.Brief(c))
}

// check returns an error for a record that Cloudflare cannot hold.
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
	case r.TTL > 1<<31-1:
		return fmt.Errorf("a TTL of %d seconds is more than DNS allows", r.TTL) // RFC 2181 section 8
	}
	return nil
}

// postBody returns the body of a create request.
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

// target returns the record that an update wants: after, with the comment that its owners require.
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

// patchBody returns the fields in which want differs from have; it may be empty.
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

// patchComment returns the comment after an update. If the owners are unchanged, so is the comment, including another
// writer's.
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
	return "", nil // the owner was removed, and the marker with it
}
