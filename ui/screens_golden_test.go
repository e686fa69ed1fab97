package ui_test

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui"
)

// odd adds to the world what columns must not trip over: texts that would steer a terminal, empty
// cells, internationalized names, sources in trouble, and entries of the journal in every state.
func odd(_ *ui.Options, f *fake) {
	now, hostile := epoch(), "e\x1b[31mvil\u202e\x07"
	s := f.snap
	use1, east := &s.Clouds[0], &s.Clouds[2]
	use1.Instances[7].Name, use1.Instances[7].Type, use1.Instances[7].Launched = hostile, hostile, time.Time{}
	use1.Instances[8].Name, use1.Instances[8].PublicIPs = "", nil
	use1.Instances[8].PublicIPs = []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("54.1.20.99")}
	use1.Instances[6].State, use1.Instances[5].State, use1.Instances[4].State = "shutting\x1b-down", providers.StateTerminated, "stopping"
	east.Coverage = providers.Coverage{State: providers.CoverageFailed, Expected: -1, Err: providers.Errorf(providers.KindThrottled, "list machines", "%s: too many requests", hostile)}
	east.RetryAt, east.BudgetLeft, east.RowsFrom = now.Add(8*time.Second), 3, now.Add(-2*time.Minute)
	s.Clouds[3].Coverage, s.Clouds[3].RowsFrom, s.Clouds[3].BudgetLeft = providers.Coverage{State: providers.CoverageNone}, time.Time{}, -1
	f.files = map[string]error{"ranges.json": errors.New("open ranges.json: no such file")}
	z := &s.Zones[0]
	owner := func(o providers.Owner) []providers.Owner {
		o.Registered = now.Add(-time.Hour)
		return []providers.Owner{o}
	}
	for _, r := range []providers.Record{
		{Name: "xn--bcher-kva.scalability.expert", Type: "CNAME", Value: "xn--bcher-kva.example", TTL: 300, ID: "o1"},
		{Name: "www.scalability.expert", Type: "TXT", Value: hostile, TTL: 1, AutoTTL: true, ID: "o2"},
		{Name: "alias.scalability.expert", Type: "A", Value: "lb.example", Alias: true, ID: "o3"},
		{Name: "px.scalability.expert", Type: "A", Value: "203.0.113.77", TTL: 300, Proxied: true, ID: "o4"},
		{Name: "by.scalability.expert", Type: "A", Value: "203.0.113.78", TTL: 60, ID: "o5", Owners: owner(providers.Owner{Fleet: fleetID, Instance: providers.HostPrefix + "h\x1b1"})},
		{Name: "else.scalability.expert", Type: "A", Value: "203.0.113.79", TTL: 60, ID: "o6", Owners: owner(providers.Owner{Fleet: fleetID, Cloud: "0123456789", Instance: "i-0123456789abcdef0"})},
		{Name: "bad.scalability.expert", Type: "A", Value: "203.0.113.80", TTL: 60, ID: "o7", BadMarkers: []string{"rollcall1 nonsense"}},
		{Name: "unseen.scalability.expert", Type: "A", Value: "203.0.113.81", TTL: 60, ID: "o8", Owners: owner(providers.Owner{Fleet: fleetID, Cloud: use1.Cloud.Key, Instance: "i-0f00f00f00f00f00f"})},
		{Name: "www10.scalability.expert", Type: "A", Value: "9.1.1.1", TTL: 60, ID: "o9"},
		{Name: "www9.scalability.expert", Type: "A", Value: "10.1.1.1", TTL: 60, ID: "o10"},
		{Name: "v2._theservice._tcp.scalability.expert", Type: "SRV", Value: "0 5 4218 n1.scalability.expert", TTL: 60, ID: "o11", Owners: owner(providers.Owner{Fleet: fleetID, Cloud: use1.Cloud.Key, Instance: use1.Instances[0].ID, Quiesced: true})},
	} {
		r.Zone = z.Zone.Name
		z.Records = append(z.Records, r)
	}
	onWire(nil, f)
	for i, failed := range []int{0, 1, 3} {
		n := &use1.Instances[1+i]
		f.health = append(f.health, index.HealthState{Service: "www.scalability.expert", Key: n.Key, ID: n.ID, Failed: failed, Of: 3, Error: hostile, At: now.Add(-time.Minute)})
	}
	f.entries = written()
	for i, st := range []journal.State{journal.Begun, journal.Failed, journal.Refused, journal.Unknown} {
		f.entries = append(f.entries, journal.Entry{
			ID: "0" + string(rune('1'+i)), Run: "r0", Time: now.Add(-time.Duration(i+3) * time.Hour), Who: hostile, Verb: "stop", State: st, Sentence: "stop " + hostile,
			Error: "it failed: " + hostile, Instance: &providers.InstanceRef{Cloud: "aws-use1", ID: "i-1", Name: hostile},
		})
	}
	f.problems = []journal.Problem{{Line: 3, Why: hostile}}
	f.calls = []rows.Call{
		{Number: 1, Time: now, Account: "aws-use1", Operation: "EC2 DescribeInstances", Result: "200", Took: 41 * time.Millisecond, Bytes: 12345},
		{Number: 2, Time: now, Account: "cloudflare", Operation: "GET api.example/client/v4/zones", Result: "429 throttled", Failed: true, Took: 3200 * time.Millisecond, Waited: 7 * time.Second},
	}
}

// TestMain runs the tests in UTC, whatever the time zone of the machine.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// TestEveryScreenInEveryOrder holds every screen: as it comes, and sorted by each of its columns.
func TestEveryScreenInEveryOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string
		wait string
		head string // a title of the list
	}{
		{"instances", []string{"z"}, "e[31mvil", "ADDRESS"},
		{"records", []string{"tab", "z"}, "✓ resolves", "VALUE"},
		{"findings", []string{"f"}, "www9.scalability.expert A 10.1.1.1 is a private", "REMEDY"},
		{"journal", []string{"J"}, "✓ done", "WHEN"},
		{"sources", []string{"v"}, "✖ unreadable", "BUDGET"},
		{"services", []string{"V", "z"}, "not checked", "HEALTH"},
		{"overview", []string{"0"}, "of min", "LIVE"},
		{"calls", []string{"C"}, "DescribeInstances", "TOOK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			const w, h = 190, 52
			r := newRig(t, w, h, odd).readyWithOdd()
			r.press(c.keys...)
			r.until(c.wait, c.head)
			r.press("g") // the cursor stays on its row when worse ones come
			var b strings.Builder
			b.WriteString(r.grid(w, h) + "\n")
			for range 12 {
				if c.name == "sources" {
					break // the order is that of the config
				}
				before := r.line(c.head)
				r.press("s")
				r.untilTrue("another order", func() bool { return r.line(c.head) != before })
				if !strings.ContainsAny(r.line(c.head), "↑↓") {
					break
				}
				b.WriteString("\n")
				for l := range strings.SplitSeq(ansi.Strip(r.m.View().Content), "\n") {
					if l = strings.TrimRight(strings.Trim(l, "│┃█ "), " "); strings.ContainsAny(l, "↑↓") || len(l) > 40 {
						b.WriteString(shorten(l) + "\n")
					}
				}
			}
			golden.RequireEqual(t, b.String())
		})
	}
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 90 {
		return strings.TrimRight(string(r[:90]), " ")
	}
	return s
}

func (r *rig) readyWithOdd() *rig {
	r.t.Helper()
	r.until("e[31mvil", "DNS 38")
	return r
}
