package plan_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// rig is an embedded Route 53 with the zone unilans.net.
type rig struct {
	sim  *sim.Sim
	cfg  route53.Config
	zone providers.Zone
}

func newRig(t *testing.T) *rig {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	s := simtest.Start(t, sim.Options{})
	e := s.Endpoints()
	r := &rig{sim: s, cfg: route53.Config{
		Endpoint: e.AWS, AWS: &aws.Config{Region: e.AWSRegion, Credentials: credentials.NewStaticCredentialsProvider(e.AWSKeyID, e.AWSSecret, "")},
	}}
	r.account(t).Zones(context.Background(), func(p []providers.Zone) { r.zone = p[0] })
	if r.zone.Name != zoneName {
		t.Fatalf("zone %+v", r.zone)
	}
	return r
}

// account is what one process has: an adapter of its own, which knows nothing of the others.
func (r *rig) account(t *testing.T) *route53.Account {
	t.Helper()
	a, err := route53.New(r.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// play switches between conflicts and lost replies until the test ends.
func (r *rig) play(t *testing.T) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			_ = r.sim.World().SetFault(zoneName, []world.FaultKind{world.Conflict, world.LostReply}[i%2])
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
	})
}

func (r *rig) calm(t *testing.T) {
	t.Helper()
	if err := r.sim.World().SetFault(zoneName, world.NoFault); err != nil {
		t.Fatal(err)
	}
}

// crowd is how many hosts join and leave at once.
var crowd = providertest.Amount(200, 40, 10)

// host is one host of the crowd.
func host(service dnssd.Name, roundRobin string, i int) plan.Node {
	return plan.Node{
		Service: service, RoundRobin: roundRobin, Host: fmt.Sprintf("h%03d", i), Port: 4218, Priority: 10, Weight: 10,
		Addresses: []netip.Addr{netip.AddrFrom4([4]byte{198, 51, byte(i / 200), byte(i%200 + 1)})},
	}
}

// join and leave do what the command does, without its journal and its engine.
func (r *rig) join(ctx context.Context, a *route53.Account, n plan.Node) error {
	p := &apply.RetryingDNS{DNS: a}
	z := plan.Zone{Zone: r.zone, Fleet: "f1", Now: time.Now()}
	if err := z.ReadForJoin(ctx, p, n); err != nil {
		return err
	}
	m, err := plan.Join(z, n)
	if err != nil {
		return err
	}
	return r.carry(ctx, p, m)
}

func (r *rig) leave(ctx context.Context, a *route53.Account, n plan.Node) error {
	p := &apply.RetryingDNS{DNS: a}
	z := plan.Zone{Zone: r.zone, Fleet: "f1", Now: time.Now()}
	if err := z.ReadForLeave(ctx, p, n); err != nil {
		return err
	}
	m, err := plan.Leave(z, n)
	if err != nil {
		return err
	}
	return r.carry(ctx, p, m)
}

// carry makes the changes of a plan, those that need none first.
func (r *rig) carry(ctx context.Context, p *apply.RetryingDNS, m plan.Planned) error {
	for _, needy := range []bool{false, true} {
		var changes []providers.Change
		for _, s := range m.Plan.Steps {
			if (len(s.Needs) > 0) == needy {
				changes = append(changes, *s.Change)
			}
		}
		if len(changes) == 0 {
			continue
		}
		for _, res := range p.Apply(ctx, r.zone, changes) {
			if res.Err != nil {
				return res.Err
			}
		}
	}
	return nil
}

// firstHalf lets the hosts join that will leave, all in one step.
func (r *rig) firstHalf(t *testing.T, service dnssd.Name, roundRobin string) {
	t.Helper()
	a := r.account(t)
	z := plan.Zone{Zone: r.zone, Fleet: "f1", Now: time.Now()}
	if err := z.ReadForJoin(t.Context(), a, host(service, roundRobin, 0)); err != nil {
		t.Fatal(err)
	}
	var changes []providers.Change
	for i := range crowd / 2 {
		m, err := plan.Join(z, host(service, roundRobin, i))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Plan.Steps {
			changes = append(changes, *s.Change)
		}
	}
	for _, res := range a.Apply(t.Context(), r.zone, changes) {
		if res.Err != nil {
			t.Fatal(res.Err)
		}
	}
}

// values are what Route 53 has of one name and type.
func (r *rig) values(t *testing.T, name, typ string) []providers.Record {
	t.Helper()
	rows, err := r.account(t).Lookup(context.Background(), r.zone, name, typ)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// hostsOf are the hosts of the crowd among the owners of a record set.
func hostsOf(t *testing.T, rows []providers.Record) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for i := range rows {
		o, ok := rows[i].Owner()
		if !ok {
			t.Errorf("%s has owners %v", rows[i].Value, rows[i].Owners)
		}
		if o.Host() {
			out[strings.TrimPrefix(o.Instance, providers.HostPrefix)] = true
		}
	}
	return out
}

// noneLost has one half of a crowd leave a service while the other half joins it,
// with conflicts and lost replies.
func noneLost(t *testing.T, service dnssd.Name, roundRobin, name, typ string) {
	r := newRig(t)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute) // nothing hangs
	defer cancel()
	r.firstHalf(t, service, roundRobin)
	before := len(r.values(t, name, typ)) - crowd/2
	r.play(t)
	told := make([]error, crowd)
	var wg sync.WaitGroup
	for i := range crowd {
		a, do := r.account(t), r.leave
		if i >= crowd/2 {
			do = r.join
		}
		wg.Go(func() { told[i] = do(ctx, a, host(service, roundRobin, i)) })
	}
	wg.Wait()
	r.calm(t)
	if err := errors.Join(told...); err != nil {
		t.Errorf("not told yes: %v", err)
	}
	rows := r.values(t, name, typ)
	there := hostsOf(t, rows)
	for i := range crowd {
		h := host(service, roundRobin, i).Host
		switch {
		case told[i] != nil:
		case i < crowd/2 && there[h]:
			t.Errorf("%s was told that it has left, and is in DNS", h)
		case i >= crowd/2 && !there[h]:
			t.Errorf("%s was told that it has joined, and is not in DNS", h)
		}
	}
	if len(rows) != before+crowd/2 {
		t.Errorf("%d values, want %d", len(rows), before+crowd/2)
	}
	namesAndMarkersLeft(t, r, roundRobin)
}

// namesAndMarkersLeft finds names and markers of hosts that have left.
func namesAndMarkersLeft(t *testing.T, r *rig, roundRobin string) {
	t.Helper()
	var all []providers.Record
	if v := r.account(t).Records(context.Background(), r.zone, func(p []providers.Record) { all = append(all, p...) }); !v.Complete() {
		t.Fatal(v.Err)
	}
	names := 0
	for i := range all {
		n := strings.TrimPrefix(all[i].Name, providers.HostPrefix)
		var h int
		if _, err := fmt.Sscanf(n, "h%03d.", &h); err != nil {
			continue
		}
		if h < crowd/2 {
			t.Errorf("%s %s is left behind", all[i].Name, all[i].Type)
		}
		if all[i].Type == "A" {
			names++
		}
	}
	if roundRobin == "" && names != crowd/2 {
		t.Errorf("%d host names, want %d", names, crowd/2)
	}
}

func TestNobodyIsLostWhenACrowdJoinsAndLeavesAServiceAtOnce(t *testing.T) {
	noneLost(t, name(t, v1), "", v1, "SRV")
}

func TestNobodyIsLostWhenACrowdJoinsAndLeavesARoundRobinNameAtOnce(t *testing.T) {
	noneLost(t, dnssd.Name{}, "crowd.unilans.net", "crowd.unilans.net", "A")
}

func TestABlindUpsertLosesNodesWhereCompareAndSwapLosesNone(t *testing.T) {
	const nodes = 20
	r := newRig(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	api := awsr53.NewFromConfig(*r.cfg.AWS, func(o *awsr53.Options) { o.BaseEndpoint = aws.String(r.cfg.Endpoint) })
	// Both crowds read before anybody writes: that is what "at once" means.
	var read, written sync.WaitGroup
	read.Add(2 * nodes)
	errs := make([]error, 2*nodes)
	for i := range nodes {
		written.Go(func() {
			set, err := readSet(ctx, api, r.zone.ID, "blind.unilans.net.")
			read.Done()
			read.Wait()
			set = append(set, types.ResourceRecord{Value: aws.String(fmt.Sprintf("198.51.100.%d", i+1))})
			if err == nil {
				err = upsert(ctx, api, r.zone.ID, "blind.unilans.net.", set)
			}
			errs[i] = err
		})
		a := r.account(t)
		written.Go(func() {
			n := host(dnssd.Name{}, "swap.unilans.net", i)
			z := plan.Zone{Zone: r.zone, Fleet: "f1", Now: time.Now()}
			err := z.ReadForJoin(ctx, a, n)
			read.Done()
			read.Wait()
			m, planErr := plan.Join(z, n)
			if err = errors.Join(err, planErr); err == nil {
				err = r.carry(ctx, &apply.RetryingDNS{DNS: a}, m)
			}
			errs[nodes+i] = err
		})
	}
	written.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := len(r.values(t, "swap.unilans.net", "A")); n != nodes {
		t.Errorf("compare-and-swap: %d nodes of %d were told yes and are in DNS", n, nodes)
	}
	if n := len(r.values(t, "blind.unilans.net", "A")); n >= nodes {
		t.Errorf("a blind UPSERT lost nobody of %d, so this run proves nothing", nodes)
	} else {
		t.Logf("a blind UPSERT lost %d nodes of %d, each told yes", nodes-n, nodes)
	}
}

func readSet(ctx context.Context, api *awsr53.Client, zone, name string) ([]types.ResourceRecord, error) {
	out, err := api.ListResourceRecordSets(ctx, &awsr53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: &name, MaxItems: aws.Int32(1)})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(out.ResourceRecordSets, func(s types.ResourceRecordSet) bool { return aws.ToString(s.Name) == name })
	if i < 0 {
		return nil, nil
	}
	return out.ResourceRecordSets[i].ResourceRecords, nil
}

func upsert(ctx context.Context, api *awsr53.Client, zone, name string, values []types.ResourceRecord) error {
	_, err := api.ChangeResourceRecordSets(ctx, &awsr53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
		Action:            types.ChangeActionUpsert,
		ResourceRecordSet: &types.ResourceRecordSet{Name: &name, Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: values},
	}}}})
	return err
}
