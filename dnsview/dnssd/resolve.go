package dnssd

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"rollcall/providers"
)

// atOnce is the number of concurrent queries.
const atOnce = 16

// Answer is the answer of DNS for one name and type.
type Answer struct {
	Values []string // as providers.CanonicalValue spells them
	TTL    uint32   // seconds, the least of them
	Alias  bool     // the name is an alias, and the values are those of its target
}

// Resolver queries DNS. An error means that the answer is unknown.
type Resolver interface {
	Ask(ctx context.Context, name, typ string) (Answer, error)
}

// Target is one node of an incarnation.
type Target struct {
	providers.SRV
	Addresses []netip.Addr
	Problems  []string // e.g. that its host has no address
}

// Incarnation is a resolved service instance (RFC 6763 section 5).
type Incarnation struct {
	Name     Name
	Listed   bool // a PTR record leads to it
	Targets  []Target
	TXT      TXT
	HasTXT   bool
	Refused  bool // its only target is ".": decidedly not available (RFC 2782)
	Problems []string
}

// Type is a service type with its incarnations (RFC 6763 section 4).
type Type struct {
	Name         Name
	Listed       bool // the enumeration of the domain has it
	Incarnations []Incarnation
	Problems     []string
}

// Browse resolves all types of a domain, all incarnations of a type or a subtype, or one incarnation.
func Browse(ctx context.Context, r Resolver, name string) ([]Type, error) {
	n, err := ParseName(name)
	switch {
	case err != nil && strings.HasPrefix(name, "_"), err != nil && strings.Contains(name, "._"):
		return nil, err
	case err != nil: // a domain
		if err := checkLabels(name, providers.SplitName(name)); err != nil {
			return nil, err
		}
		return browseDomain(ctx, r, providers.CanonicalName(name))
	case n.Enumerates():
		return browseDomain(ctx, r, n.Domain)
	}
	t := Type{Name: n.Type()}
	a, err := r.Ask(ctx, Enumeration(n.Domain).String(), "PTR")
	if err != nil {
		return nil, err
	}
	t.Listed = lists(a, t.Name)
	if n.Instance != "" {
		one, err := Resolve(ctx, r, n)
		if err != nil {
			return nil, err
		}
		t.Incarnations = []Incarnation{*one}
		return []Type{t}, nil
	}
	return []Type{t}, browseType(ctx, r, &t, n)
}

func browseDomain(ctx context.Context, r Resolver, domain string) ([]Type, error) {
	a, err := r.Ask(ctx, Enumeration(domain).String(), "PTR")
	if err != nil {
		return nil, err
	}
	var out []Type
	for _, v := range sorted(a.Values) {
		n, err := ParseName(v)
		if err != nil || n.Instance != "" || n.Subtype != "" || n.Enumerates() {
			out = append(out, Type{Listed: true, Problems: []string{"the enumeration of " + domain + " lists " + providers.Clean(v) + ", which is no service type"}})
			continue
		}
		t := Type{Name: n, Listed: true}
		if err := browseType(ctx, r, &t, n); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// browseType resolves the incarnations of a type; by is the type itself or one of its subtypes.
func browseType(ctx context.Context, r Resolver, t *Type, by Name) error {
	a, err := r.Ask(ctx, by.String(), "PTR")
	if err != nil {
		return err
	}
	for _, v := range sorted(a.Values) {
		n, err := ParseName(v)
		if err != nil || n.Instance == "" {
			t.Problems = append(t.Problems, by.String()+" leads to "+providers.Clean(v)+", which is no service instance")
			continue
		}
		one, err := Resolve(ctx, r, n)
		if err != nil {
			return err
		}
		one.Listed = true
		t.Incarnations = append(t.Incarnations, *one)
	}
	return nil
}

// Resolve queries all that a client needs to reach one incarnation: SRV, TXT, and the addresses of the targets.
func Resolve(ctx context.Context, r Resolver, n Name) (*Incarnation, error) {
	if n.Instance == "" {
		return nil, invalid("%s is no service instance: write INSTANCE.%s", n, n.Type())
	}
	out := &Incarnation{Name: n}
	var srv, txt, ptr Answer
	g, gctx := errgroup.WithContext(ctx)
	for _, q := range []struct {
		name, typ string
		to        *Answer
	}{{n.String(), "SRV", &srv}, {n.String(), "TXT", &txt}, {n.Type().String(), "PTR", &ptr}} {
		g.Go(func() (err error) {
			*q.to, err = r.Ask(gctx, q.name, q.typ)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out.Listed = lists(ptr, n)
	out.attributes(txt)
	return out, out.targets(ctx, r, srv)
}

func (i *Incarnation) attributes(txt Answer) {
	i.HasTXT = len(txt.Values) > 0
	switch {
	case !i.HasTXT:
		i.Problems = append(i.Problems, "it has no TXT record, which RFC 6763 section 6 wants")
	case len(txt.Values) > 1:
		i.Problems = append(i.Problems, "it has several TXT records, and the first is shown")
	}
	if i.HasTXT {
		i.TXT = TXTOf(sorted(txt.Values)[0])
	}
}

func (i *Incarnation) targets(ctx context.Context, r Resolver, srv Answer) error {
	var all []providers.SRV
	for _, v := range srv.Values {
		s, ok := providers.ParseSRV(v)
		if !ok {
			i.Problems = append(i.Problems, "the SRV value "+providers.Clean(v)+" cannot be read")
			continue
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b providers.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Port, b.Port))
	})
	i.Refused = len(all) == 1 && all[0].Target == "."
	i.Targets = make([]Target, len(all))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for n, s := range all {
		i.Targets[n].SRV = s
		if s.Target == "." {
			continue
		}
		g.Go(func() error { return i.Targets[n].address(gctx, r) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if len(all) == 0 {
		i.Problems = append(i.Problems, "it has no node")
	}
	return nil
}

// address queries the addresses of a target. A failure is a problem of this target only.
func (t *Target) address(ctx context.Context, r Resolver) error {
	alias, unknown := false, false
	for _, typ := range []string{"A", "AAAA"} {
		a, err := r.Ask(ctx, t.Target, typ)
		switch {
		case ctx.Err() != nil:
			return err
		case err != nil:
			t.Problems = append(t.Problems, providers.Clean(err.Error()))
			unknown = true
			continue
		}
		alias = alias || a.Alias
		for _, v := range sorted(a.Values) {
			if ip, ok := providers.ParseAddr(v); ok {
				t.Addresses = append(t.Addresses, ip)
			}
		}
	}
	if len(t.Addresses) == 0 && !unknown {
		t.Problems = append(t.Problems, "its host has no address")
	}
	if alias {
		t.Problems = append(t.Problems, "its host is an alias, which RFC 2782 forbids")
	}
	return nil
}

func lists(a Answer, n Name) bool {
	return slices.ContainsFunc(a.Values, func(v string) bool { return providers.SameName(v, n.String()) })
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }
