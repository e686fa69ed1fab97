package cli

import (
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
)

// srvOf returns the SRV values of an incarnation that lead to these hosts.
func srvOf(t *testing.T, service string, hosts ...string) []string {
	t.Helper()
	var out []string
	for _, l := range inZone(t, service) {
		_, value, ok := strings.Cut(l, "/SRV/")
		if ok && slices.ContainsFunc(hosts, func(h string) bool { return strings.HasSuffix(value, " "+h) }) {
			out = append(out, value)
		}
	}
	return out
}

func TestNodesAreGivenAnotherPriorityOrWeightAndUndoTakesItBack(t *testing.T) {
	newWorld(t)
	const one, two = "svc-v1-01.unilans.net", "svc-v1-02.unilans.net"
	check := func(what string, want ...string) {
		t.Helper()
		if got := srvOf(t, theV1, one, two); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("before", "10 10 4218 "+one, "10 10 4218 "+two)
	balance := func(args ...string) []string {
		return append([]string{"service", "balance", "--service", theV1}, args...)
	}
	if out := must(t, balance("--host", "svc-v1-01", "--weight", "0", "--dry-run")...); !strings.Contains(out, "10 0 4218 "+one) {
		t.Errorf("the plan is %q", out)
	}
	check("a dry run", "10 10 4218 "+one, "10 10 4218 "+two)
	must(t, balance("--host", "svc-v1-01", "--weight", "0")...)
	check("by its host name", "10 0 4218 "+one, "10 10 4218 "+two)
	must(t, balance("--host", one, "--host", theV1+"/SRV/10 10 4218 "+two, "--priority", "20")...)
	check("two at once, one by its record", "20 0 4218 "+one, "20 10 4218 "+two)
	must(t, "undo")
	check("undone", "10 0 4218 "+one, "10 10 4218 "+two)
	if r := rollcall(t, balance("--host", "svc-v1-01", "--weight", "0")...); r.code != exit.Done || !strings.Contains(r.err, "nothing to do") {
		t.Errorf("the same again: exit code %d, %q", r.code, r.err)
	}
	must(t, "service", "join", "--service", theV1, "--host", "web1", "--address", "203.0.113.7")
	must(t, balance("--host", "web1", "--weight", "3")...)
	if got := srvOf(t, theV1, "web1.unilans.net"); !slices.Equal(got, []string{"10 3 4218 web1.unilans.net"}) {
		t.Errorf("a host that joined by hand: %q", got)
	}
}

func TestBadInputForABalanceIsOneLineAndChangesNothing(t *testing.T) {
	s := newWorld(t)
	must(t, "quiesce", "svc-v1-03")
	before := allRecords(s)
	for _, c := range []struct {
		want string
		code int
		args []string
	}{
		{`"heavy" for "--weight"`, exit.Usage, []string{"--service", theV1, "--host", "svc-v1-01", "--weight", "heavy"}},
		{`"70000" for "--weight"`, exit.Usage, []string{"--service", theV1, "--host", "svc-v1-01", "--weight", "70000"}},
		{`"-1" for "--priority"`, exit.Usage, []string{"--service", theV1, "--host", "svc-v1-01", "--priority", "-1"}},
		{"needs --priority or --weight", exit.Usage, []string{"--service", theV1, "--host", "svc-v1-01"}},
		{"needs --host", exit.Usage, []string{"--service", theV1, "--weight", "1"}},
		{"needs --service", exit.Usage, []string{"--host", "svc-v1-01", "--weight", "1"}},
		{"is no incarnation", exit.Usage, []string{"--service", theService, "--host", "svc-v1-01", "--weight", "1"}},
		{"has no priority and no weight", exit.Usage, []string{"--host", "www.scalability.expert/A/34.200.16.1", "--weight", "1"}},
		{"is no node of", exit.Usage, []string{"--service", "v2." + theService, "--host", theV1 + "/SRV/10 10 4218 svc-v1-01.unilans.net", "--weight", "1"}},
		{"takes no argument", exit.Usage, []string{"svc-v1-01", "--weight", "1"}},
		{"has no node svc-v1-99", exit.Failed, []string{"--service", theV1, "--host", "svc-v1-99", "--weight", "1"}},
		{"there is no service v9", exit.Usage, []string{"--service", "v9." + theService, "--host", "a", "--weight", "1"}},
		{"svc-v1-03 is quiesced in", exit.Failed, []string{"--service", theV1, "--host", "svc-v1-03", "--weight", "1"}},
	} {
		r := rollcall(t, append([]string{"service", "balance"}, c.args...)...)
		if r.code != c.code || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, c.want) || r.out != "" {
			t.Errorf("%v: exit code %d, %q, want %d and one line with %q", c.args, r.code, r.err, c.code, c.want)
		}
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zones have changed")
	}
}
