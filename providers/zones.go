package providers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// ZoneGetter returns the current state of one zone by its id. A zone that the credentials cannot see is an error.
type ZoneGetter interface {
	Zone(ctx context.Context, id string) (Zone, error)
}

// ZoneChoice says which of several zones of one name is meant. The zero value means the only one.
type ZoneChoice struct {
	ID      string // the provider's id; nothing else counts then
	Account string // the id of the account that holds it
	Private bool   // the private zone of the name
}

// FindZone returns the zone of a name in an account that is meant. Zones that are not delegated to the provider, such as a
// copy that has moved away, count only if no other is there. Several zones of the name, such as a public and a private one,
// are KindInvalid with an error that lists them, because the intended one is unknown.
//
// seen is the id under which the zone was seen before, or empty. If the account's list lacks the zone and the account
// is a ZoneGetter, FindZone queries the id of choice or seen: an empty list must not remove a zone whose id and name the
// account confirms.
func FindZone(ctx context.Context, account ZoneLister, name string, choice ZoneChoice, seen string) (Zone, error) {
	fail := func(kind Kind, format string, args ...any) error {
		return &Error{Kind: kind, Source: name, Op: "find the zone", Err: fmt.Errorf(format, args...)}
	}
	if who, ok := account.(AccountIdentifier); ok && choice.Account != "" {
		// The zones of this API do not say whose they are.
		switch id, err := who.AccountID(ctx); {
		case err != nil:
			return Zone{}, err
		case id != choice.Account:
			return Zone{}, fail(KindNotFound, "the credentials belong to the account %s, not to %s; correct the account, or use credentials of that one", id, choice.Account)
		}
	}
	var ofName []Zone
	cov := account.Zones(ctx, func(page []Zone) {
		for _, z := range page {
			if SameName(z.Name, name) {
				ofName = append(ofName, z)
			}
		}
	})
	found := choice.Among(ofName)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Zone{}, ZonesOfOneName(name, found)
	}
	if known := cmp.Or(choice.ID, seen); known != "" {
		if g, ok := account.(ZoneGetter); ok {
			if z, err := g.Zone(ctx, known); err == nil && z.ID == known && SameName(z.Name, name) && len(choice.Among([]Zone{z})) == 1 {
				return z, nil
			}
		}
	}
	switch {
	case cov.Complete() && choice.ID != "":
		return Zone{}, fail(KindNotFound, "the account that the credentials belong to has no zone of this name with the id %s; correct the id, or use credentials of the account that has it", choice.ID)
	case cov.Complete() && len(ofName) > 0:
		return Zone{}, fail(KindNotFound, "the account has a zone of this name, and not the one that the config asks for; it has %s", candidates(ofName))
	case cov.Complete():
		return Zone{}, fail(KindNotFound, "the account that the credentials belong to has no such zone; correct the name, or use credentials of the account that has it")
	case cov.Err != nil:
		return Zone{}, cov.Err
	}
	return Zone{}, fail(KindIncomplete, "the zones were not read to their end")
}

// Among returns those of zones of one name that can be meant. One that is not delegated to the provider can only if all are so.
func (c ZoneChoice) Among(zones []Zone) (found []Zone) {
	for _, z := range zones {
		if c.ID != "" && z.ID != c.ID || c.Account != "" && z.Account != "" && z.Account != c.Account || c.ID == "" && c.Private && !z.Private {
			continue
		}
		found = append(found, z)
	}
	if slices.ContainsFunc(found, func(z Zone) bool { return !z.Pending }) {
		found = slices.DeleteFunc(found, func(z Zone) bool { return z.Pending })
	}
	return found
}

// ZonesOfOneName returns the error for an account with several zones of a name. It lists them as the config takes them.
func ZonesOfOneName(name string, zones []Zone) error {
	return &Error{
		Kind: KindInvalid, Source: name, Op: "find the zone",
		Err: fmt.Errorf("the account has %d zones of this name: put one of these into the config: %s", len(zones), candidates(zones)),
	}
}

// candidates returns zones as the config takes them, each with what sets it apart.
func candidates(zones []Zone) string {
	var out []string
	for _, z := range zones {
		kind := "public"
		switch {
		case z.Private:
			kind = "private"
		case z.Pending:
			kind = "not delegated to these servers"
		}
		if z.Account != "" {
			kind += ", account " + z.Account
		}
		out = append(out, fmt.Sprintf("{name: %s, provider: %s, id: %s} (%s)", z.Name, z.Provider, z.ID, kind))
	}
	slices.Sort(out)
	return strings.Join(out, " or ")
}
