package apply_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/budget"
	"rollcall/providers/cloudflare"
	"rollcall/providers/ec2"
	"rollcall/providers/fleet"
	"rollcall/providers/providertest"
	"rollcall/providers/rfc2136"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
	"rollcall/providers/triton"
)

// victimEnv is the variable with the name of a file, which says what a process of this test binary
// does, and at which point it kills itself.
const victimEnv = "ROLLCALL_TEST_VICTIM"

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // worlds are small and soon gone, and under the race detector collecting costs more than their memory
	if path := os.Getenv(victimEnv); path != "" {
		os.Exit(victim(path))
	}
	os.Exit(m.Run())
}

// job is what a victim does: it carries out a plan, with adapters, journal and engine of its own.
type job struct {
	Endpoints sim.Endpoints
	Clouds    []world.Cloud
	Zones     []providers.Zone
	Services  []index.Service
	Fleet     string
	BIND      string // address of the name server of the zones of rfc2136
	Journal   string
	Plan      plan.Plan
	Now       time.Time
	Target    int    // the point at which it kills itself; none when 0
	Points    string // file for the names of the points that it came by
}

// points counts the points of a run at which its process can die.
type points struct {
	mu     sync.Mutex
	target int
	names  []string
}

// at is one such point. After SIGKILL nothing is cleaned up.
func (p *points) at(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names = append(p.names, name)
	if len(p.names) != p.target {
		return
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {} // until the signal arrives
}

// victim carries out the job in a file, and returns the exit code.
func victim(path string) int {
	var j job
	err := readJSON(path, &j)
	p := &points{target: j.Target}
	if err == nil {
		err = j.do(p)
	}
	if err == nil {
		err = writeJSON(j.Points, p.names)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	return cmp.Or(err, json.Unmarshal(data, v))
}

func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	return cmp.Or(err, os.WriteFile(path, data, 0o600))
}

func (j *job) do(p *points) error {
	clk := providertest.NewClock(j.Now)
	// Nothing but the journal asks this clock: each time it does, entries are about to be written.
	writing := func() time.Time {
		p.at("the journal is about to be written to")
		return clk.Now()
	}
	book, err := openJournal(j.Journal, providers.Clock{Time: writing})
	if err != nil {
		return err
	}
	o := apply.Options{
		Fleet: j.Fleet, Services: j.Services, Journal: book, Who: "victim@here", Timeout: never,
		Clock: providers.Clock{Time: clk.Time, Wait: func(ctx context.Context, d time.Duration) error {
			p.at(waiting)
			return clk.Sleep(ctx, d)
		}},
	}
	fo := fleet.Options{Clock: clk.Clock, Timeout: never, FleetID: j.Fleet, KeepUnconfigured: true}
	e := j.Endpoints
	// The clouds live in another process, whose clock stands still while this one waits: both clocks are right.
	theirs := providers.Clock{Time: func() time.Time { return j.Now }, Wait: clk.Wait}
	account := func(name string) *budget.Account { return budget.New(name, 0, 1, budget.WithClock(theirs)) }
	for _, c := range j.Clouds {
		var cloud providers.Compute
		if c.Provider == providers.EC2 {
			cloud, err = ec2.New(ec2.Config{Name: c.Name, Endpoint: e.AWS, Budget: account(c.Name), Clock: clk.Clock, AWS: aws4(e, c.Region)})
		} else {
			cloud, err = triton.New(triton.Config{Name: c.Name, URL: e.Triton[c.Name], Account: e.TritonAccount, KeyID: e.TritonKeyID, AgentSocket: e.AgentSocket, Budget: account(c.Name), Clock: clk.Clock})
		}
		if err != nil {
			return err
		}
		fo.Clouds = append(fo.Clouds, fleet.CloudSource{Name: c.Name, Provider: c.Provider, Traits: adapters.Declared(c.Provider).Traits, Region: c.Region, Compute: cloud})
		o.Clouds = append(o.Clouds, apply.CloudTarget{Name: c.Name, Power: mortalPower{cloud, p}})
	}
	for _, z := range j.Zones {
		var dns providers.WritableDNS
		switch z.Provider {
		case rfc2136.Provider:
			dns = rfc2136.New(rfc2136.Config{Zone: z.Name, Server: j.BIND, Key: bindKey, Clock: clk.Clock})
		case providers.Cloudflare:
			dns, err = cloudflare.New(cloudflare.Config{Token: e.CloudflareToken, BaseURL: e.Cloudflare, Budget: account(z.Name), Clock: clk.Clock})
		default:
			dns, err = route53.New(route53.Config{Endpoint: e.AWS, Budget: account(z.Name), Clock: clk.Clock, AWS: aws4(e, "us-east-1")})
		}
		if err != nil {
			return err
		}
		fo.Zones = append(fo.Zones, fleet.ZoneSource{Name: z.Name, ZoneChoice: providers.ZoneChoice{ID: z.ID}, Provider: z.Provider, Traits: adapters.Declared(z.Provider).Traits, DNS: dns})
		o.Zones = append(o.Zones, apply.ZoneTarget{Zone: z, DNS: mortalDNS{dns, p}})
	}
	o.Sources = fleet.New(fo)
	rep := apply.New(o).Run(context.Background(), j.Plan, apply.Confirm{}, func(ev apply.Event) { p.at("it tells: " + string(ev.Kind) + " " + string(ev.State)) })
	if !rep.OK() {
		return fmt.Errorf("the victim lived on, and its plan was not carried out:\n%s", outcomeText(rep))
	}
	return book.Close()
}

// mortalDNS is an account beside whose calls the process can die.
type mortalDNS struct {
	providers.WritableDNS
	p *points
}

// Apply implements providers.Changer.
func (d mortalDNS) Apply(ctx context.Context, z providers.Zone, changes []providers.Change) []providers.Result {
	d.p.at(beforeCall)
	r := d.WritableDNS.Apply(ctx, z, changes)
	d.p.at("the answer is there, and not written down")
	return r
}

const waiting = "a wait is under way"

const beforeCall = "the entries are on disk, and nothing is sent"

// mortalPower is a cloud beside whose power actions the process can die.
type mortalPower struct {
	providers.Power
	p *points
}

// Terminate implements providers.Power.
func (m mortalPower) Terminate(ctx context.Context, id string) error {
	m.p.at(beforeCall)
	err := m.Power.Terminate(ctx, id)
	m.p.at("the answer is there, and not written down")
	return err
}
