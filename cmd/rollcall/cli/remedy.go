package cli

import (
	"fmt"
	"slices"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/providers"
)

func classNames() []string {
	var out []string
	for _, c := range dnsview.Classes() {
		out = append(out, string(c))
	}
	slices.Sort(out)
	return out
}

// findingsOf returns the findings of some classes, or for each record its worst one and those with the same remedy.
func findingsOf(v *dnsview.View, args []string) ([]*dnsview.Finding, error) {
	var out []*dnsview.Finding
	if !isIdentity(args[0]) {
		for i := range v.Findings {
			if f := &v.Findings[i]; slices.Contains(args, string(f.Class)) {
				out = append(out, f)
			}
		}
		return out, nil
	}
	for _, arg := range args {
		var remedy dnsview.Remedy
		all, err := findingsAbout(v, arg)
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			switch {
			case f.Remedy == dnsview.NoRemedy:
				continue
			case remedy == dnsview.NoRemedy:
				remedy = f.Remedy
			case f.Remedy != remedy:
				continue
			}
			out = append(out, f)
		}
		switch {
		case remedy != dnsview.NoRemedy:
		case len(all) == 0:
			return nil, fmt.Errorf("nothing is wrong with %s", words.Clean(arg))
		default:
			out = append(out, all[0]) // the plan says why it has no remedy
		}
	}
	return out, nil
}

// reportUnknown prints the number of records about which nothing is known. With another account's credentials these are
// all.
func (a *commands) reportUnknown(v *dnsview.View) {
	n, first := 0, ""
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Class == dnsview.Unknown && f.Would == "" && f.Record != nil {
			if n++; n == 1 {
				first = f.Reason
			}
		}
	}
	if n > 0 {
		a.Logf("rollcall: whether %s %s dead cannot be known, such as: %s", providers.CountOf(n, "more record"), areOrIs(n), words.Clean(first))
	}
}

func areOrIs(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
