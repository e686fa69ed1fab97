package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cloudflare/cloudflare-go/v6/dns"
	"github.com/cloudflare/cloudflare-go/v6/option"
	"github.com/cloudflare/cloudflare-go/v6/zones"
	"golang.org/x/net/idna"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// coverage runs a read and returns its coverage.
func (a *Account) coverage(ctx context.Context, read func(ctx context.Context) (rows, total int, err error)) providers.Coverage {
	cov := providers.Coverage{State: providers.CoverageFailed, Started: a.clock.Now()}
	ctx, skew := budget.WithSkew(ctx)
	cov.Rows, cov.Expected, cov.Err = read(ctx)
	cov.Finished, cov.Skew = a.clock.Now(), skew.Ahead()
	switch {
	case cov.Err == nil:
		cov.State = providers.CoverageComplete
	case cov.Rows > 0 || providers.KindOf(cov.Err) == providers.KindIncomplete:
		cov.State = providers.CoveragePartial
	}
	return cov
}

type wireZone struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Status      string   `json:"status"`
	Type        string   `json:"type"`
	NameServers []string `json:"name_servers"`
	Account     struct {
		ID string `json:"id"`
	} `json:"account"`
	Plan struct {
		LegacyID string `json:"legacy_id"` // free, pro, business or enterprise
	} `json:"plan"`
}

// ascii returns a name in Punycode (RFC 3492), or unchanged if that fails. Cloudflare returns internationalised zone
// names in Unicode, but their records in Punycode.
func ascii(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 }) < 0 {
		return name
	}
	a, err := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false)).ToASCII(name)
	if err != nil {
		return name
	}
	return a
}

// asciiTarget is ascii for a value that ends in a name.
func asciiTarget(value string) string {
	i := strings.LastIndexByte(value, ' ') + 1
	return value[:i] + ascii(value[i:])
}

// decodeZone returns a zone of an answer.
func decodeZone(text []byte) (providers.Zone, error) {
	var w wireZone
	if err := json.Unmarshal(text, &w); err != nil {
		return providers.Zone{}, errors.New("a zone that cannot be read")
	}
	return w.decode()
}

func (w *wireZone) decode() (providers.Zone, error) {
	if w.ID == "" || w.Name == "" {
		return providers.Zone{}, errors.New("a zone without id or name")
	}
	z := providers.Zone{
		Name: providers.CanonicalName(ascii(w.Name)), ID: w.ID, Provider: providers.Cloudflare, Traits: traitsOf(w.Plan.LegacyID), Account: w.Account.ID,
		Private: w.Type == "internal", // only resolvers of the account answer for it
		Pending: w.Status != "" && w.Status != "active",
	}
	for _, ns := range w.NameServers {
		z.NameServers = append(z.NameServers, providers.CanonicalName(ns))
	}
	return z, nil
}

// Zones lists the zones that the token can see. A zone that is not active is pending.
func (a *Account) Zones(ctx context.Context, page func([]providers.Zone)) providers.Coverage {
	return a.coverage(ctx, func(ctx context.Context) (rows, total int, err error) {
		total, err = a.zonePages(ctx, "", func(z []providers.Zone) {
			rows += len(z)
			page(z)
		})
		return rows, total, err
	})
}

// Zone implements providers.ZoneGetter.
func (a *Account) Zone(ctx context.Context, id string) (providers.Zone, error) {
	const op = "ask for a zone"
	env, err := a.read(ctx, op, func(ctx context.Context, opts ...option.RequestOption) error {
		var q zones.ZoneGetParams
		set(&q.ZoneID.Value, &q.ZoneID.Present, id)
		_, err := a.zones.Get(ctx, q, opts...)
		return err
	})
	if err != nil {
		return providers.Zone{}, err
	}
	z, err := decodeZone(env.Result)
	switch {
	case err != nil:
		return providers.Zone{}, a.incomplete(op, "%w", err)
	case z.ID != id:
		return providers.Zone{}, a.incomplete(op, "the answer is about another zone")
	}
	return z, nil
}

func (a *Account) zonePages(ctx context.Context, name string, page func([]providers.Zone)) (int, error) {
	p := pager[providers.Zone]{
		account: a, op: "list zones", id: func(z *providers.Zone) string { return z.ID }, decode: decodeZone, emit: page, perPage: zonesPerPage,
		known: new(itemcache.Cache[*providers.Zone]).Begin(""),
	}
	p.call = func(n, perPage int) sdkCall {
		var q zones.ZoneListParams
		set(&q.Page.Value, &q.Page.Present, float64(n))
		set(&q.PerPage.Value, &q.PerPage.Present, float64(perPage))
		if name != "" {
			set(&q.Name.Value, &q.Name.Present, name)
		}
		return func(ctx context.Context, opts ...option.RequestOption) error {
			_, err := a.zones.List(ctx, q, opts...)
			return err
		}
	}
	return p.run(ctx)
}

// zoneID returns the id of a zone. It looks up the zone by name if the id is unknown.
func (a *Account) zoneID(ctx context.Context, zone *providers.Zone) (string, error) {
	if zone.ID != "" {
		return zone.ID, nil
	}
	var found []providers.Zone
	filter := providers.CanonicalName(zone.Name)
	if strings.Contains(filter, "xn--") {
		filter = "" // the API knows such a zone by its Unicode name
	}
	if _, err := a.zonePages(ctx, filter, func(z []providers.Zone) { found = append(found, z...) }); err != nil {
		return "", err
	}
	i := slices.IndexFunc(found, func(z providers.Zone) bool { return providers.SameName(z.Name, zone.Name) })
	if i < 0 {
		return "", &providers.Error{
			Kind: providers.KindNotFound, Source: a.name, Op: "find zone " + providers.Brief(zone.Name),
			Err: errors.New("no zone of this name that the token can see"),
		}
	}
	return found[i].ID, nil
}

// Records lists all records of a zone, with the owners in comments attached. A zone without an id is looked up by name.
func (a *Account) Records(ctx context.Context, zone providers.Zone, page func([]providers.Record)) providers.Coverage {
	return a.coverage(ctx, func(ctx context.Context) (rows, total int, err error) {
		total, err = a.recordPages(ctx, &zone, nil, func(r []providers.Record) {
			rows += len(r)
			page(r)
		})
		return rows, total, err
	})
}

// recordPages reads the records of a zone that match a filter.
func (a *Account) recordPages(ctx context.Context, zone *providers.Zone, filter func(*dns.RecordListParams), page func([]providers.Record)) (int, error) {
	id, err := a.zoneID(ctx, zone)
	if err != nil {
		return -1, err
	}
	name := providers.CanonicalName(zone.Name)
	cache := new(itemcache.Cache[*providers.Record])
	if filter == nil {
		shared, _ := a.caches.LoadOrStore(id, cache)
		cache = shared.(*itemcache.Cache[*providers.Record])
	}
	p := pager[providers.Record]{
		account: a, op: "list records of " + name, id: func(r *providers.Record) string { return r.ID }, known: cache.Begin(name), perPage: recordsPerPage,
		heard: func() { page(nil) },
		decode: func(text []byte) (providers.Record, error) {
			var w wireRecord
			if err := json.Unmarshal(text, &w); err != nil {
				return providers.Record{}, errors.New("a record that cannot be read")
			}
			return w.decode(name)
		},
		emit: func(rows []providers.Record) {
			a.nonEmpty.Store(id, true)
			page(rows)
		},
	}
	p.call = func(n, perPage int) sdkCall {
		var q dns.RecordListParams
		set(&q.ZoneID.Value, &q.ZoneID.Present, id)
		set(&q.Page.Value, &q.Page.Present, float64(n))
		set(&q.PerPage.Value, &q.PerPage.Present, float64(perPage))
		if filter != nil {
			filter(&q)
		}
		return func(ctx context.Context, opts ...option.RequestOption) error {
			_, err := a.records.List(ctx, q, opts...)
			return err
		}
	}
	total, err := p.run(ctx)
	if err == nil {
		p.known.Keep()
	}
	return total, err
}

// ExpectRecords implements providers.RecordExpecter: what the last read of the zone has decoded is held once.
func (a *Account) ExpectRecords(zone providers.Zone, rows []providers.Record) {
	cache, ok := a.caches.Load(zone.ID)
	if !ok {
		return
	}
	held := make(map[string]*providers.Record, len(rows))
	for i := range rows {
		held[rows[i].ID] = &rows[i]
	}
	cache.(*itemcache.Cache[*providers.Record]).Replace(func(r *providers.Record) *providers.Record {
		if h := held[r.ID]; h != nil && h.Same(r) {
			return h
		}
		return r
	})
}

// Lookup implements providers.RecordGetter. It attaches the owners in comments and in marker records below the name.
func (a *Account) Lookup(ctx context.Context, zone providers.Zone, name, typ string) ([]providers.Record, error) {
	id, err := a.zoneID(ctx, &zone)
	if err != nil {
		return nil, err
	}
	zone.ID = id
	name = providers.CanonicalName(name)
	if !providers.InZone(name, zone.Name) {
		return nil, &providers.Error{Kind: providers.KindInvalid, Source: a.name, Op: "look up a name", Err: fmt.Errorf("%s is not in the zone %s", providers.Brief(name), zone.Name)}
	}
	rows, err := a.named(ctx, &zone, name, typ)
	if err != nil || len(rows) == 0 {
		return rows, err
	}
	n := len(rows)
	below := "." + providers.MarkerLabel + "." + name
	_, err = a.recordPages(ctx, &zone, func(q *dns.RecordListParams) {
		set(&q.Name.Value.Endswith.Value, &q.Name.Value.Endswith.Present, below)
		q.Name.Present = true
		set(&q.Type.Value, &q.Type.Present, dns.RecordListParamsTypeTXT)
	}, func(page []providers.Record) {
		for _, r := range page {
			if _, of, ok := providers.SplitMarkerName(r.Name); ok && of == name && r.IsMarker() {
				rows = append(rows, r)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	providers.AttachOwners(rows)
	return rows[:n:n], nil
}

// named reads the records of one name and type. It filters the answer again, because a server may ignore the filter. If
// there are none it asks for the zone's record count, because an API that returns empty lists would show none anywhere.
func (a *Account) named(ctx context.Context, zone *providers.Zone, name, typ string) ([]providers.Record, error) {
	var rows []providers.Record
	_, err := a.recordPages(ctx, zone, func(q *dns.RecordListParams) {
		set(&q.Name.Value.Exact.Value, &q.Name.Value.Exact.Present, name)
		q.Name.Present = true
		if typ != "" {
			set(&q.Type.Value, &q.Type.Present, dns.RecordListParamsType(typ))
		}
	}, func(page []providers.Record) {
		for _, r := range page {
			if r.Name == name && (typ == "" || r.Type == typ) {
				rows = append(rows, r)
			}
		}
	})
	if err == nil && len(rows) == 0 {
		err = a.populated(ctx, zone)
	}
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// populated returns an error if a zone that has shown records before now has none.
func (a *Account) populated(ctx context.Context, zone *providers.Zone) error {
	if _, held := a.nonEmpty.Load(zone.ID); !held {
		return nil // it may be new
	}
	op := "list records of " + providers.CanonicalName(zone.Name)
	var q dns.RecordListParams
	set(&q.ZoneID.Value, &q.ZoneID.Present, zone.ID)
	set(&q.PerPage.Value, &q.PerPage.Present, 5)
	env, err := a.read(ctx, op, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := a.records.List(ctx, q, opts...)
		return err
	})
	if err != nil {
		return err
	}
	if env.ResultInfo == nil || env.ResultInfo.TotalCount == nil || *env.ResultInfo.TotalCount == 0 {
		return a.incomplete(op, "the zone shows no record at all, and had some before")
	}
	return nil
}
