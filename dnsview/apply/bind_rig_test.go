package apply_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/rfc2136"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// onBIND reports whether a BIND serves the zone that is Route 53's otherwise, and the incidents and kill points are
// played in that zone only: with the variable ROLLCALL_BIND.
var onBIND = os.Getenv("ROLLCALL_BIND") != ""

// zoneStore is a zone past the API of its provider: what clients are answered, and what a stranger changes.
type zoneStore interface {
	// View calls read with the zone as it is now.
	View(read func(tx *world.Tx))
	// Update changes the zone by one update. If change returns an error, nothing is changed.
	Update(change func(tx *world.Tx) error) (changeID string, err error)
}

// rigZone is a zone of a rig: the simulator's own, or one that a BIND serves.
type rigZone struct {
	zoneStore
	Name, ID string
	Provider providers.Provider
}

// zonesPlayed returns the zones in which incidents are played.
func zonesPlayed() []string {
	if onBIND {
		return []string{sdZone}
	}
	return []string{cfZone, sdZone}
}

func (r *rig) zones() []rigZone {
	var out []rigZone
	for _, z := range r.world().Zones("") {
		if r.bind != nil && z.Name == sdZone {
			out = append(out, rigZone{zoneStore: r.bind, Name: z.Name, ID: z.Name, Provider: rfc2136.Provider})
		} else {
			out = append(out, rigZone{zoneStore: z, Name: z.Name, ID: z.ID, Provider: z.Provider})
		}
	}
	return out
}

var bindKey = rfc2136.Key{Name: strings.TrimSuffix(providertest.NamedKey, "."), Algorithm: dns.HmacSHA256, Secret: providertest.NamedSecret}

// bindZone is a zone on a BIND. It implements zoneStore by transfers and updates of its own.
type bindZone struct {
	r     *rig
	named *providertest.Named
	proxy *bindProxy // between the adapters and BIND
	wire  [2]string  // the zone's name servers

	frozen frozenZone

	mu   sync.Mutex
	copy *world.Zone // the simulator's zone, which the adapters do not use: the zone as it was read last
}

// startBIND starts a BIND that serves the zone as the simulator's is.
func startBIND(r *rig, o sim.Options) *bindZone {
	r.t.Helper()
	z, err := r.world().Zone(sdZone)
	if err != nil {
		r.t.Fatal(err)
	}
	b := &bindZone{r: r, copy: z}
	var text strings.Builder
	z.View(func(tx *world.Tx) {
		for _, s := range tx.Sets() {
			for _, rr := range b.records(s) {
				text.WriteString(rr.String() + "\n")
			}
		}
	})
	b.named = providertest.StartNamed(r.t, fmt.Sprintf(`recursion no; max-records-per-type 0; transfers-out 500; update-quota 500; tcp-clients 1000; check-names primary ignore; };
zone %q { type primary; file %q; allow-transfer { key %q; }; update-policy { grant %q zonesub ANY; }; };
`, sdZone, sdZone+".zone", providertest.NamedKey, providertest.NamedKey), map[string]string{sdZone: text.String()})
	b.named.UntilServed(sdZone)
	b.proxy = b.before(nil)
	b.proxy.page, b.proxy.changed = o.Page, o.Changed
	for i := range b.wire {
		b.wire[i] = b.nameServer(i == 0)
	}
	return b
}

// records returns the records of a set.
func (b *bindZone) records(s *world.Set) []dns.RR {
	b.r.t.Helper()
	if s.Alias != nil || s.SetID != "" {
		b.r.t.Fatalf("%s %s: a name server has no alias records and no set identifiers", s.Name, s.Type)
	}
	var out []dns.RR
	for _, v := range s.Values {
		rr, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", dns.Fqdn(s.Name), s.TTL, s.Type, v))
		if err != nil {
			b.r.t.Fatal(err)
		}
		out = append(out, rr)
	}
	return out
}

// transfer returns all records of the zone. The last is the SOA record again.
func (b *bindZone) transfer() ([]dns.RR, error) {
	m := new(dns.Msg).SetAxfr(dns.Fqdn(sdZone))
	m.SetTsig(providertest.NamedKey, dns.HmacSHA256, 300, b.real())
	answer, err := (&dns.Transfer{TsigSecret: bindSecret}).In(m, b.named.Addr)
	if err != nil {
		return nil, err
	}
	var rows []dns.RR
	for part := range answer {
		if part.Error != nil {
			return nil, part.Error
		}
		rows = append(rows, part.RR...)
	}
	return rows, nil
}

// load makes the copy what the zone is now. The SOA record stays as it was, whose serial BIND counts.
func (b *bindZone) load() {
	rows, err := b.transfer()
	if err != nil {
		b.r.t.Errorf("the zone cannot be read: %v", err)
		return
	}
	sets := map[string]*world.Set{}
	for _, rr := range rows {
		h := rr.Header()
		typ := dns.Type(h.Rrtype).String()
		if typ == "SOA" {
			continue
		}
		k := h.Name + " " + typ
		if sets[k] == nil {
			sets[k] = &world.Set{Name: providers.CanonicalName(h.Name), Type: typ, TTL: h.Ttl}
		}
		sets[k].Values = append(sets[k].Values, providers.SpellValue(typ, strings.TrimPrefix(rr.String(), h.String())))
	}
	_, _ = b.copy.Update(func(tx *world.Tx) error {
		for _, s := range slices.Clone(tx.Sets()) {
			if s.Type != "SOA" {
				tx.Delete(s)
			}
		}
		for _, s := range sets {
			tx.Put(s)
		}
		return nil
	})
}

// View implements zoneStore.
func (b *bindZone) View(read func(tx *world.Tx)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.load()
	b.copy.View(read)
}

// Update implements zoneStore.
func (b *bindZone) Update(change func(tx *world.Tx) error) (changeID string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.load()
	var gone, come []dns.RR
	id, err := b.copy.Update(func(tx *world.Tx) error {
		before := slices.Clone(tx.Sets())
		if err := change(tx); err != nil {
			return err
		}
		for _, s := range before {
			if now := tx.Set(s.Name, s.Type, ""); s.Type != "SOA" && (now == nil || now.TTL != s.TTL || !slices.Equal(now.Values, s.Values)) {
				gone = append(gone, b.records(s)...)
			}
		}
		for _, s := range tx.Sets() {
			if !slices.Contains(before, s) && s.Type != "SOA" {
				come = append(come, b.records(s)...)
			}
		}
		return nil
	})
	if err != nil || len(gone)+len(come) == 0 {
		return id, err
	}
	b.named.Update(sdZone, func(m *dns.Msg) {
		m.Remove(gone)
		m.Insert(come)
	})
	return id, nil
}
