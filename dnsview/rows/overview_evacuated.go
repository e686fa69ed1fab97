package rows

import (
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// EvacuatedCloud is a cloud that is evacuated. Its texts are clean.
type EvacuatedCloud struct {
	Cloud  string
	From   []string // the names, with those below them; nil for every zone
	Since  time.Time
	Until  time.Time // when a finding reminds of it; zero for never
	By     string    // who did it and the reason, if the journal knows
	Reason string
	Left   int // values that lead to its nodes all the same
}

// evacuatedClouds returns the clouds that are evacuated, in order of their names. entries are the latest entries of the
// journal, newest first.
func evacuatedClouds(v *dnsview.View, entries []journal.Entry) (out []EvacuatedCloud) {
	var keys []providers.CloudKey
	for _, e := range v.Index.Evacuations {
		if !slices.Contains(keys, e.Cloud) {
			keys = append(keys, e.Cloud)
		}
	}
	for _, key := range keys {
		c := EvacuatedCloud{Cloud: v.Index.CloudLabel(key)}
		all := v.Index.EvacuationsOf(key)
		for _, e := range all {
			if c.Since.IsZero() || e.Since.Before(c.Since) {
				c.Since = e.Since
			}
			if !e.Until.IsZero() && (c.Until.IsZero() || e.Until.Before(c.Until)) {
				c.Until = e.Until
			}
			c.From = append(c.From, providers.Clean(e.Name))
		}
		writable := slices.DeleteFunc(slices.Clone(v.Index.Zones), func(z *index.ZoneState) bool { return v.Index.OnlyListed(z.Name) })
		if !slices.ContainsFunc(writable, func(z *index.ZoneState) bool { return !slices.Contains(c.From, providers.Clean(z.Name)) }) {
			c.From = nil
		}
		for i := range v.Findings {
			if f := &v.Findings[i]; f.Class == dnsview.Evacuated && f.Instance != nil && f.Instance.Key == key {
				c.Left++
			}
		}
		c.By, c.Reason = WhoEvacuated(key, entries)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b EvacuatedCloud) int { return strings.Compare(a.Cloud, b.Cloud) })
	return out
}

// WhoEvacuated returns who evacuated a cloud last, and the reason, as entries of the journal, newest first, have them; or empty
// texts.
func WhoEvacuated(key providers.CloudKey, entries []journal.Entry) (who, reason string) {
	for i := range entries {
		e := &entries[i]
		if e.Verb != string(index.VerbEvacuate) || e.State != journal.Done || e.Instance == nil || e.Instance.Key != key {
			continue
		}
		_, reason, _ = strings.Cut(e.Title, ": ")
		return providers.Clean(e.Who), providers.Clean(reason)
	}
	return "", ""
}

// Overdue reports whether the evacuation was intended to be over by now.
func (c *EvacuatedCloud) Overdue(now time.Time) bool {
	return !c.Until.IsZero() && !now.Before(c.Until)
}

// Text returns the evacuation in one line: since when, by whom, until when, then why and from where.
func (c *EvacuatedCloud) Text(now time.Time) string {
	text := c.Cloud + " evacuated " + index.Ago(now.Sub(c.Since)) + " ago"
	if c.By != "" {
		text += " by " + c.By
	}
	switch {
	case c.Overdue(now):
		text += ", until " + index.Ago(now.Sub(c.Until)) + " ago"
	case !c.Until.IsZero():
		text += ", for " + index.Ago(c.Until.Sub(now)) + " more"
	}
	if c.Left > 0 {
		text += "; " + providers.CountOf(c.Left, "value") + " in DNS all the same"
	}
	if c.Reason != "" {
		text += "; " + c.Reason
	}
	if len(c.From) > 0 {
		text += "; only from " + strings.Join(c.From, ", ")
	}
	return text
}
