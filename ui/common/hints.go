package common

import (
	"charm.land/bubbles/v2/key"

	"rollcall/dnsview"
	"rollcall/ui/theme"
)

// RemedyHints returns the keys that help with a finding.
func (sh *Context) RemedyHints(f *dnsview.Finding) []key.Binding {
	var out []key.Binding
	switch {
	case f.OneKey && f.Remedy == dnsview.RemedyDelete:
		out = append(out, KeyHint(sh.KeyMap.Label(ActDeregister), "deregister"))
	case f.OneKey && f.Remedy == dnsview.RemedyQuiesce:
		out = append(out, KeyHint(sh.KeyMap.Label(ActDeregister), "take out of DNS"))
	case f.Remedy != dnsview.NoRemedy:
		out = append(out, KeyHint(sh.KeyMap.Label(ActRemedy), string(f.Remedy)))
	}
	return append(out, KeyHint(sh.KeyMap.Label(ActWhy), "why"))
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
