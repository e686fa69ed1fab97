package cloudflarefront

import (
	"net/http"
	"net/url"
	"strconv"

	"golang.org/x/net/idna"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// unicodeName is how the API writes the name of a zone, also of one whose records are in Punycode.
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
		"created_on": "2024-01-15T09:30:00.000000Z", "modified_on": "2026-09-01T10:00:00.000000Z", "activated_on": "2024-01-15T09:45:00.000000Z",
		"meta":    map[string]any{"step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": false},
		"owner":   map[string]any{"id": acct["id"], "type": "user", "email": "ops@scalability.expert"},
		"account": map[string]any{"id": acct["id"], "name": acct["name"]},
		"tenant":  map[string]any{"id": nil, "name": nil}, "tenant_unit": map[string]any{"id": nil},
		"permissions": []string{"#dns_records:edit", "#dns_records:read", "#zone:read"},
		"plan": map[string]any{
			"id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": "Free Website", "price": 0, "currency": "USD", "frequency": "",
			"is_subscribed": false, "can_subscribe": false, "legacy_id": "free", "legacy_discount": false, "externally_managed": false,
		},
	}
}

// status is what the API says of the delegation of a zone.
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
	c.ok(append([]any{}, rows...), pageInfo(page, perPage, len(rows), total))
	return nil
}

// paging reads page and per_page; what is out of bounds is brought within.
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

// cut takes one page out of a list and plays the faults of lists on it. The
// total is the truth, except that an empty list says that it is empty.
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
	if !idForm.MatchString(c.parts[1]) {
		return noRoute(c.r)
	}
	z, err := c.front.w.Zone(c.parts[1])
	if err != nil || z.Provider != providers.Cloudflare || c.kind == world.WrongKey {
		return newError(http.StatusForbidden, 9109, "Unauthorized to access requested resource")
	}
	get := c.r.Method == http.MethodGet
	switch {
	case len(c.parts) == 2 && get:
		c.ok(c.zoneJSON(z), nil)
		return nil
	case len(c.parts) >= 3 && c.parts[2] == "dns_records":
		return c.records(z)
	}
	return noRoute(c.r)
}
