package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
	"rollcall/userdata"
)

// agentOf makes what a Triton node has when it boots: its metadata, and the agent as it is shipped. It returns
// a function that runs one of the agent's commands.
func (s *site) agentOf(i world.Instance) func(command string) string {
	t := s.t
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is not installed, and CI requires it")
		}
		t.Skip("python3 is not installed")
	}
	dir, e := t.TempDir(), s.sim.Endpoints()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil { //nolint:gosec // mdata-get is run
			t.Fatal(err)
		}
	}
	write("bin/mdata-get", "#!/bin/sh\ncat \""+dir+"/md/$1\" 2>/dev/null || exit 1\n")
	for _, c := range s.world().Clouds() {
		if c.Name == s.cloud {
			write("md/sdc:owner_uuid", c.Account)
			write("md/sdc:datacenter_name", c.Region)
		}
	}
	write("md/sdc:uuid", i.ID)
	write("md/sdc:nics", `[{"ip":"`+i.Public.String()+`"}]`)
	write("md/cloudflare-token", e.CloudflareToken)
	write("md/aws-access-key-id", e.AWSKeyID)
	write("md/aws-secret-access-key", e.AWSSecret)
	cfg, err := json.Marshal(userdata.AgentConfig{
		Format: 1, Fleet: s.world().FleetID, Service: s.name, Kind: "round-robin", DNS: s.rig.zone(s.zone).Provider, Zone: s.zone, TTL: 60, Port: 80,
		Health: userdata.Health{Command: "true", Need: 1, Of: 1, Interval: 1}, Register: userdata.RegisterAgent,
		Token:     userdata.Token{Source: userdata.TokenMetadata, Key: "cloudflare-token"},
		Endpoints: map[string]string{"cloudflare": e.Cloudflare, "route53": e.AWS},
	})
	if err != nil {
		t.Fatal(err)
	}
	write("node.json", string(cfg))
	agent, err := filepath.Abs("../../userdata/node/rollcall-node")
	if err != nil {
		t.Fatal(err)
	}
	return func(command string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "python3", agent, command)
		c.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "ROLLCALL_NODE_CONFIG="+filepath.Join(dir, "node.json"),
			"ROLLCALL_NODE_RUN="+filepath.Join(dir, "run"), "ROLLCALL_NODE_LOG="+filepath.Join(dir, "log"), "ROLLCALL_NODE_CONSOLE="+filepath.Join(dir, "console"), "ROLLCALL_NODE_PACE=0.02")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return string(out)
	}
}

func TestIncidentANodeThatRebootsWhileItIsQuiescedStaysOut(t *testing.T) {
	if onBIND {
		t.Skip("the agent of a node makes no dynamic updates: the console registers nodes in such a zone")
	}
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		i := s.rig.launch(s.cloud, world.Instance{Name: "reboots", Tags: map[string]string{"service": "pool"}})
		ref := providers.InstanceRef{Cloud: s.cloud, Key: s.owner(s.cloud, "", 0).Cloud, ID: i.ID}
		agent := s.agentOf(i)
		reboot := func() string { return agent("deregister") + agent("register") }
		if said := agent("register"); !strings.Contains(said, "registered "+s.name) {
			t.Fatalf("the agent says %s", said)
		}
		in := s.held()
		planned := plan.Quiesce(s.look(), ref)
		// The console is stopped after each step of the quiesce, and the node reboots then.
		for range planned.Steps {
			s.oneStep(plan.Quiesce(s.look(), ref))
			before := s.held()
			if said := reboot(); !strings.Contains(said, "quiesced by an operator: not registered") {
				t.Errorf("the agent says %s", said)
			}
			s.wantHeld("after a reboot", before)
		}
		v := s.look()
		for _, f := range v.FindingsOfInstance(ref.Key, ref.ID) {
			if f.Class != dnsview.Quiesced {
				t.Errorf("it is %s: %s", f.Class, f.Reason)
			}
		}
		if n := len(v.RecordsOf(ref.Key, ref.ID)); n != 0 {
			t.Errorf("%d records lead to it", n)
		}
		s.c.must(plan.Return(v, ref))
		s.wantHeld("after its return", in)
		agent("register")
		s.wantHeld("after its return and a boot", in)
	}, east)
}

func TestAQuiesceThatWasCutOffCanBeTakenBackAtEachStep(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		i, _ := s.member("node")
		ref := providers.InstanceRef{Cloud: s.cloud, Key: s.owner(s.cloud, "", 0).Cloud, ID: i.ID}
		in := s.held()
		for n := range plan.Quiesce(s.look(), ref).Steps {
			for range n + 1 {
				s.oneStep(plan.Quiesce(s.look(), ref))
			}
			s.c.must(plan.Return(s.look(), ref))
			s.wantHeld("after its return", in)
		}
	}, east)
}

func TestARegisterThatWasPlannedBeforeAQuiesceDoesNotPutTheNodeBack(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		i := s.rig.launch(s.cloud, world.Instance{Name: "late", Tags: map[string]string{"service": "pool"}})
		s.clk.Advance(time.Hour)
		ref := providers.InstanceRef{Cloud: s.cloud, Key: s.owner(s.cloud, "", 0).Cloud, ID: i.ID}
		planned := plan.Register(s.look(), s.name, ref)
		other := s.rig.console(0)
		other.opts.Services = s.c.opts.Services
		other.must(plan.Register(other.look(), s.name, ref))
		other.must(plan.Quiesce(other.look(), ref))
		out := s.held()
		rep := s.c.run(planned)
		if len(planned.Steps) != 1 || rep.Count(apply.StepRefused) != 1 || !strings.Contains(rep.Steps[0].Why, "on purpose") {
			t.Errorf("%s", outcomeText(rep))
		}
		s.wantHeld("after the register", out)
		s.c.must(plan.Return(s.look(), ref))
		if fs := s.look().FindingsOfInstance(ref.Key, ref.ID); len(fs) > 0 {
			t.Errorf("%s: %s", fs[0].Class, fs[0].Reason)
		}
	})
}

// oneStep carries out a plan until something has changed.
func (s *site) oneStep(plan plan.Plan) {
	s.t.Helper()
	ctx, stop := context.WithCancelCause(s.t.Context())
	defer stop(nil)
	before := s.held()
	rep := s.c.engine().Run(ctx, plan, apply.Confirm{}, func(ev apply.Event) {
		if ev.Kind == apply.EventEnded && !slices.Equal(s.held(), before) {
			stop(errors.New("cut off"))
		}
	})
	if slices.Equal(s.held(), before) {
		s.t.Fatalf("nothing was done:\n%s", outcomeText(rep))
	}
}
