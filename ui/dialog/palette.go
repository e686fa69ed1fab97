package dialog

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"rollcall/dnsview/filter"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// Entry is one command of the palette.
type Entry struct {
	Action     common.Action
	Name, Does string   // name is empty if it is the action's
	Aliases    []string // other names that run it
	// ByPrefix lets the beginning of the name run the command, because it changes nothing. All others run by a whole
	// name, or when they are chosen from the list.
	ByPrefix bool
	// Filters is set for a screen, whose name may be followed by a filter: records finding:dead.
	Filters bool
	// Request is what the command changes, in the place of an action; What is its subject in one clean line.
	Request *common.ChangeRequest
	What    string
}

// named reports whether a text is a whole name of the command.
func (e *Entry) named(text string) bool { return e.Name == text || slices.Contains(e.Aliases, text) }

// paletteDialog finds commands by name.
type paletteDialog struct {
	input   common.Input
	all     []Entry
	found   []Entry
	at      int
	chosen  bool // the operator has moved to the command in the list
	top     int
	refused string // why the last enter ran nothing
	earlier common.Recall
}

func (d *paletteDialog) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	d.refused = ""
	switch k.String() {
	case "esc":
		return common.Close{}
	case "enter":
		return d.run()
	case "up":
		if line, ok := d.older(); ok {
			d.recall(line)
		} else {
			d.move(-1)
		}
	case "down":
		if line, ok := d.earlier.Newer(); ok {
			d.recall(line)
		} else {
			d.move(1)
		}
	case "ctrl+p":
		d.move(-1)
	case "ctrl+n":
		d.move(1)
	case "tab":
		d.complete()
	default:
		if d.input.Key(k) {
			d.search()
		}
	}
	return nil
}

// run runs the command under the bar, unless it changes something and only the beginning of its name was typed.
func (d *paletteDialog) run() common.DialogAction {
	if d.at >= len(d.found) {
		return nil
	}
	e := d.found[d.at]
	if !e.ByPrefix && !d.chosen && !e.named(d.query()) {
		d.refused = e.Name + " changes something: its whole name runs it"
		return nil
	}
	if e.Request != nil {
		return common.Request{Request: *e.Request, What: e.What, Typed: e.Name}
	}
	by, err := filter.Parse(d.filterOf(&e))
	if err != nil {
		d.refused = common.Clean(err.Error())
		return nil
	}
	typed := strings.TrimSpace(e.Name + " " + by.String())
	if e.Action == common.ActQuit {
		typed = ""
	}
	return common.Do{A: e.Action, Filter: by.String(), Typed: typed}
}

// filterOf returns the filter that was typed behind the name of a screen, or "".
func (d *paletteDialog) filterOf(e *Entry) string {
	text := strings.TrimSpace(d.input.Value())
	if n := len(e.Name) + 1; e.Filters && len(text) > n && strings.EqualFold(text[:n], e.Name+" ") {
		return strings.TrimSpace(text[n:])
	}
	return ""
}

// older returns the earlier command that up recalls. At another place of the list up moves through it.
func (d *paletteDialog) older() (line string, ok bool) {
	if d.at > 0 || d.chosen {
		return "", false
	}
	return d.earlier.Older(d.input.Value())
}

// recall shows an earlier command. As what is typed, it runs by its whole name.
func (d *paletteDialog) recall(line string) {
	d.input.Set(line)
	d.search()
}

func (d *paletteDialog) move(n int) {
	d.at, d.chosen = max(min(d.at+n, len(d.found)-1), 0), true
}

// complete adds to the text what all commands that begin with it have in common, or else the rest of the name under
// the bar.
func (d *paletteDialog) complete() {
	if d.at >= len(d.found) {
		return
	}
	q, text := d.query(), ""
	for i, e := range slices.DeleteFunc(slices.Clone(d.found), func(e Entry) bool { return !strings.HasPrefix(e.Name, q) }) {
		if text = commonPrefix(text, e.Name); i == 0 {
			text = e.Name
		}
	}
	if d.chosen || len(text) <= len(q) {
		text = d.found[d.at].Name
	}
	d.input.Set(text)
	d.search()
}

func commonPrefix(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

func (d *paletteDialog) Paste(_ *common.Context, s string) common.DialogAction {
	d.input.Insert(s)
	d.search()
	return nil
}

func (d *paletteDialog) query() string { return strings.ToLower(strings.TrimSpace(d.input.Value())) }

// search lists first the command of that name, then those that start with the text, then those that contain it, then
// those that have its letters in order.
func (d *paletteDialog) search() {
	q := d.query()
	d.at, d.top, d.chosen = 0, 0, false
	if q == "" {
		d.found = d.all
		return
	}
	d.found = nil
	taken := make([]bool, len(d.all))
	take := func(ok func(e Entry) bool) {
		for i, e := range d.all {
			if !taken[i] && ok(e) {
				taken[i] = true
				d.found = append(d.found, e)
			}
		}
	}
	take(func(e Entry) bool { return e.named(q) || d.filterOf(&e) != "" })
	take(func(e Entry) bool { return strings.HasPrefix(e.Name, q) })
	take(func(e Entry) bool { return strings.Contains(e.Name, q) })
	take(func(e Entry) bool { return len(fuzzy.Find(q, []string{e.Name})) > 0 })
}

// whyNone returns why no command has the text that was typed: it begins with the name of one that takes nothing behind it,
// or of some whose names go on otherwise.
func (d *paletteDialog) whyNone() string {
	word, _, _ := strings.Cut(d.query(), " ")
	var longer []string
	for _, e := range d.all {
		switch {
		case e.Name == word:
			return word + " takes nothing behind its name: it acts on marked rows"
		case strings.HasPrefix(e.Name, word+" "):
			longer = append(longer, e.Name)
		}
	}
	if len(longer) > 0 {
		return "there is only " + strings.Join(longer, ", ")
	}
	return "no such command"
}

func (d *paletteDialog) Draw(sh *common.Context, w, h int) common.Panel {
	t := sh.Theme
	w = min(w, 72)
	rows := max(min(h-5, 14), 1)
	if d.at < d.top {
		d.top = d.at
	}
	if d.at >= d.top+rows {
		d.top = d.at - rows + 1
	}
	lines := []string{t.Paint(theme.Key, ":") + d.input.View(t, max(w-1, 1), true, "a command"), ""}
	for i := d.top; i < min(d.top+rows, len(d.found)); i++ {
		e := d.found[i]
		key := sh.KeyMap.Label(e.Action)
		g, bar := theme.Normal, "  "
		if i == d.at {
			g, bar = theme.Cursor, t.Bar+" "
		}
		does := max(w-2-22-4, 0)
		lines = append(lines, t.PaintOn(theme.Accent, g, bar)+t.PaintOn(theme.Plain, g, common.Fit(e.Name, min(22, w-2), t.Ellipsis))+
			t.PaintOn(theme.Dim, g, common.Fit(e.Does, does, t.Ellipsis))+t.PaintOn(theme.Key, g, common.Fit(key, 4, "")))
	}
	if len(d.found) == 0 {
		lines = append(lines, t.Paint(theme.Dim, "  "+common.Fit(d.whyNone(), max(w-2, 1), t.Ellipsis)))
	}
	for len(lines) < rows+2 {
		lines = append(lines, "")
	}
	if d.refused != "" {
		why := paintIndented(t, theme.Warn, t.Warn, theme.Warn, d.refused, w)
		lines = slices.Concat(lines[:1], why, lines[2:])[:max(rows+2, len(why)+1)] // over the end of the list
	}
	return common.Panel{Title: "Commands", Lines: lines, Width: w, Hints: common.KeyHints("enter", "run", "tab", "complete", "up", "earlier", "esc", "close")}
}

// NewPalette returns the palette with these commands. earlier are those that were run before.
func NewPalette(all []Entry, earlier common.History) common.Dialog {
	return &paletteDialog{all: all, found: all, earlier: common.NewRecall(earlier)}
}
