package cli

import (
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
)

// service returns one row of rollcall ls services.
func service(t *testing.T, name string) rows.ServiceObject {
	t.Helper()
	for _, r := range decode[[]rows.ServiceObject](t, must(t, "ls", "services", "-o", "json")) {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("there is no service %s", name)
	return rows.ServiceObject{}
}

func TestServicesAreListedWithTheirNodesAsTheyStand(t *testing.T) {
	newWorld(t)
	before := service(t, theV1)
	if before.Live != 5 || before.Minimum != 2 || before.ServiceType != theService || before.Incarnation != "v1" || !before.PTR || before.Quiesced != 0 {
		t.Errorf("%+v", before)
	}
	if got := before.TXT; len(got) != 2 || got[0].Key+*got[0].Value != "txtvers1" || got[1].Key+*got[1].Value != "proto1" {
		t.Errorf("TXT %+v", got)
	}
	must(t, "service", "join", "--service", theV1, "--host", "web1", "--address", "203.0.113.7", "--weight", "3")
	must(t, "quiesce", "svc-v1-03")
	after := service(t, theV1)
	if after.Live != 5 || after.Quiesced != 1 || len(after.Members) != len(before.Members)+1 {
		t.Errorf("%d live, %d quiesced, %d members, before %d", after.Live, after.Quiesced, len(after.Members), len(before.Members))
	}
	at := func(node string) rows.Member {
		t.Helper()
		i := slices.IndexFunc(after.Members, func(m rows.Member) bool { return m.Node == node || m.Host == node })
		if i < 0 {
			t.Fatalf("no member %s", node)
		}
		return after.Members[i]
	}
	if m := at("web1"); m.State != "by hand" || m.ID != "host:web1" || !m.Live || m.Priority == nil || *m.Priority != 10 || *m.Weight != 3 || *m.Port != 4218 || m.Health != nil || !slices.Equal(m.Addresses, []string{"203.0.113.7"}) {
		t.Errorf("%+v", m)
	}
	if m := at("svc-v1-03"); m.State != "quiesced" || m.Live || m.Cloud != "joyent-east" || m.Host != "svc-v1-03.unilans.net" {
		t.Errorf("%+v", m)
	}
	if m := at("svc-v1-90.unilans.net"); m.State != "dead" || !slices.Contains(m.Findings, "dead") {
		t.Errorf("%+v", m)
	}
	wide := must(t, "ls", "services", "-o", "wide")
	if !strings.Contains(wide, "1 quiesced") || !strings.Contains(wide, "QUIESCED") || !strings.Contains(wide, "txtvers=1,proto=1") {
		t.Errorf("%s", wide)
	}
}

func TestAHostThatJoinedByHandIsTakenOutAndReturnedByItsName(t *testing.T) {
	newWorld(t)
	must(t, "service", "join", "--service", theV1, "--host", "web1", "--address", "203.0.113.7")
	before := inZone(t, theV1, "web1.unilans.net")
	must(t, "quiesce", "host:web1")
	if got := srvOf(t, theV1, "web1.unilans.net"); len(got) > 0 {
		t.Errorf("quiesced: %q", got)
	}
	must(t, "return", "host:web1")
	if got := inZone(t, theV1, "web1.unilans.net"); !slices.Equal(got, before) {
		t.Errorf("returned:\n%q, want\n%q", got, before)
	}
	if r := rollcall(t, "quiesce", "host:web9"); r.code != exit.Usage || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, "there is no host web9") {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
}

func TestServicesAndSourcesAreFilteredByTheLanguageOfAllLists(t *testing.T) {
	newWorld(t)
	for _, c := range []struct{ list, filter, row string }{
		{"services", "cloud:aws", "www.scalability.expert"},
		{"services", "svc-v1-03", theV1},
		{"services", "type:dns-sd -cloud:nowhere", theV1},
		{"sources", "provider:ec2", "aws-use1"},
		{"sources", "type=zone state:complete", "unilans.net"},
	} {
		out := must(t, "ls", c.list, "--filter", c.filter, "-o", "name")
		if !slices.Contains(strings.Fields(out), c.row) {
			t.Errorf("%s %s: %s", c.list, c.filter, out)
		}
	}
	if out := must(t, "ls", "sources", "--filter", "provider:ec2 state:failed", "-o", "name"); out != "" {
		t.Errorf("no source of EC2 has failed: %s", out)
	}
	if r := rollcall(t, "ls", "services", "--filter", "cloud:nowhere", "-o", "name"); r.code != exit.Usage || r.out != "" || !strings.Contains(r.err, `there is no cloud "nowhere"`) {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	for _, list := range []string{"instances", "records", "findings", "services", "sources", "nonsense"} {
		if r := rollcall(t, "ls", list, "--filter", "nonsense:(("); r.code != exit.Usage {
			t.Errorf("%s: exit code %d, %s", list, r.code, r.err)
		}
	}
}
