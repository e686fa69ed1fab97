package ui_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/ui"
)

// fleetOf makes a world of n instances in four clouds, each with one record.
func fleetOf(n int) *providers.Snapshot {
	now := epoch()
	s := world(now)
	z := &s.Zones[0]
	z.Records = z.Records[:0]
	for c := range s.Clouds {
		v := &s.Clouds[c]
		v.Instances = v.Instances[:0]
		for i := range n / len(s.Clouds) {
			a := netip.AddrFrom4([4]byte{54, byte(c), byte(i >> 8), byte(i)})
			id := fmt.Sprintf("i-0%d%015x", c, i)
			v.Instances = append(v.Instances, providers.Instance{
				Cloud: v.Cloud.Name, Key: v.Cloud.Key, Provider: v.Cloud.Provider, ID: id,
				Name: fmt.Sprintf("www-%d-%05d", c, i), State: providers.StateRunning, PublicIPs: []netip.Addr{a}, Type: "t3.micro",
				Launched: now.Add(-time.Hour * 50), Tags: providers.TagsOf(map[string]string{"service": "www"}),
			})
			z.Records = append(z.Records, providers.Record{
				Zone: z.Zone.Name, Name: "www." + z.Zone.Name, Type: "A", TTL: 60, Value: a.String(), ID: id,
				Owners: []providers.Owner{{Fleet: fleetID, Cloud: v.Cloud.Key, Instance: id, Registered: now.Add(-time.Hour * 49)}},
			})
		}
	}
	return s
}

// benchModel is a model that shows n instances and n records at 160x50.
func benchModel(b *testing.B, n int) *ui.Model {
	b.Helper()
	f := newFake(epoch)
	f.snap = fleetOf(n)
	onWire(nil, f)
	m := ui.New(ui.Options{Backend: f, Fleet: fleetID, Now: epoch})
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
	d := &driver{m: m, msgs: make(chan tea.Msg, 64)}
	d.run(m.Init())
	d.until("rows.Instance]", "rows.Record]")
	return m
}

// driver runs the commands of a model and hands their messages over.
type driver struct {
	m    *ui.Model
	msgs chan tea.Msg
}

func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		msg := cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				d.run(c)
			}
		} else if msg != nil {
			d.msgs <- msg
		}
	}()
}

func (d *driver) send(msg tea.Msg) {
	_, cmd := d.m.Update(msg)
	d.run(cmd)
}

// until hands messages over until one of each of these types was among them.
func (d *driver) until(types ...string) {
	seen := map[string]bool{}
	for len(seen) < len(types) {
		msg := <-d.msgs
		d.send(msg)
		for _, t := range types {
			if strings.Contains(fmt.Sprintf("%T", msg), t) {
				seen[t] = true
			}
		}
	}
}

func benchmarkFrame(b *testing.B, n int) {
	m := benchModel(b, n)
	b.ReportAllocs()
	for b.Loop() {
		_ = m.View()
	}
}

func BenchmarkFrame1000Rows(b *testing.B)   { benchmarkFrame(b, 1000) }
func BenchmarkFrame100000Rows(b *testing.B) { benchmarkFrame(b, 100_000) }

func benchmarkKeyPress(b *testing.B, n int) { pressDownAndUp(b, benchModel(b, n)) }

func pressDownAndUp(b *testing.B, m *ui.Model) {
	down, up := key("j"), key("k")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		k := down
		if i++; i%64 > 32 {
			k = up
		}
		m.Update(k)
		_ = m.View()
	}
}

func BenchmarkKeyPress1000Rows(b *testing.B)   { benchmarkKeyPress(b, 1000) }
func BenchmarkKeyPress100000Rows(b *testing.B) { benchmarkKeyPress(b, 100_000) }
