package providers_test

import (
	"context"
	"strings"
	"testing"

	"rollcall/providers"
)

// zoneAccount is a DNS account that shows some zones in its list, and more by id.
type zoneAccount struct {
	listed []providers.Zone
	byID   map[string]providers.Zone
	fails  error // of the list
}

func (a zoneAccount) Zones(_ context.Context, page func([]providers.Zone)) providers.Coverage {
	page(a.listed)
	if a.fails != nil {
		return providers.Coverage{State: providers.CoverageFailed, Err: a.fails}
	}
	return providers.Coverage{State: providers.CoverageComplete}
}

func (a zoneAccount) Zone(_ context.Context, id string) (providers.Zone, error) {
	if z, ok := a.byID[id]; ok {
		return z, nil
	}
	return providers.Zone{}, providers.Errorf(providers.KindNotFound, "ask for a zone", "no such zone")
}

func TestAZoneIsFoundByNameByIDAndByTheIDThatTheAccountConfirms(t *testing.T) {
	public := providers.Zone{Name: "unilans.net", ID: "Z1"}
	other := providers.Zone{Name: "unilans.net", ID: "Z2"}
	private := providers.Zone{Name: "unilans.net", ID: "ZP", Private: true}
	pending := providers.Zone{Name: "unilans.net", ID: "ZM", Pending: true}
	others := providers.Zone{Name: "unilans.net", ID: "ZA", Account: "a2"}
	strange := providers.Zone{Name: "unilans.org", ID: "Z1"}
	throttled := providers.Errorf(providers.KindThrottled, "list zones", "too many")
	confirmed := map[string]providers.Zone{"Z1": public}
	for _, c := range []struct {
		name    string
		account zoneAccount
		choice  string // id, or account=ID, or private
		seen    string
		want    string // id
		kind    providers.Kind
	}{
		{"the only one", zoneAccount{listed: []providers.Zone{public, {Name: "other.net", ID: "Z9"}}}, "", "", "Z1", ""},
		{"a public one beside a private one", zoneAccount{listed: []providers.Zone{private, public}}, "", "Z1", "", providers.KindInvalid},
		{"a public one beside a private one by its id", zoneAccount{listed: []providers.Zone{private, public}}, "Z1", "", "Z1", ""},
		{"a private one alone", zoneAccount{listed: []providers.Zone{private}}, "", "", "ZP", ""},
		{"a private one by its id", zoneAccount{listed: []providers.Zone{public, private}}, "ZP", "", "ZP", ""},
		{"two public ones", zoneAccount{listed: []providers.Zone{public, other}}, "", "Z1", "", providers.KindInvalid},
		{"one of two by its id", zoneAccount{listed: []providers.Zone{public, other}}, "Z2", "", "Z2", ""},
		{"made anew under another id", zoneAccount{listed: []providers.Zone{other}, byID: confirmed}, "", "Z1", "Z2", ""},
		{"an empty list, and never seen", zoneAccount{byID: confirmed}, "", "", "", providers.KindNotFound},
		{"an empty list, and the account confirms the id", zoneAccount{byID: confirmed}, "", "Z1", "Z1", ""},
		{"an empty list, and the id is gone", zoneAccount{}, "", "Z1", "", providers.KindNotFound},
		{"an empty list, and the id is another zone now", zoneAccount{byID: map[string]providers.Zone{"Z1": strange}}, "", "Z1", "", providers.KindNotFound},
		{"a list that fails, and the account confirms the id", zoneAccount{fails: throttled, byID: confirmed}, "", "Z1", "Z1", ""},
		{"a list that fails", zoneAccount{fails: throttled}, "", "Z1", "", providers.KindThrottled},
		{"a pending copy beside the active one", zoneAccount{listed: []providers.Zone{pending, public}}, "", "", "Z1", ""},
		{"a pending one alone", zoneAccount{listed: []providers.Zone{pending}}, "", "", "ZM", ""},
		{"a pending copy by its id", zoneAccount{listed: []providers.Zone{pending, public}}, "ZM", "", "ZM", ""},
		{"the private one", zoneAccount{listed: []providers.Zone{public, private}}, "private", "", "ZP", ""},
		{"the private one that is not there", zoneAccount{listed: []providers.Zone{public}}, "private", "", "", providers.KindNotFound},
		{"the private one that is not listed", zoneAccount{byID: confirmed}, "private", "Z1", "", providers.KindNotFound},
		{"that of an account", zoneAccount{listed: []providers.Zone{{Name: "unilans.net", ID: "ZB", Account: "a1"}, others}}, "account=a2", "", "ZA", ""},
		{"that of no account", zoneAccount{listed: []providers.Zone{others}}, "account=a3", "", "", providers.KindNotFound},
	} {
		choice := providers.ZoneChoice{ID: c.choice, Private: c.choice == "private"}
		if account, ok := strings.CutPrefix(c.choice, "account="); ok {
			choice.Account = account
		}
		if choice.Private || choice.Account != "" {
			choice.ID = ""
		}
		z, err := providers.FindZone(t.Context(), c.account, "unilans.net", choice, c.seen)
		if z.ID != c.want || providers.KindOf(err) != c.kind {
			t.Errorf("%s: %q, %v", c.name, z.ID, err)
		}
		if c.kind != providers.KindInvalid {
			continue
		}
		for _, z := range c.account.listed {
			kind := map[bool]string{false: " (public)", true: " (private)"}[z.Private]
			if !strings.Contains(err.Error(), "{name: unilans.net, provider: , id: "+z.ID+"}"+kind) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}
