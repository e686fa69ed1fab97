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
				Launched: now.Add(-time.Hour * 50), Tags: map[string]string{"service": "www"},
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
	msgs := make(chan tea.Msg, 64)
	var run func(tea.Cmd)
	run = func(cmd tea.Cmd) {
		if cmd == nil {
			return
		}
		go func() {
			msg := cmd()
			if batch, ok := msg.(tea.BatchMsg); ok {
				for _, c := range batch {
					run(c)
				}
			} else if msg != nil {
				msgs <- msg
			}
		}()
	}
	run(m.Init())
	for instances, records := false, false; !instances || !records; {
		msg := <-msgs
		_, cmd := m.Update(msg)
		run(cmd)
		name := fmt.Sprintf("%T", msg)
		instances = instances || strings.Contains(name, "instanceRow]")
		records = records || strings.Contains(name, "recordRow]")
	}
	return m
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

func benchmarkKeyPress(b *testing.B, n int) {
	m := benchModel(b, n)
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
