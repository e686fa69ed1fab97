package apply

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// fakeLauncher starts nodes of the bench: each gets the next address of aws-use1 and, a minute later, is in DNS.
type fakeLauncher struct {
	b  *bench
	mu sync.Mutex

	requests []string         // "l1 for i-1"
	fails    map[string]error // by the id of the node that is replaced: why it is not launched
	sick     map[string]error // why the launched node does not get into DNS
	apart    bool             // the launched node is in DNS, and at no name of the service
	pair     bool             // i-1 and i-2 must be launched at the same time
	meet     sync.WaitGroup
}

// launchOf returns the launch in the place of a node, as a command line plans it.
func (b *bench) launchOf(old providers.InstanceRef) plan.Launch {
	l := plan.Launch{
		Cloud: old.Cloud, Key: old.Key, Service: www, Template: "nginx-roundrobin", ID: "l" + old.ID, Image: "ami-1", Size: "t3.small", Old: old,
	}
	es := entries(b.t, b.j)
	if e := journal.ReplacementOf(es, old); e != nil {
		if l.ID = e.Launch.ID; e.Instance != nil {
			l.Started = e.Instance.ID
		}
	}
	return l
}

func (f *fakeLauncher) Launch(ctx context.Context, l *plan.Launch, entry journal.Entry, progress func(stage, text string)) (providers.Instance, string, error) {
	if f.pair && (l.Old.ID == "i-1" || l.Old.ID == "i-2") {
		f.meet.Done()
		f.meet.Wait()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := l.Started
	entryID := ""
	if id == "" {
		entry.Launch.ID, entry.Launch.Cloud, entry.Launch.Key, entry.Launch.Template = l.ID, l.Cloud, l.Key, l.Template
		written, err := f.b.j.Begin(entry)
		if err != nil {
			return providers.Instance{}, "", err
		}
		entryID = written[0].ID
		f.requests = append(f.requests, l.ID+" for "+l.Old.ID)
		o := journal.Outcome{ID: entryID, State: journal.Done}
		if err := f.fails[l.Old.ID]; err != nil {
			o.State, o.Error = journal.Failed, err.Error()
			_ = f.b.j.End(o)
			return providers.Instance{}, entryID, err
		}
		id = fmt.Sprintf("i-9%d", len(f.requests))
		f.b.node(f.b.aws, id, "www-"+id, fmt.Sprintf("34.200.17.%d", len(f.requests)), "www")
		f.b.aws.Rows[len(f.b.aws.Rows)-1].Launched = f.b.clk.Now()
		ref := ref(f.b.aws, id)
		o.Instance = &ref
		if err := f.b.j.End(o); err != nil {
			return providers.Instance{}, entryID, err
		}
		progress("launching", id+" is pending")
	}
	inst := providers.Instance{Cloud: l.Cloud, Key: l.Key, ID: id}
	if ctx.Err() != nil {
		return inst, entryID, ctx.Err()
	}
	if err := f.sick[l.Old.ID]; err != nil {
		return inst, entryID, err
	}
	for i := range f.b.aws.Rows {
		if row := &f.b.aws.Rows[i]; row.ID == id && !f.apart && !has(f.b.cf, row.PublicIPs[0].String()) {
			f.b.serve(f.b.aws, id, row.PublicIPs[0].String())
		}
	}
	inst.PublicIPs = []netip.Addr{netip.MustParseAddr("34.200.17.1")}
	return inst, entryID, nil
}

// replace plans to replace nodes of aws-use1.
func (b *bench) replace(maxOut int, ids ...string) plan.Plan {
	b.t.Helper()
	var ls []plan.Launch
	for _, id := range ids {
		ls = append(ls, b.launchOf(ref(b.aws, id)))
	}
	return plan.Replace(b.view(), plan.Replacement{MaxOut: maxOut, Launches: ls})
}
