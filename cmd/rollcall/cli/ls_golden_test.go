package cli

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
)

var goldenNow = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

const hostileText = "=e\x1b[31mvil\u202e\x07"

// goldenView has what columns must not trip over: texts that would steer a terminal or a spreadsheet,
// empty cells, internationalized names, records of every kind, and with trouble sources that were not read.
func goldenView(trouble bool) *dnsview.View {
	now := goldenNow
	key, east := providers.NewCloudKey(providers.EC2, "123456789012", "us-east-1"), providers.NewCloudKey(providers.Triton, "ops", "us-east-1")
	done := providers.Coverage{State: providers.CoverageComplete, Key: key, Started: now.Add(-4 * time.Second), Finished: now.Add(-3 * time.Second), Account: "123456789012"}
	ip := netip.MustParseAddr
	node := func(id, name string, state providers.InstanceState, age time.Duration, addrs ...netip.Addr) providers.Instance {
		return providers.Instance{
			Cloud: "aws-use1", Key: key, Provider: providers.EC2, ID: id, Name: name, State: state, Region: "us-east-1", Type: "t3.micro", Image: "ami-1",
			PublicIPs: addrs, PrivateIPs: []netip.Addr{ip("10.0.0.1")}, Launched: now.Add(-age), Tags: providers.TagsOf(map[string]string{"service": "www", "env": "prod", providers.TagFleet: "f1"}),
		}
	}
	s := &providers.Snapshot{Seq: 1, Taken: now, Clouds: []providers.CloudView{
		{
			Cloud: providers.Cloud{Name: "aws-use1", Provider: providers.EC2, Region: "us-east-1", Account: "123456789012", Key: key}, Coverage: done, From: "profile prod", Production: true,
			RowsFrom: done.Started, BudgetLeft: 40, Lookups: map[string]providers.Lookup{"i-0dead": {ID: "i-0dead", Asked: now, Gone: true, Final: true}},
			Instances: []providers.Instance{
				node("i-010", "www-10", providers.StateRunning, 90*time.Second, ip("54.1.20.10"), ip("2001:db8::10")),
				node("i-009", "www-9", providers.StateRunning, 100*time.Minute, ip("54.1.20.9")),
				node("i-003", "WWW-3", providers.StateStopped, 50*time.Hour),
				node("i-002", "", providers.StateTerminated, 30*time.Hour, ip("54.1.20.2")),
			},
		},
		{
			Cloud:    providers.Cloud{Name: "joyent-east", Provider: providers.Triton, Region: "us-east-1", Account: "ops", Key: east},
			Coverage: providers.Coverage{State: providers.CoverageFailed, Expected: -1, Err: providers.Errorf(providers.KindThrottled, "list machines", "%s: too many requests", hostileText)},
			RowsFrom: now.Add(-3 * time.Minute), BudgetLeft: 0, RetryAt: now.Add(8 * time.Second),
			Instances: []providers.Instance{{
				Cloud: "joyent-east", Key: east, Provider: providers.Triton, ID: "c2f0a1ff-9b1e-4d3a-8f00-000000000001", Name: hostileText, State: providers.InstanceState(hostileText), Reason: hostileText,
				Tags: providers.TagsOf(map[string]string{hostileText: hostileText}),
			}},
		},
		{Cloud: providers.Cloud{Name: "joyent-ams", Provider: providers.Triton, Region: "eu-ams-1"}, BudgetLeft: -1, Coverage: providers.Coverage{State: providers.CoverageNone}},
	}}
	if !trouble {
		s.Clouds = s.Clouds[:2]
		s.Clouds[1].Coverage, s.Clouds[1].RowsFrom = done, done.Started
		s.Clouds[1].Coverage.Key = east
	}
	o := func(k providers.CloudKey, id string) providers.Owner {
		return providers.Owner{Fleet: "f1", Cloud: k, Instance: id, Registered: now.Add(-8 * 24 * time.Hour)}
	}
	quiesced := o(key, "i-003")
	quiesced.Quiesced = true
	records := []providers.Record{
		{Name: "www.scalability.expert", Type: "A", TTL: 60, Value: "54.1.20.10", Owners: []providers.Owner{o(key, "i-010")}},
		{Name: "www.scalability.expert", Type: "A", TTL: 60, Value: "54.1.20.9", Owners: []providers.Owner{o(key, "i-009")}, Comment: "rollcall"},
		{Name: "www.scalability.expert", Type: "A", TTL: 3600, Value: "203.0.113.9", Proxied: true, Owners: []providers.Owner{o(key, "i-0dead")}},
		{Name: "www.scalability.expert", Type: "TXT", TTL: 60, Value: hostileText, Owners: []providers.Owner{quiesced}},
		{Name: "xn--bcher-kva.scalability.expert", Type: "CNAME", TTL: 300, AutoTTL: true, Value: "xn--bcher-kva.example", Comment: "=1+1"},
		{Name: "scalability.expert", Type: "MX", TTL: 300, Value: "10 mail.scalability.expert"},
		{Name: "alias.scalability.expert", Type: "A", Alias: true, Value: "lb.example"},
		{Name: "w10.scalability.expert", Type: "A", TTL: 60, Value: "198.51.100.10", SetID: "blue", Weight: 5, Policy: "weighted"},
		{Name: "w9.scalability.expert", Type: "A", TTL: 60, Value: "198.51.100.9", SetID: "green", Policy: "latency us-east-1"},
		{Name: "else.scalability.expert", Type: "A", TTL: 60, Value: "198.51.100.11", Owners: []providers.Owner{{Fleet: "f2", Cloud: "0123456789", Instance: providers.HostPrefix + "h1", Registered: now}}},
	}
	for i := range records {
		records[i].Zone, records[i].ID, records[i].Modified = "scalability.expert", fmt.Sprintf("r%d", i), now.Add(-72*time.Hour)
	}
	theV1 := []providers.Record{
		{Name: "_theservice._tcp.unilans.net", Type: "PTR", TTL: 60, Value: "v1._theservice._tcp.unilans.net"},
		{Name: "v1._theservice._tcp.unilans.net", Type: "TXT", TTL: 60, Value: `"txtvers=1" "a" "b="`},
		{Name: "v1._theservice._tcp.unilans.net", Type: "SRV", TTL: 60, Value: "0 10 4218 n1.unilans.net", Owners: []providers.Owner{o(key, "i-009").For("SRV", "0 10 4218 n1.unilans.net")}},
		{Name: "n1.unilans.net", Type: "A", TTL: 60, Value: "54.1.20.9", Owners: []providers.Owner{o(key, "i-009").For("A", "54.1.20.9")}},
		{Name: "i-009._rollcall.n1.unilans.net", Type: "TXT", TTL: 60, Value: `"marker"`},
	}
	for i := range theV1 {
		theV1[i].Zone = "unilans.net"
	}
	s.Zones = []providers.ZoneView{
		{Zone: providers.Zone{Name: "scalability.expert", Provider: providers.Cloudflare, Account: "cf"}, From: "CLOUDFLARE_API_TOKEN", Coverage: done, RowsFrom: done.Started, BudgetLeft: 900, Records: records},
		{Zone: providers.Zone{Name: "unilans.net", Provider: providers.Route53}, Coverage: providers.Coverage{State: providers.CoverageComplete, Started: now.Add(-30 * time.Minute), Finished: now.Add(-30 * time.Minute)}, RowsFrom: now.Add(-30 * time.Minute), BudgetLeft: -1, Records: theV1},
		{Zone: providers.Zone{Name: "xn--bcher-kva.example", Provider: providers.Route53}, BudgetLeft: -1},
	}
	wire := func(name, typ string, state index.WireVerdict, agree, servers int) *index.WireState {
		var want []string
		for i := range records {
			if records[i].Name == name && records[i].Type == typ {
				want = append(want, records[i].Value)
			}
		}
		return &index.WireState{
			Want: want, Zone: "scalability.expert", Name: name, Type: typ, State: state, Agree: agree, Servers: servers, At: now, Since: now.Add(-time.Minute), Reason: hostileText,
			Answers: []index.WireAnswer{{Server: "ns1.example (192.0.2.1:53)", Values: []string{hostileText}, TTL: 60, Agrees: true, At: now}, {Server: "9.9.9.9:53", Resolver: true, Failure: hostileText}},
		}
	}
	resolves := wire("scalability.expert", "MX", index.WireInSync, 2, 2)
	resolves.Resolves = true
	www1 := []index.Service{
		{Name: "www.scalability.expert", Kind: index.RoundRobin, Zone: "scalability.expert", TTL: 60, Select: map[string]string{"service": "www"}, Minimum: 2, Clouds: []string{"aws-use1"}},
		{Name: "v1._theservice._tcp.unilans.net", Kind: index.DNSSD, Zone: "unilans.net", TTL: 60, Port: 4218},
	}
	return dnsview.Inspect(s, index.Options{
		Fleet: "f1", Services: www1, Now: now, MaxAge: 10 * time.Minute, BootGrace: 5 * time.Minute, CreateGrace: 10 * time.Minute,
		Wire: []*index.WireState{
			wire("www.scalability.expert", "A", index.WireSplit, 1, 2), wire("www.scalability.expert", "TXT", index.WireWaiting, 0, 0), resolves,
			wire("alias.scalability.expert", "A", index.WireInSync, 2, 2),
		},
		WireZones: []index.WireZone{{Zone: "scalability.expert", State: index.WireInSync, Reason: "2 servers serve it", At: now}, {Zone: "unilans.net", State: index.WireLame, Reason: hostileText, Problems: []string{hostileText}, At: now}},
		Health:    []index.HealthState{{Service: "www.scalability.expert", Key: key, ID: "i-010", Failed: 1, Of: 3, Error: hostileText, At: now}},
	})
}

func goldenEntries() []journal.Entry {
	now := goldenNow
	was := providers.Record{Zone: "scalability.expert", Name: "www.scalability.expert", Type: "A", TTL: 60, Value: "203.0.113.9"}
	return []journal.Entry{
		{ID: "3", Run: "r3", Time: now.Add(-time.Minute), Who: hostileText, Verb: "deregister", Kind: "change", Sentence: "delete " + hostileText, Zone: was.Zone, Change: &providers.Change{Op: providers.OpDelete, Before: was}, Reason: "dead", State: journal.Done, Note: "looked up"},
		{ID: "2", Run: "r2", Time: now.Add(-time.Hour), Who: "me@here", Verb: "undo", Undoes: "1", State: journal.Failed, Error: "no " + hostileText},
		{ID: "1", Run: "r1", Time: now.Add(-2 * time.Hour), Verb: "stop", State: journal.Begun, Instance: &providers.InstanceRef{Cloud: "aws-use1", ID: "i-003", Name: "WWW-3"}},
	}
}

// writeForms writes rows in every form, and the names in the order of every column.
func writeForms[T any](t *testing.T, b *bytes.Buffer, l *output.Listing[T], rows []T) {
	t.Helper()
	forms := []string{output.Table, output.Wide, output.JSON, output.CSV, output.YAML, output.Name}
	for _, form := range forms {
		fmt.Fprintf(b, "\n-o %s\n", form)
		if err := l.Write(b, &output.Format{Form: form}, rows); err != nil {
			t.Fatal(err)
		}
	}
	for _, by := range l.Names() {
		for _, by := range []string{by, "-" + by} {
			sorted := slices.Clone(rows)
			if err := l.Sort(sorted, by); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(b, "\n--sort %s\n", by)
			if err := l.Write(b, &output.Format{Form: output.Name}, sorted); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// goldenFilters are written for every kind of row: what passes is held too.
var goldenFilters = []string{
	"www", "evil", "state:running", "state:complete", "state:throttled", "cloud:aws", "zone:scal", "type:a", "type:zone", "type:dns", "provider:ec2", "provider:route", "name:www", "id:i-0", "id:123", "node:www",
	"owner=", "fleet:f1", "finding:dead", "class:dead,missing", "severity:high", "service:www", "tag.env=prod", "ttl>100", "age>2d", "age<1h", "value~54", "ip:54", "region:us", "image:ami", "proxied:yes",
	"wire:split", "run:r3", "who:me", "verb:undo", "state:failed", "-name:www",
}

// writePassing writes the names of the rows that pass each filter.
func writePassing[T any](t *testing.T, b *bytes.Buffer, l *output.Listing[T], rows func(filter.Filter) []T) {
	t.Helper()
	for _, text := range goldenFilters {
		f, err := filter.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var passed []string
		for _, r := range rows(f) {
			passed = append(passed, l.ID(&r))
		}
		fmt.Fprintf(b, "\n--filter %s: %s", text, strings.Join(passed, " | "))
	}
}

// TestEveryFormOfEveryListing holds what rollcall ls and journal print, form by form and column by column.
func TestEveryFormOfEveryListing(t *testing.T) {
	v, troubled := goldenView(false), goldenView(true)
	everything := filter.Filter{}
	for _, c := range []struct {
		name  string
		write func(t *testing.T, b *bytes.Buffer)
	}{
		{"instances", func(t *testing.T, b *bytes.Buffer) {
			l := output.Instances(func() time.Time { return goldenNow })
			rows := func(f filter.Filter) []rows.Instance { return filtered(rows.Instances(v), f) }
			writeForms(t, b, l, rows(everything))
			writePassing(t, b, l, rows)
		}},
		{"records", func(t *testing.T, b *bytes.Buffer) {
			l := output.Records(true)
			rows := func(f filter.Filter) []rows.Record { return filtered(rows.Records(v), f) }
			writeForms(t, b, l, rows(everything))
			writePassing(t, b, l, rows)
		}},
		{"findings", func(t *testing.T, b *bytes.Buffer) {
			l := output.Findings()
			rows := func(f filter.Filter) []rows.Finding { return findingRows(v, f) }
			writeForms(t, b, l, rows(everything))
			writePassing(t, b, l, rows)
		}},
		{"services", func(t *testing.T, b *bytes.Buffer) {
			l := output.Services()
			rows := func(f filter.Filter) []rows.ServiceLine {
				return rows.Services(v, func(r *rows.ServiceLine) bool { return f.Match(r) })
			}
			writeForms(t, b, l, rows(everything))
			writePassing(t, b, l, rows)
		}},
		{"sources", func(t *testing.T, b *bytes.Buffer) {
			l := output.Sources(true)
			rows := func(f filter.Filter) []rows.Source {
				list := rows.WithWire(rows.Sources(troubled.Snapshot, goldenNow, 10*time.Minute), troubled)
				list = append(list, rows.File(app.RangesSource, errors.New("no such file")))
				return filtered(list, f)
			}
			writeForms(t, b, l, rows(everything))
			writePassing(t, b, l, rows)
		}},
		{"journal", func(t *testing.T, b *bytes.Buffer) {
			l := output.Entries(false)
			rows := func(f filter.Filter) []rows.Entry { return entryRows(goldenEntries(), f, goldenNow) }
			writeForms(t, b, l, rows(everything))
			writePassing(t, b, l, rows)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			c.write(t, &b)
			golden.RequireEqual(t, b.Bytes())
		})
	}
}
