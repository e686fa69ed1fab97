package cli

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// addZone makes a zone of Route 53 with one address record; a private one where private is set.
func addZone(t *testing.T, s *sim.Sim, name string, private bool, value string) *world.Zone {
	t.Helper()
	spec := world.ZoneSpec{Name: name, Provider: providers.Route53, Reference: t.Name() + value}
	if private {
		spec.VPCs = []world.VPC{{ID: "vpc-0a1b2c3d", Region: "us-east-1"}}
	}
	z := s.World().AddZone(spec)
	if _, err := z.Update(func(tx *world.Tx) error {
		tx.Put(&world.Set{Name: "app." + name, Type: "A", TTL: 60, Values: []string{value}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return z
}

func TestAZoneWhoseNameTheAccountHasTwiceFailsUntilTheConfigNamesItsID(t *testing.T) {
	s := newWorld(t)
	own := s.World().Zones(providers.Route53)[0]
	for what, private := range map[string]bool{"a private zone beside the public one": true, "two public zones": false} {
		t.Run(what, func(t *testing.T) {
			value := map[bool]string{true: "10.9.8.7", false: "198.51.100.77"}[private]
			other := addZone(t, s, world.Route53Zone, private, value)
			kind := map[bool]string{true: "} (private", false: "} (public"}[private]
			reconfigure(t)
			row := source(t, world.Route53Zone)
			text, _ := row["error"].(string)
			if row["state"] != string(providers.CoverageFailed) || !strings.Contains(text, own.ID+"} (public") || !strings.Contains(text, other.ID+kind) || !strings.Contains(text, "id:") {
				t.Errorf("by its name: %v", row)
			}
			if r := source(t, world.CloudflareZone); r["state"] != string(providers.CoverageComplete) {
				t.Errorf("the other zone: %v", r)
			}
			if r := rollcall(t, "deregister", "app.unilans.net/A/"+value, "--dry-run"); r.code != exit.Unknown {
				t.Errorf("a record of it: exit code %d\n%s", r.code, r.err)
			}
			if r := rollcall(t, "policy", "aws"); r.code != exit.Failed || !strings.Contains(r.err, other.ID) {
				t.Errorf("its policy: exit code %d\n%s", r.code, r.err)
			}
			if r := rollcall(t, "config", "check"); r.code != exit.Usage || !strings.Contains(r.err+r.out, other.ID+kind) {
				t.Errorf("config check: exit code %d\n%s%s", r.code, r.out, r.err)
			}

			reconfigure(t, "name: unilans.net, provider", "name: unilans.net, id: "+own.ID+", provider")
			if row := source(t, world.Route53Zone); row["state"] != string(providers.CoverageComplete) || row["rows"].(float64) < 20 {
				t.Errorf("the first by its id: %v", row)
			}
			if out := must(t, "policy", "aws"); !strings.Contains(out, own.ID) || strings.Contains(out, other.ID) {
				t.Errorf("the policy is for another zone:\n%s", out)
			}
			if private {
				reconfigure(t, "id: "+own.ID, "private: true")
				if out := must(t, "ls", "records", "--filter", "zone:unilans.net", "-o", "name"); !strings.Contains(out, value) {
					t.Errorf("the private one: %s", out)
				}
				reconfigure(t, "private: true", "account: '999999999999'")
				if text, _ := source(t, world.Route53Zone)["error"].(string); !strings.Contains(text, "the credentials belong to the account 123456789012, not to 999999999999") {
					t.Errorf("of another account: %s", text)
				}
				reconfigure(t, "account: '999999999999'", "id: "+own.ID)
			}
			reconfigure(t, own.ID, "/hostedzone/"+other.ID)
			rows := objects(t, "ls", "records", "--filter", "zone:unilans.net", "-o", "json")
			if len(rows) == 0 || rows[0]["zone"] != world.Route53Zone {
				t.Fatalf("the other by its id: %v", rows)
			}
			record := "app.unilans.net/A/" + value
			for _, zone := range []string{"", world.Route53Zone + ":", other.ID + ":"} {
				if r := rollcall(t, "deregister", zone+record, "--dry-run"); r.code != exit.Failed || !strings.Contains(r.err, "is foreign") {
					t.Errorf("%s%s: exit code %d\n%s%s", zone, record, r.code, r.out, r.err)
				}
			}
			if r := rollcall(t, "deregister", own.ID+":"+record, "--dry-run"); r.code != exit.Usage || !strings.Contains(r.err, "there is no record") {
				t.Errorf("in the zone that is not configured: exit code %d\n%s%s", r.code, r.out, r.err)
			}
			if private {
				if row := objects(t, "ls", "records", "--wire", "--filter", "name:app.unilans.net", "-o", "json")[0]["wire"].(object); row["state"] != "unchecked" || !strings.Contains(row["reason"].(string), "private") {
					t.Errorf("on the wire: %v", row)
				}
				for _, f := range objects(t, "ls", "findings", "--filter", "name:app.unilans.net", "-o", "json") {
					if c := f["class"]; c == "private" || c == "unresolvable" || c == "wire" || c == "lame" {
						t.Errorf("finding %v", f)
					}
				}
			}
			if err := s.World().RemoveZone(other); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestWithoutAConfigOfSeveralZonesOfOneNameTheOnlyPublicOneIsRead(t *testing.T) {
	s := newWorld(t)
	own := s.World().Zones(providers.Route53)[0]
	private := addZone(t, s, world.Route53Zone, true, "10.9.8.7")
	setenv(t, "ROLLCALL_CONFIG", "")
	r := rollcall(t, "ls", "records", "-o", "name")
	if r.code != exit.Done && r.code != exit.Unknown || strings.Contains(r.out, "10.9.8.7") || !strings.Contains(r.out, "svc-v1-01.unilans.net") || !strings.Contains(r.err, private.ID) {
		t.Errorf("exit code %d\n%s", r.code, r.err)
	}
	second := addZone(t, s, world.Route53Zone, false, "198.51.100.77")
	r = rollcall(t, "ls", "sources", "-o", "json")
	if !strings.Contains(r.out, own.ID+"} (public") || !strings.Contains(r.out, second.ID+"} (public") {
		t.Errorf("two public ones: %s", r.out)
	}
}

func TestAZoneThatIsDeletedWhileTheConsoleRunsFailsAndTheRestGoesOn(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{world.Route53Zone, world.CloudflareZone} {
		z, err := w.World().Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		a := &app.Program{Env: environment(t), In: os.Stdin, Out: io.Discard, Err: io.Discard, Interrupted: t.Context().Done()}
		s, err := a.Open(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		s.Start(app.OneShotTimeout)
		before, err := s.Refresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.World().RemoveZone(z); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the first read still knows its id
			v, err := s.Refresh(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i := range v.Snapshot.Zones {
				zv := &v.Snapshot.Zones[i]
				switch {
				case zv.Zone.Name == name:
					if zv.Coverage.Complete() || zv.Coverage.Err == nil || len(zv.Records) != len(before.Snapshot.Zones[i].Records) {
						t.Errorf("%s: %+v with %d rows", name, zv.Coverage, len(zv.Records))
					}
				case name == world.Route53Zone && !zv.Coverage.Complete():
					t.Errorf("%s: %+v", zv.Zone.Name, zv.Coverage)
				}
			}
		}
		_ = s.Close()
	}
}
