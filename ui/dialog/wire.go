package dialog

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// wireLines adds the answers of the API and of every server to a record's name.
func wireLines(sh *common.Context, f *Facts, r *rows.Record) {
	w := r.Wire
	if w == nil {
		return
	}
	t, now := sh.Theme, sh.Now()
	glyph, role, word := common.WireGlyph(t, w.State)
	f.Head("On the wire  " + t.Paint(role, glyph+" "+word))
	f.Out = append(f.Out, common.Wrap(common.Clean(w.Reason), max(f.W, 10))...)
	if w.State != index.WireWaiting && w.State != index.WireUnchecked {
		f.Add("asked", rows.Age(now.Sub(w.At))+" ago, like this for "+rows.Age(now.Sub(w.Since)))
	}
	if left := w.Until.Sub(now); !w.Until.IsZero() && left > 0 {
		f.Add("forgotten", "in "+rows.Age(left)+", by the last resolver")
	}
	f.server(t.Dot, theme.Faint, "API", valueList(ownFirst(w.Type, w.Want, r.Rec.Value)), strconv.FormatUint(uint64(r.Rec.TTL), 10)+" s")
	for i := range w.Answers {
		a := &w.Answers[i]
		glyph, role := t.OK, theme.Good
		switch {
		case a.Failure != "":
			glyph, role = t.Bad, theme.Bad
		case !a.Agrees && a.Resolver:
			glyph, role = t.Hollow, theme.Notice
		case !a.Agrees:
			glyph, role = t.Warn, theme.Warn
		}
		who, ttl := a.Server, ""
		if a.Failure == "" {
			ttl = strconv.FormatUint(uint64(a.TTL), 10) + " s"
		}
		if a.Resolver {
			who = "resolver " + a.Server
			if a.Failure == "" {
				ttl = rows.Age(a.Left(now)) + " left"
			}
		}
		f.server(glyph, role, who, answerText(w, a, r.Rec.Value), ttl)
	}
}

// answerText returns a server's answer by its difference from the API, with emphasis on one value.
func answerText(w *index.WireState, a *index.WireAnswer, value string) string {
	switch {
	case a.Failure != "":
		return "no answer: " + a.Failure
	case len(a.Values) == 0:
		return "nothing"
	case w.Resolves:
		return valueList(ownFirst(w.Type, a.Values, value))
	}
	missing, extra := differ(w.Type, w.Want, a.Values), differ(w.Type, a.Values, w.Want)
	if len(missing)+len(extra) == 0 || len(missing) == len(w.Want) {
		return valueList(ownFirst(w.Type, a.Values, value))
	}
	text := "all " + strconv.Itoa(len(w.Want))
	if len(missing) > 0 {
		text = strconv.Itoa(len(w.Want)-len(missing)) + " of " + strconv.Itoa(len(w.Want)) + ", without " + valueList(ownFirst(w.Type, missing, value))
	}
	if len(extra) > 0 {
		text += ", and " + valueList(extra) + " too"
	}
	return text
}

// differ returns the values of a that are not in b, independent of their spelling.
func differ(typ string, a, b []string) []string {
	have := make(map[string]bool, len(b))
	for _, v := range b {
		have[providers.FoldValue(typ, v)] = true
	}
	var out []string
	for _, v := range a {
		if !have[providers.FoldValue(typ, v)] {
			out = append(out, v)
		}
	}
	return out
}

// ownFirst returns values with the row's own first, so that it is never among those that are only counted.
func ownFirst(typ string, values []string, own string) []string {
	own = providers.FoldValue(typ, own)
	i := slices.IndexFunc(values, func(v string) bool { return providers.FoldValue(typ, v) == own })
	if i <= 0 {
		return values
	}
	return slices.Concat(values[i:i+1], values[:i], values[i+1:])
}

// valueList returns a few values and the number of the others.
func valueList(values []string) string {
	const few = 3
	switch n := len(values); {
	case n == 0:
		return "nothing"
	case n > few:
		return strings.Join(values[:few-1], ", ") + " and " + strconv.Itoa(n-few+1) + " more"
	}
	return strings.Join(values, ", ")
}
