package app

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

// Discovery is what credentials alone lead to.
type Discovery struct {
	Config *config.Config // a config that names it all; without a fleet id
	Clouds []CloudSource
	Zones  []ZoneSource
	Notes  []string // what a person should know about it
}

// Discover finds the clouds and zones that the environment's credentials open: the
// EC2 region and the Triton data centre that their own tools would speak to, and
// all zones of Cloudflare and Route 53. An account that does not answer within
// the time limit is a source that failed.
func Discover(ctx context.Context, now func() time.Time, notify func(budget.Retrying), limit time.Duration) Discovery {
	d := Discovery{Config: config.Empty()}
	acc := NewAccounts(now, notify)
	d.ec2(ctx, acc)
	d.triton(ctx, acc)

	type found struct {
		zones []providers.Zone
		err   error
	}
	ask := func(a DNSAccount) <-chan found {
		ch := make(chan found, 1)
		go func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			var f found
			cov := a.Dns.Zones(ctx, func(page []providers.Zone) { f.zones = append(f.zones, page...) })
			f.err = cov.Err
			ch <- f
		}()
		return ch
	}
	var cf, r53 <-chan found
	cfAccount, r53Account := DNSAccount{}, DNSAccount{}
	if os.Getenv("CLOUDFLARE_API_TOKEN") != "" {
		if cfAccount = acc.dnsInTime(ctx, providers.Cloudflare); cfAccount.Err == nil {
			cf = ask(cfAccount)
		}
	}
	if r53Account = acc.dnsInTime(ctx, providers.Route53); r53Account.Err == nil {
		r53 = ask(r53Account)
	}
	take := func(p providers.Provider, a DNSAccount, ch <-chan found) {
		if ch == nil {
			if a.Err != nil && (p == providers.Cloudflare || hinted("AWS_ACCESS_KEY_ID", "AWS_PROFILE")) {
				d.failedZone(p, a, a.Err)
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
func (a *Accounts) inTime(ctx context.Context, c config.Cloud) CloudSource {
	clouds, _ := a.Configured(ctx, &config.Config{Clouds: []config.Cloud{c}})
	return clouds[0]
}

// dnsInTime sets up the account that the environment opens at a DNS provider, within setUpLimit.
func (a *Accounts) dnsInTime(ctx context.Context, p providers.Provider) DNSAccount {
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	return begin(func() DNSAccount { return a.DNSAccount(p, "", "", "") }).within(ctx, DNSAccount{Err: errSlow(string(p))})
}

// Empty reports whether no credentials lead to anything.
func (d *Discovery) Empty() bool { return len(d.Clouds)+len(d.Zones) == 0 }

func (d *Discovery) addZones(p providers.Provider, a DNSAccount, zones []providers.Zone) {
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
			d.Notes = append(d.Notes, "the private zone "+z.Name+" ("+z.ID+") is left out; name it in a config to see it")
			continue
		case slices.ContainsFunc(d.Zones, func(o ZoneSource) bool { return o.Name == z.Name }):
			if public[z.Name] == 1 {
				d.Notes = append(d.Notes, "the zone "+z.Name+" is found twice; the one at "+string(p)+" is left out: name the right one in a config")
			}
			continue
		case public[z.Name] > 1:
			d.Zones = append(d.Zones, ZoneSource{Name: z.Name, Provider: p, Budget: a.budget, Err: providers.ZonesOfOneName(z.Name, ofName[z.Name])})
			d.Config.Zones = append(d.Config.Zones, config.Zone{Name: z.Name, Provider: p})
			continue
		}
		d.Zones = append(d.Zones, ZoneSource{Name: z.Name, Id: id, Provider: p, Dns: a.Dns, Budget: a.budget})
		d.Config.Zones = append(d.Config.Zones, config.Zone{Name: z.Name, ID: id, Provider: p})
	}
}

// failedZone stands for all zones of an account that did not answer.
func (d *Discovery) failedZone(p providers.Provider, a DNSAccount, err error) {
	d.Zones = append(d.Zones, ZoneSource{Name: "zones of " + string(p), Provider: p, Budget: a.budget, Err: err})
}

// ec2 adds the region that the environment or the profile names.
func (d *Discovery) ec2(ctx context.Context, acc *Accounts) {
	c := config.Cloud{Name: "aws", Provider: providers.EC2}
	s := acc.inTime(ctx, c)
	if s.Err != nil {
		if hinted("AWS_ACCESS_KEY_ID", "AWS_PROFILE") {
			d.Clouds = append(d.Clouds, s)
		}
		return
	}
	c.Name, c.Region = shortRegion(s.region), s.region
	s = acc.inTime(ctx, c) // again, under its right name
	d.Clouds = append(d.Clouds, s)
	d.Config.Clouds = append(d.Config.Clouds, c)
}

// triton adds the data centre that the triton CLI would speak to.
func (d *Discovery) triton(ctx context.Context, acc *Accounts) {
	c := config.Cloud{Name: tritonName(), Provider: providers.Triton}
	s := acc.inTime(ctx, c)
	if s.Err != nil {
		if hinted("TRITON_URL", "TRITON_PROFILE", "TRITON_ACCOUNT", "SDC_URL", "SDC_ACCOUNT") {
			d.Clouds = append(d.Clouds, s)
		}
		return
	}
	c.URL = cmp.Or(os.Getenv("TRITON_URL"), os.Getenv("SDC_URL"))
	c.Account = cmp.Or(os.Getenv("TRITON_ACCOUNT"), os.Getenv("SDC_ACCOUNT"))
	d.Clouds = append(d.Clouds, s)
	d.Config.Clouds = append(d.Config.Clouds, c)
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
