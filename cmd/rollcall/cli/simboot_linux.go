package cli

import (
	"context"

	"rollcall/providers/sim"
	"rollcall/providers/sim/boot"
	"rollcall/providers/sim/world"
)

// machines boots what is launched in the embedded clouds. A nil one does nothing.
type machines struct{ cluster *boot.Cluster }

func (a *commands) newMachines(ctx context.Context) (*machines, error) {
	if err := boot.Check(); err != nil {
		return nil, err
	}
	a.Logf("rollcall sim: looking for the root file system of the machines below %s; the first time it is made, which takes some minutes", boot.CacheDir())
	root, err := boot.Root(ctx, "", nil)
	if err != nil {
		return nil, err
	}
	// The machines outlive the first ctrl-c, as the embedded clouds do; close ends them.
	rack, err := boot.NewCluster(context.WithoutCancel(ctx), boot.Options{
		Root: root,
		Say:  func(format string, args ...any) { a.Logf("rollcall sim: "+format, args...) },
	})
	if err != nil {
		return nil, err
	}
	return &machines{rack}, nil
}

// options passes launches in the embedded clouds to the machines, and sets up what an operator would have prepared.
func (m *machines) options(o *sim.Options) {
	o.Machine, o.Console = m.cluster.Power, m.cluster.Console
	o.Secrets = func(w *world.World) map[string]string {
		return map[string]string{"/rollcall/cloudflare-token": w.Credentials.NodeToken}
	}
}

func (m *machines) serve(s *sim.Sim) error {
	if m == nil {
		return nil
	}
	return m.cluster.Serve(s)
}

func (m *machines) printHint(say func(format string, args ...any)) {
	if m != nil {
		say("rollcall sim: launches boot; a client on the internet of the machines is, for example,\n  nsenter --net=%s dig @%s www.%s", m.cluster.Namespace(), m.cluster.Resolver(), world.CloudflareZone)
	}
}

func (m *machines) close() error {
	if m == nil {
		return nil
	}
	return m.cluster.Close()
}
