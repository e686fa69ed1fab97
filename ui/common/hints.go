package common

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// RemedyHints returns the keys that help with a finding.
func (sh *Context) RemedyHints(f *dnsview.Finding) []key.Binding {
	var out []key.Binding
	several := sh.RemovedTogether(f.Record)
	switch {
	case sh.ReadOnly:
	case f.OneKey && several != "":
		out = append(out, KeyHint(sh.KeyMap.Label(ActDeregister), "removes "+several))
	case f.OneKey && f.Remedy == dnsview.RemedyDelete:
		out = append(out, KeyHint(sh.KeyMap.Label(ActDeregister), "deregister"))
	case f.OneKey && f.Remedy == dnsview.RemedyQuiesce:
		out = append(out, KeyHint(sh.KeyMap.Label(ActDeregister), "take out of DNS"))
	case f.Remedy != dnsview.NoRemedy:
		out = append(out, KeyHint(sh.KeyMap.Label(ActRemedy), string(f.Remedy)))
	}
	return append(out, KeyHint(sh.KeyMap.Label(ActWhy), "why"))
}

// HeadingHints returns the keys that help with a finding where no record is under the cursor.
func (sh *Context) HeadingHints(f *dnsview.Finding) []key.Binding {
	var out []key.Binding
	if f.Remedy != dnsview.NoRemedy && !sh.ReadOnly {
		out = append(out, KeyHint(sh.KeyMap.Label(ActRemedy), string(f.Remedy)))
	}
	return append(out, KeyHint(sh.KeyMap.Label(ActWhy), "why"))
}

// RemovedTogether returns in words which records one key removes with an address record, itself included: "2 records of
// www-91: A, SRV". If it goes alone, or r is nil, it returns "".
func (sh *Context) RemovedTogether(r *providers.Record) string {
	if sh.Picture == nil || r == nil || len(sh.Picture.Together[r.Identity()]) == 0 {
		return ""
	}
	types := []string{r.Type}
	for _, s := range sh.Picture.Together[r.Identity()] {
		if !slices.Contains(types, s.Type) {
			types = append(types, s.Type)
		}
	}
	host, _, _ := strings.Cut(index.Readable(r.Name), ".")
	return Clean(fmt.Sprintf("%d records of %s: %s", 1+len(sh.Picture.Together[r.Identity()]), host, strings.Join(types, ", ")))
}

// KeyHint returns a dialog key with its description.
func KeyHint(k, does string) key.Binding {
	return key.NewBinding(key.WithKeys(k), key.WithHelp(k, does))
}

// KeyHints returns keys from pairs of a key and its description.
func KeyHints(pairs ...string) []key.Binding {
	var out []key.Binding
	for ; len(pairs) > 1; pairs = pairs[2:] {
		out = append(out, KeyHint(pairs[0], pairs[1]))
	}
	return out
}

// HintLine draws keys with their descriptions.
func HintLine(t *theme.Theme, hints []key.Binding) *Line {
	l := NewLine(t)
	for i, h := range hints {
		if i > 0 {
			l.Add(theme.Faint, "  "+t.Dot+"  ")
		}
		l.Add(theme.Key, h.Help().Key).Add(theme.Dim, " "+h.Help().Desc)
	}
	return l
}
