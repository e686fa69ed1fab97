package form

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/ui/common"
	"rollcall/ui/theme"
	"rollcall/userdata"
)

// drawScript draws the boot script of one cloud with its size, in exactly h lines.
func (d *launchForm) drawScript(t *theme.Theme, w, h int) []string {
	out := make([]string, 0, h)
	cloud := d.shownCloud()
	r, ok := d.rendered[cloud]
	switch {
	case d.problem != "":
		out = append(out, t.Paint(theme.Strong, "Boot script"))
		for _, l := range common.CleanLines(d.problem) {
			for _, x := range common.Wrap(l, max(w-2, 4)) {
				out = append(out, t.Paint(theme.Bad, x))
			}
		}
	case !ok:
		out = append(out, t.Paint(theme.Strong, "Boot script"), t.Paint(theme.Dim, "rendering"+t.Ellipsis))
	default:
		out = append(out, d.scriptHead(t, cloud, r))
		// Findings come first and scroll with the text.
		said := append(d.drawFindings(t, cloud, w), "")
		text := common.CleanLines(r.Shown())
		d.script.SetHeight(max(h-len(out), 1))
		d.script.SetContentLines(slices.Concat(said, text))
		top := d.script.YOffset()
		for n := top; n < min(top+d.script.Height(), len(said)+len(text)); n++ {
			if n < len(said) {
				out = append(out, said[n])
				continue
			}
			l, role := text[n-len(said)], theme.Plain
			if strings.HasPrefix(strings.TrimSpace(l), "#") {
				role = theme.Dim
			}
			out = append(out, t.Paint(role, common.Fit(l, w, t.Ellipsis)))
		}
	}
	for len(out) < h {
		out = append(out, "")
	}
	for i := range out {
		out[i] = common.Fit(out[i], w, t.Ellipsis)
	}
	return out[:h]
}

// scriptHead returns the size of a script against the limit.
func (d *launchForm) scriptHead(t *theme.Theme, cloud string, r userdata.Rendered) string {
	l := common.NewLine(t).Add(theme.Strong, "Boot script").Add(theme.Dim, " for "+common.Clean(cloud)+"  ")
	size := fmt.Sprintf("%d of %d bytes", len(r.Text), r.Limit)
	role := theme.Good
	switch {
	case r.Left < 0:
		role = theme.Bad
		size = t.Bad + " " + size
	case r.Limit > 0 && r.Left < r.Limit/10:
		role = theme.Warn
		size = t.Warn + " " + size
	default:
		size = t.OK + " " + size
	}
	return l.Add(role, size).B.String()
}
