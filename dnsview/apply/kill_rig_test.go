package apply_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// killing is one scenario in one zone.
type killing struct {
	*site
	service string
	base    map[string][]world.Record // the zones as they were before the first victim
	sets    map[string][]world.Set
	nodes   []world.Instance // of the present victim
	made    int
	book    string // its journal
	run     string // what an undo takes back
}

func newKilling(t *testing.T, cloud, zone string) *killing {
	r := newRig(t, sim.Options{Instances: 12})
	k := &killing{site: &site{rig: r, c: r.console(0), cloud: cloud, zone: zone, name: "pool." + zone}, base: map[string][]world.Record{}, sets: map[string][]world.Set{}}
	d := index.Service{Name: k.name, Kind: index.RoundRobin, Zone: zone, TTL: 60, Select: map[string]string{"service": "pool"}}
	stays := k.owner(k.cloud, providers.HostPrefix+"stays", -never)
	k.enter(zone, k.name, "A", "203.0.113.250", stays)
	if zone == sdZone {
		d.Name, d.Kind, d.Port, d.TXT = "v9._pool._tcp."+zone, index.DNSSD, 4218, map[string]string{"txtvers": "1"}
		k.enter(zone, d.Name, "SRV", "0 0 4218 "+k.name, stays)
		k.enter(zone, d.Name, "TXT", `"txtvers=1"`)
		k.enter(zone, "_pool._tcp."+zone, "PTR", d.Name)
	}
	k.service = d.Name
	k.c.opts.Services = append(k.c.opts.Services, d)
	for _, z := range r.zones() {
		z.View(func(tx *world.Tx) {
			for _, x := range tx.Records() {
				k.base[z.Name] = append(k.base[z.Name], *x)
			}
			for _, x := range tx.Sets() {
				k.sets[z.Name] = append(k.sets[z.Name], *x)
			}
		})
	}
	return k
}

// renew prepares the world for the next victim: zones as they were, and new nodes that are in them.
func (k *killing) renew(t *testing.T, nodes int) {
	t.Helper()
	k.t, k.rig.t, k.c.r.t = t, t, t
	for _, i := range k.nodes {
		if now, err := k.world().Instance(k.cloud, i.ID); err == nil && now.State == providers.StateRunning {
			k.do(k.cloud, i.ID, world.PowerLoss)
		}
	}
	k.empty()
	k.nodes = nil
	for range nodes {
		k.made++
		name := fmt.Sprintf("kill-%03d", k.made)
		i := k.rig.launch(k.cloud, world.Instance{Name: name, Tags: map[string]string{"service": "pool", "Name": name}})
		k.nodes = append(k.nodes, i)
		o := k.owner(k.cloud, i.ID, -never)
		if k.zone == cfZone {
			k.enter(k.zone, k.name, "A", i.Public.String(), o)
			continue
		}
		host := name + "." + k.zone
		k.enter(k.zone, host, "A", i.Public.String(), o)
		k.enter(k.zone, k.service, "SRV", "0 0 4218 "+host, o)
	}
	k.book = filepath.Join(t.TempDir(), "journal")
	j, err := openJournal(k.book, k.c.Clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	k.c.journal, k.c.opts.Journal, k.c.seen = j, j, nil
}

// empty puts the zones back to what they were before the first victim.
func (k *killing) empty() {
	k.t.Helper()
	for _, z := range k.zones() {
		if _, err := z.Update(func(tx *world.Tx) error {
			for _, x := range slices.Clone(tx.Records()) {
				tx.RemoveRecord(x.ID)
			}
			for _, x := range slices.Clone(tx.Sets()) {
				tx.Delete(x)
			}
			for _, x := range k.base[z.Name] {
				tx.AddRecord(&x)
			}
			for _, x := range k.sets[z.Name] {
				tx.Put(&x)
			}
			return nil
		}); err != nil {
			k.t.Fatal(err)
		}
	}
}

func (k *killing) refs() []providers.InstanceRef {
	var out []providers.InstanceRef
	for _, i := range k.nodes {
		out = append(out, providers.InstanceRef{Cloud: k.cloud, Key: k.owner(k.cloud, "", 0).Cloud, ID: i.ID, Name: i.Name})
	}
	return out
}

// ours returns the records that lead to the nodes.
func (k *killing) ours(v *dnsview.View) []providers.Identity {
	var out []providers.Identity
	for _, ref := range k.refs() {
		for _, r := range v.RecordsOf(ref.Key, ref.ID) {
			if !r.IsMarker() {
				out = append(out, r.Identity())
			}
		}
	}
	return out
}

// send carries the plan out in a process of its own, and returns the points that the process reached. killed
// says that it did not end by itself.
func (k *killing) send(p plan.Plan, px *proxies, target int) (names []string, killed bool) {
	k.t.Helper()
	dir := k.t.TempDir()
	j := job{
		Endpoints: px.between(k.t, k.sim.Endpoints()), Clouds: k.world().Clouds(), Services: k.c.opts.Services, Fleet: k.c.opts.Fleet,
		Journal: k.book, Plan: p, Now: k.clk.Now(), Target: target, Points: filepath.Join(dir, "points"),
	}
	if k.bind != nil {
		j.BIND = k.bind.before(px).addr
	}
	for i := range k.c.opts.Zones {
		j.Zones = append(j.Zones, k.c.opts.Zones[i].Zone)
	}
	if err := writeJSON(filepath.Join(dir, "job"), j); err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+filepath.Join(dir, "job"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	dead := make(chan struct{})
	px.mu.Lock() // its first write waits until it can be killed
	err := cmd.Start()
	victim := cmd.Process
	px.kill = func() {
		_ = victim.Kill()
		<-dead
	}
	px.mu.Unlock()
	if err != nil {
		k.t.Fatal(err)
	}
	err = cmd.Wait()
	close(dead)
	px.busy.Wait() // what has arrived is carried out
	if err == nil {
		if err := readJSON(j.Points, &names); err != nil {
			k.t.Fatal(err)
		}
		return names, false
	}
	if s := cmd.ProcessState.String(); s != "signal: killed" {
		k.t.Fatalf("the victim: %s\n%s", s, out.String())
	}
	return nil, true
}
