package main

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/budget"
)

// discovery is what credentials alone lead to.
type discovery struct {
	config *config.Config // a config that names it all; without a fleet id
	clouds []cloudSource
	zones  []zoneSource
	notes  []string // what a person should know about it
}

// discover finds the clouds and zones that the environment's credentials open: the
// EC2 region and the Triton data centre that their own tools would speak to, and
// all zones of Cloudflare and Route 53. An account that does not answer within
// the time limit is a source that failed.
func discover(ctx context.Context, now func() time.Time, notify func(budget.Retrying), limit time.Duration) discovery {
	d := discovery{config: config.Empty()}
	acc := newAccounts(now, notify)
	d.ec2(ctx, acc)
	d.triton(ctx, acc)

	type found struct {
		zones []providers.Zone
		err   error
	}
	ask := func(a dnsAccount) <-chan found {
		ch := make(chan found, 1)
		go func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			var f found
			cov := a.dns.Zones(ctx, func(page []providers.Zone) { f.zones = append(f.zones, page...) })
			f.err = cov.Err
			ch <- f
		}()
		return ch
	}
	var cf, r53 <-chan found
	cfAccount, r53Account := dnsAccount{}, dnsAccount{}
	if os.Getenv("CLOUDFLARE_API_TOKEN") != "" {
		if cfAccount = acc.dnsInTime(ctx, providers.Cloudflare); cfAccount.err == nil {
			cf = ask(cfAccount)
		}
	}
	if r53Account = acc.dnsInTime(ctx, providers.Route53); r53Account.err == nil {
		r53 = ask(r53Account)
	}
	take := func(p providers.Provider, a dnsAccount, ch <-chan found) {
		if ch == nil {
			if a.err != nil && (p == providers.Cloudflare || hinted("AWS_ACCESS_KEY_ID", "AWS_PROFILE")) {
				d.failedZone(p, a, a.err)
			}
			return
		}
		f := <-ch
		d.addZones(p, a, f.zones)
		if f.err != nil {
			d.failedZone(p, a, f.err)
		}
	}
	take(providers.Cloudflare, cfAccount, cf)
	take(providers.Route53, r53Account, r53)
	return d
}

// inTime sets up one cloud, within setUpLimit.
func (a *accounts) inTime(ctx context.Context, c config.Cloud) cloudSource {
	clouds, _ := a.configured(ctx, &config.Config{Clouds: []config.Cloud{c}})
	return clouds[0]
}

// dnsInTime sets up the account that the environment opens at a DNS provider, within setUpLimit.
func (a *accounts) dnsInTime(ctx context.Context, p providers.Provider) dnsAccount {
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	return begin(func() dnsAccount { return a.dnsAccount(p, "", "", "") }).within(ctx, dnsAccount{err: errSlow(string(p))})
}

func (d *discovery) empty() bool { return len(d.clouds)+len(d.zones) == 0 }

func (d *discovery) addZones(p providers.Provider, a dnsAccount, zones []providers.Zone) {
	slices.SortFunc(zones, func(x, y providers.Zone) int { return cmp.Compare(x.Name, y.Name) })
	ofName := map[string][]providers.Zone{}
	public := map[string]int{}
	for _, z := range zones {
		ofName[z.Name] = append(ofName[z.Name], z)
		if !z.Private {
			public[z.Name]++
		}
	}
	for _, z := range zones {
		id := "" // that says which of several zones of one name is meant
		if len(ofName[z.Name]) > 1 {
			id = z.ID
		}
		switch {
		case z.Private:
			d.notes = append(d.notes, "the private zone "+z.Name+" ("+z.ID+") is left out; name it in a config to see it")
			continue
		case slices.ContainsFunc(d.zones, func(o zoneSource) bool { return o.name == z.Name }):
			if public[z.Name] == 1 {
				d.notes = append(d.notes, "the zone "+z.Name+" is found twice; the one at "+string(p)+" is left out: name the right one in a config")
			}
			continue
		case public[z.Name] > 1:
			d.zones = append(d.zones, zoneSource{name: z.Name, provider: p, budget: a.budget, err: providers.ZonesOfOneName(z.Name, ofName[z.Name])})
			d.config.Zones = append(d.config.Zones, config.Zone{Name: z.Name, Provider: p})
			continue
		}
		d.zones = append(d.zones, zoneSource{name: z.Name, id: id, provider: p, dns: a.dns, budget: a.budget})
		d.config.Zones = append(d.config.Zones, config.Zone{Name: z.Name, ID: id, Provider: p})
	}
}

// failedZone stands for all zones of an account that did not answer.
func (d *discovery) failedZone(p providers.Provider, a dnsAccount, err error) {
	d.zones = append(d.zones, zoneSource{name: "zones of " + string(p), provider: p, budget: a.budget, err: err})
}

// ec2 adds the region that the environment or the profile names.
func (d *discovery) ec2(ctx context.Context, acc *accounts) {
	c := config.Cloud{Name: "aws", Provider: providers.EC2}
	s := acc.inTime(ctx, c)
	if s.err != nil {
		if hinted("AWS_ACCESS_KEY_ID", "AWS_PROFILE") {
			d.clouds = append(d.clouds, s)
		}
		return
	}
	c.Name, c.Region = shortRegion(s.region), s.region
	s = acc.inTime(ctx, c) // again, under its right name
	d.clouds = append(d.clouds, s)
	d.config.Clouds = append(d.config.Clouds, c)
}

// triton adds the data centre that the triton CLI would speak to.
func (d *discovery) triton(ctx context.Context, acc *accounts) {
	c := config.Cloud{Name: tritonName(), Provider: providers.Triton}
	s := acc.inTime(ctx, c)
	if s.err != nil {
		if hinted("TRITON_URL", "TRITON_PROFILE", "TRITON_ACCOUNT", "SDC_URL", "SDC_ACCOUNT") {
			d.clouds = append(d.clouds, s)
		}
		return
	}
	c.URL = cmp.Or(os.Getenv("TRITON_URL"), os.Getenv("SDC_URL"))
	c.Account = cmp.Or(os.Getenv("TRITON_ACCOUNT"), os.Getenv("SDC_ACCOUNT"))
	d.clouds = append(d.clouds, s)
	d.config.Clouds = append(d.config.Clouds, c)
}

func hinted(envs ...string) bool {
	return slices.ContainsFunc(envs, func(e string) bool { return os.Getenv(e) != "" })
}

// tritonName makes a short name from the host of CloudAPI, whose first label is
// the data centre, or from the profile.
func tritonName() string {
	if u, err := url.Parse(cmp.Or(os.Getenv("TRITON_URL"), os.Getenv("SDC_URL"))); err == nil {
		if host := u.Hostname(); host != "" && net.ParseIP(host) == nil && strings.Contains(host, ".") {
			return "triton-" + strings.SplitN(host, ".", 2)[0]
		}
	}
	if p := os.Getenv("TRITON_PROFILE"); p != "" && p != "env" && p == filepath.Base(p) {
		return "triton-" + p
	}
	return "triton"
}

// shortRegion makes a short name as operators do: us-east-1 is aws-use1.
func shortRegion(region string) string {
	parts := strings.Split(region, "-")
	if len(parts) < 3 {
		return "aws-" + region
	}
	var b strings.Builder
	b.WriteString("aws-" + strings.Join(parts[:len(parts)-2], ""))
	direction := parts[len(parts)-2]
	for _, d := range []string{"north", "south", "central", "east", "west"} {
		if rest, ok := strings.CutPrefix(direction, d); ok {
			b.WriteByte(d[0])
			direction = rest
		}
	}
	if direction != "" { // northeast: the second half
		b.WriteByte(direction[0])
	}
	b.WriteString(parts[len(parts)-1])
	return b.String()
}
