package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/budget"
)

// Discovery is what was found by credentials alone.
type Discovery struct {
	Config *config.Config // a config for all of it, without a fleet id
	Clouds []CloudSource
	Zones  []ZoneSource
	Notes  []string // what a person should know about it
	// Incomplete says that some of what there may be did not answer.
	Incomplete bool

	pending map[string]bool // whether a zone of Zones is not delegated to its provider
}

// Discover finds the clouds and zones that the environment's credentials open: the EC2 region and the Triton data
// centre that their own tools would use, and all zones of Cloudflare and Route 53. An account that does not answer
// within limit is a failed source. With everywhere it also finds the other regions that have instances, and the other data
// centres.
func Discover(ctx context.Context, a *Program, notify func(budget.Retrying), limit time.Duration, everywhere bool) Discovery {
	d := Discovery{Config: config.Empty()}
	acc := NewAccounts(a, notify)
	var asked []func() // results of concurrent queries, added in order
	for _, x := range acc.adapters {
		if x.Computes && x.Discovered != nil {
			here := d.cloud(ctx, acc, x)
			if everywhere && x.Places != nil {
				d.elsewhere(ctx, acc, x, here, limit)
			}
		}
		if x.ServesDNS && len(x.Hints) > 0 {
			asked = append(asked, d.ask(ctx, acc, x, limit))
		}
	}
	for _, take := range asked {
		take()
	}
	return d
}

// ask starts a query for the zones of the DNS account that the environment opens. The returned function waits for them
// and adds them.
func (d *Discovery) ask(ctx context.Context, acc *Accounts, x adapter.Adapter, limit time.Duration) (take func()) {
	a := acc.discoveredDNS(ctx, x.Provider)
	var settings providers.Settings
	if x.Discovered != nil {
		_, settings = x.Discovered(acc.env, a.Account)
	}
	if a.Err != nil {
		return func() {
			if acc.hinted(x.Hints) {
				d.failedZone(x.Provider, a, a.Err)
			}
		}
	}
	var zones []providers.Zone
	var cov providers.Coverage
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx := providers.WithIdleTimeout(ctx, limit)
		defer ctx.Stop()
		cov = a.DNS.Zones(ctx, func(page []providers.Zone) { zones = append(zones, page...) })
	}()
	return func() {
		<-done
		d.addZones(x.Provider, a, settings, zones)
		if cov.Err != nil {
			d.failedZone(x.Provider, a, cov.Err)
		}
	}
}

// cloud adds the cloud that the environment opens at a provider, and returns it.
func (d *Discovery) cloud(ctx context.Context, acc *Accounts, x adapter.Adapter) CloudSource {
	name, settings := x.Discovered(acc.env, adapter.Account{})
	c := config.Cloud{Name: config.CloudName(name), Provider: x.Provider, Settings: settings}
	s := acc.discoveredCloud(ctx, c)
	if s.Err != nil {
		if acc.hinted(x.Hints) {
			d.Clouds = append(d.Clouds, s)
		}
		return s
	}
	again, settings := x.Discovered(acc.env, s.Account)
	if c.Name, c.Settings = config.CloudName(again), settings; again != name {
		s = acc.discoveredCloud(ctx, c) // again, with its right name
	}
	d.Clouds = append(d.Clouds, s)
	d.Config.Clouds = append(d.Config.Clouds, c)
	return s
}

// elsewhere adds the other places of the account of here, the cloud that the environment opens.
func (d *Discovery) elsewhere(ctx context.Context, acc *Accounts, x adapter.Adapter, here CloudSource, limit time.Duration) {
	limited := providers.WithIdleTimeout(ctx, limit)
	defer limited.Stop()
	ctx = limited
	_, settings := x.Discovered(acc.env, here.Account)
	known := map[providers.CloudKey]bool{}
	switch providers.KindOf(here.Err) {
	case "":
		who, err := here.Compute.Identify(ctx)
		if err != nil {
			d.Incomplete = true
			d.Notes = append(d.Notes, "cloud "+here.Name+" does not say who it is, and its other regions or data centres were not looked for: "+Cause(err))
			return
		}
		known[who.Key] = true
	case providers.KindInvalid: // it lacks only the place
	default:
		return
	}
	places, err := x.Places(ctx, acc.opening(here.Name, settings), here.Account)
	if err != nil {
		d.Incomplete = true
		d.Notes = append(d.Notes, "other regions or data centres of "+cmp.Or(here.Name, string(x.Provider))+" are not known: "+Cause(err))
		return
	}
	for _, p := range places {
		c := config.Cloud{Name: config.CloudName(p.Name), Provider: x.Provider, Settings: p.Settings}
		var s CloudSource
		var who providers.Cloud
		err := p.Err
		if err == nil {
			s = acc.discoveredCloud(ctx, c)
			err = s.Err
		}
		if err == nil {
			who, err = s.Compute.Identify(ctx)
		}
		switch {
		case err != nil:
			d.Incomplete = true
			d.Notes = append(d.Notes, "cloud "+c.Name+" is left out: "+Cause(err))
		case !known[who.Key]:
			known[who.Key] = true
			d.Clouds = slices.DeleteFunc(d.Clouds, func(o CloudSource) bool { return o.Provider == x.Provider && o.Err != nil })
			d.Clouds, d.Config.Clouds = append(d.Clouds, s), append(d.Config.Clouds, c)
		}
	}
}

// hinted reports whether one of the environment variables is set.
func (a *Accounts) hinted(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return a.env.Getenv(n) != "" })
}

// discoveredCloud returns one cloud of a discovery, set up within setUpLimit.
func (a *Accounts) discoveredCloud(ctx context.Context, c config.Cloud) CloudSource {
	clouds, _ := a.Configured(ctx, &config.Config{Clouds: []config.Cloud{c}})
	return clouds[0]
}

// discoveredDNS sets up the account that the environment opens at a DNS provider, within setUpLimit.
func (a *Accounts) discoveredDNS(ctx context.Context, p providers.Provider) DNSAccount {
	slow := tooSlow(ctx)
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	return startSetUp(func() DNSAccount { return a.DNSAccount(p, "", nil) }).within(ctx, DNSAccount{Err: slow(string(p))})
}

// Empty reports whether nothing was found.
func (d *Discovery) Empty() bool { return len(d.Clouds)+len(d.Zones) == 0 }

func (d *Discovery) addZones(p providers.Provider, a DNSAccount, settings providers.Settings, zones []providers.Zone) {
	slices.SortFunc(zones, func(x, y providers.Zone) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	ofName := map[string][]providers.Zone{}
	for _, z := range zones {
		if !z.Private {
			ofName[z.Name] = append(ofName[z.Name], z)
			continue
		}
		d.Notes = append(d.Notes, fmt.Sprintf("the private zone %s is left out; to see it, add {name: %[1]s, provider: %s, id: %s} to the zones of a config", z.Name, p, z.ID))
	}
	for _, name := range slices.Sorted(maps.Keys(ofName)) {
		all := providers.ZoneChoice{}.Among(ofName[name])
		i := slices.IndexFunc(d.Zones, func(o ZoneSource) bool { return o.Name == name })
		switch {
		case i >= 0 && len(all) == 1 && d.pending[name] && !all[0].Pending: // it is delegated to this provider, not to that
			d.Notes = append(d.Notes, "the zone "+name+" is found twice; the one at "+string(d.Zones[i].Provider)+" is left out: it is not delegated there")
			d.Zones = slices.Delete(d.Zones, i, i+1)
			d.Config.Zones = slices.DeleteFunc(d.Config.Zones, func(z config.Zone) bool { return z.Name == name })
		case i >= 0:
			d.Notes = append(d.Notes, "the zone "+name+" is found twice; the one at "+string(p)+" is left out: name the right one in a config")
			continue
		case len(all) > 1:
			d.Zones = append(d.Zones, ZoneSource{Name: name, Provider: p, DNSAccount: failed(a, providers.ZonesOfOneName(name, all))})
			continue
		}
		if d.pending == nil {
			d.pending = map[string]bool{}
		}
		d.pending[name] = all[0].Pending
		var choice providers.ZoneChoice
		if total := slices.DeleteFunc(slices.Clone(zones), func(z providers.Zone) bool { return z.Name != name }); len(total) > 1 {
			choice.ID = all[0].ID
		}
		d.Zones = append(d.Zones, ZoneSource{Name: name, ZoneChoice: choice, Provider: p, DNSAccount: a})
		d.Config.Zones = append(d.Config.Zones, config.Zone{Name: name, ZoneChoice: choice, Provider: p, Settings: settings})
	}
}

// failed returns an account that is not used because of err.
func failed(a DNSAccount, err error) DNSAccount {
	return DNSAccount{Account: adapter.Account{Budget: a.Budget}, Err: err}
}

// failedZone adds a failed source for all zones of an account that did not answer.
func (d *Discovery) failedZone(p providers.Provider, a DNSAccount, err error) {
	d.Zones = append(d.Zones, ZoneSource{Name: "zones of " + string(p), Provider: p, DNSAccount: failed(a, err)})
}
