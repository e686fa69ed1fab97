package form

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
)

func (d *launchForm) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	fields, at := d.focused(sh)
	f := fields[at]
	switch key := k.String(); key {
	case "esc":
		if d.preview || d.readyToStart {
			d.preview, d.readyToStart = false, false
			return nil
		}
		d.stop()
		return common.Close{}
	case "ctrl+p", "f2":
		d.preview = !d.preview
		return nil
	case "pgdown":
		d.script.ScrollDown(common.Page)
		return nil
	case "pgup":
		d.script.ScrollUp(common.Page)
		return nil
	case foldKey:
		d.toggleFold()
		return nil
	case lastKey:
		return common.Cmd{Cmd: d.takeLast(sh)}
	case "ctrl+n", "f3":
		d.nextScript()
		return nil
	case "up", "shift+tab":
		if d.at == 0 {
			d.move(len(fields), fields) // the button is last
			return nil
		}
		d.move(-1, fields)
		return nil
	case "ctrl+s":
		d.move(len(fields), fields)
		return nil
	case "down", "tab":
		d.move(1, fields)
		return nil
	case "enter":
		if f.button {
			if id := d.wrongField(sh); id != "" {
				d.goTo(sh, id)
				return nil
			}
			return d.start(sh)
		}
		d.move(1, fields)
		return nil
	}
	if f.button && d.readyToStart && k.String() == "y" && !sh.InWord() && d.riskToAccept() != "" && d.missing() == "" {
		return common.Cmd{Cmd: d.launches.launch(d)}
	}
	if f.key == nil {
		return nil
	}
	_, changed := f.key(k)
	if !changed {
		return nil
	}
	d.readyToStart = false
	if f.changed != nil {
		return common.Cmd{Cmd: f.changed()}
	}
	return common.Cmd{Cmd: d.render(sh)}
}

func (d *launchForm) Paste(sh *common.Context, s string) common.DialogAction {
	fields, at := d.focused(sh)
	if fields[at].paste == nil {
		return nil
	}
	fields[at].paste(s)
	return common.Cmd{Cmd: d.render(sh)}
}

func (d *launchForm) move(by int, fields []field) {
	d.at = max(min(d.at+by, len(fields)-1), 0)
	d.focus = fields[d.at].id
	d.readyToStart = false
}

// goTo moves to a field and opens the folded ones if it is one of them.
func (d *launchForm) goTo(sh *common.Context, id string) {
	if !slices.ContainsFunc(d.fields(sh), func(f field) bool { return f.id == id }) {
		d.open = true
	}
	d.focus, d.readyToStart = id, false
}

// start launches on the second enter. The first one shows what it will do.
func (d *launchForm) start(sh *common.Context) common.DialogAction {
	if d.missing() != "" {
		return nil
	}
	if !d.readyToStart || d.riskToAccept() != "" { // a key that revealed the question must not answer it
		d.readyToStart = true
		return nil
	}
	if sh.InWord() {
		return nil
	}
	return common.Cmd{Cmd: d.launches.launch(d)}
}

// nextScript shows the boot script of the next cloud.
func (d *launchForm) nextScript() {
	var names []string
	for _, c := range d.clouds {
		if _, ok := d.rendered[c.name]; ok {
			names = append(names, c.name)
		}
	}
	for i, n := range names {
		if n == d.shownCloud() {
			d.shown = names[(i+1)%len(names)]
			d.script.GotoTop()
			return
		}
	}
}

// shownCloud returns the cloud whose script is shown: the chosen one, else the first that has one.
func (d *launchForm) shownCloud() string {
	if _, ok := d.rendered[d.shown]; ok {
		return d.shown
	}
	for _, c := range d.clouds {
		if _, ok := d.rendered[c.name]; ok {
			return c.name
		}
	}
	return ""
}
