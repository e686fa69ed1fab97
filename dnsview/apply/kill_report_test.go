package apply_test

import (
	"fmt"
	"strings"

	"rollcall/providers"
	"rollcall/providers/journal"
)

// wantReported plays what the journal says on what the zones held, and wants to come to what they hold.
func (k *killing) wantReported(before held, entries []journal.Entry) {
	k.t.Helper()
	reported := map[string]int{}
	for _, h := range before {
		reported[plain(h)]++
	}
	for i := range entries {
		e := &entries[i]
		if e.State != journal.Done || e.Already {
			continue
		}
		if e.Change == nil {
			i, err := k.world().Instance(k.cloud, e.Instance.ID)
			if err == nil && i.State == providers.StateRunning {
				k.t.Errorf("the journal says that %s is terminated, and it runs", e.Instance.Name)
			}
			continue
		}
		for _, h := range k.gone(e) {
			if reported[h]--; reported[h] < 0 {
				k.t.Errorf("entry %s takes away what is not there: %s", e.ID, h)
			}
		}
		for _, h := range k.come(e) {
			if reported[h]++; reported[h] > 1 {
				k.t.Errorf("entry %s makes what is there: %s", e.ID, h)
			}
		}
	}
	for _, h := range k.held() {
		reported[plain(h)]--
	}
	for h, n := range reported {
		if n != 0 {
			k.t.Errorf("by the journal there are %d more of %s", n, h)
		}
	}
}

// plain leaves the TTL of a marker out, which does not matter.
func plain(h string) string {
	if f := strings.SplitN(h, " TXT ", 2); len(f) == 2 && strings.Contains(f[0], providers.MarkerLabel) {
		return f[0] + " TXT " + f[1][:strings.LastIndex(f[1], `"`)+1]
	}
	return h
}

// gone and come are what an entry takes away and makes, as held has it.
func (k *killing) gone(e *journal.Entry) []string {
	c := e.Change
	switch c.Op {
	case providers.OpCreate:
		if c.Before.IsMarker() {
			return k.rows(&c.Before)
		}
		return nil
	default:
		return k.rows(&c.Before)
	}
}

func (k *killing) come(e *journal.Entry) []string {
	c := e.Change
	if c.Op != providers.OpDelete {
		r := c.After
		if e.Result != nil {
			r.TTL = e.Result.TTL
		}
		return k.rows(&r)
	}
	stays := c.After
	if len(stays.Owners) == 0 {
		return nil
	}
	return k.rows(&stays)[1:] // the markers alone
}

// rows are a record and its markers.
func (k *killing) rows(r *providers.Record) []string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s %s %d %s", r.Name, r.Type, r.Value, r.TTL, r.Comment))
	if r.IsMarker() {
		return []string{plain(text)}
	}
	out := []string{text}
	if r.Zone == cfZone {
		return out
	}
	for _, o := range r.Owners {
		m, err := o.For(r.Type, r.Value).Encode()
		if err != nil {
			k.t.Fatal(err)
		}
		out = append(out, plain(fmt.Sprintf("%s TXT %s 0", providers.MarkerName(o.Instance, r.Name), providers.FormatTXT([]string{m}))))
	}
	return out
}
