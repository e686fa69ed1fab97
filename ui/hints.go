package ui

import (
	"rollcall/dnsview"
	"rollcall/ui/theme"

	"charm.land/bubbles/v2/key"
)

// remedyHints are the keys that help with a finding.
func (sh *shared) remedyHints(f *dnsview.Finding) []key.Binding {
	var out []key.Binding
	switch {
	case f.OneKey && f.Remedy == dnsview.RemedyDelete:
		out = append(out, keyHint(sh.keymap.label(ActDeregister), "deregister"))
	case f.OneKey && f.Remedy == dnsview.RemedyQuiesce:
		out = append(out, keyHint(sh.keymap.label(ActDeregister), "take out of DNS"))
	case f.Remedy != dnsview.NoRemedy:
		out = append(out, keyHint(sh.keymap.label(ActRemedy), string(f.Remedy)))
	}
	return append(out, keyHint(sh.keymap.label(ActWhy), "why"))
}

// keyHint returns a key of a dialog with what it does.
func keyHint(k, does string) key.Binding {
	return key.NewBinding(key.WithKeys(k), key.WithHelp(k, does))
}

// keyHints returns keys, each followed by what it does.
func keyHints(pairs ...string) []key.Binding {
	var out []key.Binding
	for ; len(pairs) > 1; pairs = pairs[2:] {
		out = append(out, keyHint(pairs[0], pairs[1]))
	}
	return out
}

// hintLine draws keys and what they do.
func hintLine(t *theme.Theme, hints []key.Binding) *line {
	l := newLine(t)
	for i, h := range hints {
		if i > 0 {
			l.add(theme.Faint, "  "+t.Dot+"  ")
		}
		l.add(theme.Key, h.Help().Key).add(theme.Dim, " "+h.Help().Desc)
	}
	return l
}
