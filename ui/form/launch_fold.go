package form

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/charmbracelet/x/ansi"

	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// foldID is the identity of the field that stands for the folded ones.
const foldID = " everything else"

// foldKey opens and closes the folded fields.
const foldKey = "ctrl+o"

// fields returns the current fields.
func (d *launchForm) fields(sh *common.Context) []field {
	return d.identify(d.fold(sh.Theme, d.allFields(sh)))
}

// fold returns fields without those that most launches leave as they are. One field stands for them, with their values;
// while they are open they follow it.
func (d *launchForm) fold(t *theme.Theme, in []field) []field {
	var main, rest []field
	for _, f := range in {
		if f.rest {
			rest = append(rest, f)
		} else {
			main = append(main, f)
		}
	}
	head := field{
		id: foldID, label: strings.TrimSpace(foldID), help: "right opens these settings, left closes them; " + foldKey + " does so from every field",
		view: func(n int, focused bool) string { return common.Fit(d.foldView(t, len(rest), focused), n, t.Ellipsis) },
		key: func(k tea.KeyPressMsg) (bool, bool) {
			switch k.String() {
			case "right", "space":
				d.open = true
			case "left":
				d.open = false
			}
			return true, false
		},
	}
	if d.open {
		main = slices.Concat(main, []field{head}, rest)
	} else {
		main = append(main, head)
	}
	return append(main, field{label: "launch", button: true})
}

// foldView draws the number of the folded fields.
func (d *launchForm) foldView(t *theme.Theme, n int, focused bool) string {
	role, glyph := theme.Dim, t.Right
	if focused {
		role = theme.Strong
	}
	if d.open {
		glyph = t.Down
	}
	return t.Paint(theme.Accent, glyph+" ") + t.Paint(role, providers.CountOf(n, "setting"))
}

// folded returns the values of the folded fields in at most h lines of w cells.
func (d *launchForm) folded(t *theme.Theme, fields []field, w, h int) []string {
	parts := make([]string, 0, len(fields))
	for i := range fields {
		if fields[i].rest && !fields[i].indent {
			parts = append(parts, common.Clean(fields[i].label)+" "+fields[i].value())
		}
	}
	lines := common.Wrap(strings.Join(parts, " "+t.Dot+" "), max(w, 4))
	if h = max(h, 1); len(lines) > h {
		lines = lines[:h]
		lines[h-1] = common.Fit(lines[h-1]+t.Ellipsis, min(w, ansi.StringWidth(lines[h-1])+1), t.Ellipsis)
	}
	return lines
}

// toggleFold opens or closes the folded fields. The cursor does not stay on one that is no longer there.
func (d *launchForm) toggleFold() {
	d.open = !d.open
	if !d.open {
		d.focus = foldID
	}
}

// openWrong opens the folded fields if the template rejects a value. They stay open: the operator corrects one of them.
func (d *launchForm) openWrong() {
	if d.problem != "" {
		d.open = true
	}
}
