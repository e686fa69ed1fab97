package cloudflarefront

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// unicodeName returns the name of a zone as the API writes it, in Unicode even though its records are in Punycode.
func unicodeName(name string) string {
	if u, err := idna.ToUnicode(name); err == nil {
		return u
	}
	return name
}

func (c *call) zoneJSON(z *world.Zone) map[string]any {
	acct := c.account()
	return map[string]any{
		"id": z.ID, "name": unicodeName(z.Name), "status": status(z), "paused": false, "type": "full", "development_mode": 0,
		"name_servers": z.NameServers, "original_name_servers": []string{}, "original_registrar": nil, "original_dnshost": nil,
		"created_on": z.Created.UTC().Format(timeForm), "modified_on": z.Created.UTC().Format(timeForm), "activated_on": activated(z),
		"meta":    map[string]any{"step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": false},
		"owner":   map[string]any{"id": acct["id"], "type": "user", "email": "ops@scalability.expert"},
		"account": map[string]any{"id": acct["id"], "name": acct["name"]},
		"tenant":  map[string]any{"id": nil, "name": nil}, "tenant_unit": map[string]any{"id": nil},
		"permissions": []string{"#dns_records:edit", "#dns_records:read", "#zone:read"},
		"plan": map[string]any{
			"id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": planNames[z.Plan()], "price": 0, "currency": "USD", "frequency": "",
			"is_subscribed": false, "can_subscribe": false, "legacy_id": z.Plan(), "legacy_discount": false, "externally_managed": false,
		},
	}
}

// planNames are the names of plans by legacy id.
var planNames = map[string]string{"free": "Free Website", "pro": "Pro Website", "business": "Business Website", "enterprise": "Enterprise Website"}

// activated returns when a zone became active, or nil.
func activated(z *world.Zone) any {
	if z.IsPending() {
		return nil
	}
	return z.Created.Add(15 * time.Minute).UTC().Format(timeForm)
}

// status returns the API's status of a zone.
func status(z *world.Zone) string {
	if z.IsPending() {
		return "pending"
	}
	return "active"
}

func (c *call) listZones() error {
	q := c.r.URL.Query()
	var all []any
	for _, z := range c.front.w.Zones(providers.Cloudflare) {
		acct := q.Get("account.id")
		switch {
		case c.kind == world.WrongKey,
			q.Has("name") && !providers.SameName(q.Get("name"), unicodeName(z.Name)),
			q.Has("status") && q.Get("status") != status(z),
			acct != "" && acct != c.tokenID():
		default:
			all = append(all, c.zoneJSON(z))
		}
	}
	page, perPage := paging(q, 20, 5, 50)
	rows, total := cut(c.kind, all, page, perPage)
	return c.ok(append([]any{}, rows...), pageInfo(page, perPage, len(rows), total))
}

// zoneInput is the body of a new zone ("Create Zone" in the API reference).
type zoneInput struct {
	Name    string
	Type    string
	Account struct{ ID string }
}

// createZone creates a zone, which is pending until it is delegated.
func (c *call) createZone() error {
	var in zoneInput
	if err := c.read(&in); err != nil {
		return err
	}
	name, err := zoneName(in.Name)
	switch {
	case err != nil:
		return err
	case in.Type != "" && in.Type != "full":
		return invalid(1008, "Invalid or missing zone type: only full zones are made here.")
	case c.kind == world.WrongKey || in.Account.ID != "" && in.Account.ID != c.tokenID():
		return newError(http.StatusForbidden, 1068, "Permission denied: requires com.cloudflare.api.account.zone.create to create zones for the selected account")
	}
	c.creating.Lock()
	defer c.creating.Unlock()
	for _, z := range c.front.w.Zones(providers.Cloudflare) {
		if z.Name == name {
			return invalid(1061, "An identical zone already exists in the account.")
		}
	}
	z := c.front.w.AddZone(world.ZoneSpec{Name: name, Provider: providers.Cloudflare, Pending: true})
	return c.ok(c.zoneJSON(z), nil)
}

// zoneName returns the name of a new zone in A-labels.
func zoneName(name string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.TrimSpace(name), "."))
	if err != nil || !strings.Contains(ascii, ".") || strings.ContainsAny(ascii, " _/*") {
		return "", invalid(1001, "Invalid zone name.")
	}
	return providers.CanonicalName(ascii), nil
}

// paging parses page and per_page, limited to their bounds.
func paging(q url.Values, otherwise, low, high int) (page, perPage int) {
	number := func(name string, otherwise int) int {
		// Some SDKs write numbers as floats.
		f, err := strconv.ParseFloat(q.Get(name), 64)
		if err != nil || f < 1 || f > 1e9 {
			return otherwise
		}
		return int(f)
	}
	return number("page", 1), min(max(number("per_page", otherwise), low), high)
}

// cut returns one page of a list with the faults of lists. The total is the true one, except that an empty list reports
// zero.
func cut[T any](kind world.FaultKind, all []T, page, perPage int) (rows []T, total int) {
	offset := (page - 1) * perPage
	if kind == world.PageLoop { // every page is the first again
		offset = 0
	}
	rows, _ = faultplay.Page(kind, all, offset, perPage)
	if kind == world.EmptyPage {
		return nil, 0
	}
	return rows, len(all)
}

// zone routes everything below one zone.
func (c *call) zone() error {
	if !idForm().MatchString(c.parts[1]) {
		return noRoute(c.r)
	}
	z, err := c.front.w.Zone(c.parts[1])
	if err != nil || z.Provider != providers.Cloudflare || c.kind == world.WrongKey {
		return newError(http.StatusForbidden, 9109, "Unauthorized to access requested resource")
	}
	get := c.r.Method == http.MethodGet
	switch {
	case len(c.parts) == 2 && get:
		return c.ok(c.zoneJSON(z), nil)
	case len(c.parts) == 2 && c.r.Method == http.MethodDelete:
		if err := c.front.w.RemoveZone(z); err != nil {
			return newError(http.StatusForbidden, 9109, "Unauthorized to access requested resource")
		}
		return c.ok(map[string]string{"id": z.ID}, nil)
	case len(c.parts) == 3 && c.parts[2] == "activation_check" && c.r.Method == http.MethodPut:
		z.SetPending(false) // the simulated registry has delegated it
		return c.ok(map[string]string{"id": z.ID}, nil)
	case len(c.parts) >= 3 && c.parts[2] == "dns_records":
		return c.records(z)
	}
	return noRoute(c.r)
}
