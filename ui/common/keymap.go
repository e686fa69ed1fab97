package common

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
)

// Action is an action of a key on a screen. Its text is its name in the config.
type Action string

// The actions. Dialogs and text fields have keys of their own, which cannot be bound.
const (
	ActUp         Action = "up"
	ActDown       Action = "down"
	ActLeft       Action = "left"
	ActRight      Action = "right"
	ActTop        Action = "top"
	ActBottom     Action = "bottom"
	ActPageUp     Action = "page-up"
	ActPageDown   Action = "page-down"
	ActNextPane   Action = "next-pane"
	ActFilter     Action = "filter"
	ActPalette    Action = "palette"
	ActDetail     Action = "detail"
	ActMark       Action = "mark"
	ActMarkRange  Action = "mark-range"
	ActMarkAll    Action = "mark-all"
	ActInvert     Action = "invert-marks"
	ActSort       Action = "sort"
	ActReverse    Action = "reverse"
	ActHelp       Action = "help"
	ActBack       Action = "back"
	ActQuit       Action = "quit"
	ActLaunch     Action = "launch"
	ActTerminate  Action = "terminate"
	ActDeregister Action = "deregister"
	ActUndo       Action = "undo"
	ActUndoRun    Action = "undo-run"
	ActRedo       Action = "redo"
	ActWhy        Action = "why"
	ActRefresh    Action = "refresh"
	ActPause      Action = "pause"
	ActCopy       Action = "copy"
	ActCopyAs     Action = "copy-as"
	ActOpenPage   Action = "open-page"
	ActSSH        Action = "ssh"
	ActFindings   Action = "findings"
	ActJournal    Action = "journal"
	ActSources    Action = "sources"
	ActReadOnly   Action = "read-only"
	ActZoom       Action = "zoom"
	ActRemedy     Action = "remedy"
	ActServices   Action = "services"
	ActMessages   Action = "messages"
	ActCalls      Action = "calls"
	ActOverview   Action = "overview"
	ActTimeline   Action = "timeline"
	ActSnooze     Action = "snooze"
	ActNote       Action = "note"
	ActQuiesce    Action = "quiesce"
	ActReturn     Action = "return"
	ActBalance    Action = "balance"
	ActColumns    Action = "columns"
	ActWide       Action = "wide"
)

// Changes reports whether the action changes a cloud or DNS, which read-only refuses.
func (a Action) Changes() bool {
	switch a {
	case ActLaunch, ActTerminate, ActDeregister, ActUndo, ActUndoRun, ActRedo, ActRemedy, ActQuiesce, ActReturn, ActBalance, ActReplace:
		return true
	}
	return false
}

// Actions of the palette only, which no key can be bound to.
const (
	ActFleet         Action = "fleet"
	ActInstances     Action = "instances"
	ActRecords       Action = "records"
	ActTerminateNow  Action = "terminate now"
	ActReplace       Action = "replace"
	ActDeregisterAll Action = "deregister all dead"
	ActRegister      Action = "register"
	ActCreate        Action = "create incarnation"
	ActRetire        Action = "retire incarnation"
	ActAdopt         Action = "adopt"
	ActRetarget      Action = "retarget"
	ActRetargetTo    Action = "retarget to"
	ActMove          Action = "move"
	ActStart         Action = "start"
	ActStop          Action = "stop"
	ActReboot        Action = "reboot"
	ActChanges       Action = "changes"
	ActConsoleLog    Action = "console log"
	ActClearMarks    Action = "clear marks"
	ActForget        Action = "forget cloud"
	ActSnoozed       Action = "snoozed"
	ActTeam          Action = "team"
	ActGroupCloud    Action = "group cloud"
	ActGroupService  Action = "group service"
	ActGroupState    Action = "group state"
	ActGroupZone     Action = "group zone"
	ActGroupName     Action = "group name"
	ActGroupFinding  Action = "group finding"
)

// KeyMap holds the keys and the description of each action. Keys are spelled as terminals report them: "x", "X",
// "space", "enter", "ctrl+r", "alt+x", "f5", "pgup".
type KeyMap map[Action]key.Binding

// KeyGroup is a group of related actions in the help.
type KeyGroup struct {
	Title   string
	Actions []BoundAction
}

// BoundAction is an action with its description and its default keys.
type BoundAction struct {
	Action Action
	does   string
	keys   []string
}

// KeyGroups returns all actions that keys can be bound to, in the order of the help. The default keys follow k9s,
// lazygit and vim.
func KeyGroups() []KeyGroup {
	return []KeyGroup{
		{"Move", []BoundAction{
			{ActUp, "up", []string{"up", "k"}},
			{ActDown, "down", []string{"down", "j"}},
			{ActTop, "first row", []string{"g", "home"}},
			{ActBottom, "last row", []string{"G", "end"}},
			{ActPageUp, "a screen up", []string{"pgup", "ctrl+b", "ctrl+u"}},
			{ActPageDown, "a screen down", []string{"pgdown", "ctrl+f", "ctrl+d"}},
			{ActNextPane, "other pane, to the counterpart", []string{"tab"}},
			{ActLeft, "left pane", []string{"left", "h"}},
			{ActRight, "right pane", []string{"right", "l"}},
			{ActZoom, "one pane, both panes", []string{"z"}},
		}},
		{"Look", []BoundAction{
			{ActFilter, "filter the pane", []string{"/"}},
			{ActPalette, "commands", []string{":"}},
			{ActDetail, "detail", []string{"enter"}},
			{ActWhy, "why: evidence and guards", []string{"w"}},
			{ActTimeline, "timeline of the row", []string{"T"}},
			{ActSnooze, "snooze: no alarm for a time", []string{"Z"}},
			{ActNote, "note about the row", []string{"m"}},
			{ActSort, "next order", []string{"s"}},
			{ActReverse, "reverse the order", []string{"S"}},
			{ActColumns, "columns: which, in which order", []string{"c"}},
			{ActWide, "one pane with all columns", []string{"W"}},
			{ActOverview, "overview", []string{"0"}},
			{ActFindings, "findings", []string{"f"}},
			{ActJournal, "journal", []string{"J"}},
			{ActSources, "sources", []string{"v"}},
			{ActServices, "services", []string{"V"}},
			{ActCalls, "calls to APIs", []string{"C"}},
			{ActMessages, "messages so far", []string{"M"}},
			{ActCopy, "copy", []string{"y"}},
			{ActCopyAs, "copy as: id, address, dig, JSON", []string{"Y"}},
			{ActOpenPage, "the provider's page of the row", []string{"O"}},
			{ActBack, "back: marks, filter, view", []string{"esc"}},
		}},
		{"Act", []BoundAction{
			{ActMark, "mark", []string{"space"}},
			{ActMarkRange, "mark from the last mark to here", []string{"ctrl+space"}},
			{ActMarkAll, "mark all that pass the filter", []string{"A"}},
			{ActInvert, "invert the marks", []string{"*"}},
			{ActDeregister, "deregister a dead record", []string{"d"}},
			{ActRemedy, "the remedy of the finding", []string{"a"}},
			{ActTerminate, "drain and terminate", []string{"x"}},
			{ActQuiesce, "quiesce: out of DNS, runs on", []string{"Q"}},
			{ActReturn, "return a quiesced node", []string{"b"}},
			{ActBalance, "priority and weight", []string{"e"}},
			{ActLaunch, "launch nodes", []string{"L"}},
			{ActUndo, "undo: one change back each time", []string{"u"}},
			{ActUndoRun, "journal: undo the whole run", []string{"U"}},
			{ActRedo, "redo: shows the plan first", []string{"ctrl+r"}},
			{ActSSH, "ssh", []string{"o"}},
			{ActRefresh, "refresh now", []string{"r"}},
			{ActPause, "pause the refresh", []string{"p"}},
			{ActReadOnly, "read-only on and off", []string{"R"}},
			{ActHelp, "this help", []string{"?"}},
			{ActQuit, "quit", []string{"q"}},
		}},
	}
}

// DefaultKeys returns the default keys of the console.
func DefaultKeys() KeyMap {
	k := KeyMap{}
	for _, g := range KeyGroups() {
		for _, d := range g.Actions {
			k[d.Action] = key.NewBinding(key.WithHelp(d.keys[0], d.does))
			k.bind(d.Action, d.keys...)
		}
	}
	return k
}

// bind replaces the keys of an action.
func (k KeyMap) bind(a Action, keys ...string) {
	b := k[a]
	b.SetKeys(keys...)
	k[a] = b
}

// Conflict is a key with several actions.
type Conflict struct {
	Key     string
	Actions []Action // sorted
}

// String returns the key and its actions in words.
func (c Conflict) String() string {
	names := make([]string, len(c.Actions))
	for i, a := range c.Actions {
		names[i] = string(a)
	}
	return fmt.Sprintf("key %q is bound to %s", c.Key, strings.Join(names, " and "))
}

// Conflicts returns the keys that are bound to more than one action, sorted by key.
func (k KeyMap) Conflicts() []Conflict {
	by := map[string][]Action{}
	for a, b := range k {
		for _, key := range b.Keys() {
			n := NormalKey(key)
			if !slices.Contains(by[n], a) {
				by[n] = append(by[n], a)
			}
		}
	}
	var out []Conflict
	for key, actions := range by {
		if len(actions) > 1 {
			slices.Sort(actions)
			out = append(out, Conflict{Key: key, Actions: actions})
		}
	}
	slices.SortFunc(out, func(a, b Conflict) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// MergeKeys returns the default keys with a config's bindings applied: an action in bindings has only the keys named
// there. It returns an error for each unknown action, each key that no terminal sends, each action without a key that
// is needed to leave, and each conflict.
func MergeKeys(bindings map[string][]string) (KeyMap, []error) {
	k := DefaultKeys()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(bindings)) {
		a := Action(name)
		if _, ok := k[a]; !ok {
			errs = append(errs, fmt.Errorf("keys: there is no action %q; the actions are %s", name, strings.Join(actionNames(), ", ")))
			continue
		}
		keys := make([]string, 0, len(bindings[name]))
		for _, key := range bindings[name] {
			n := NormalKey(key)
			switch {
			case n == "ctrl+c":
				errs = append(errs, fmt.Errorf("keys: %s: ctrl+c always quits and cannot be bound", name))
			case !validKey(n):
				errs = append(errs, fmt.Errorf("keys: %s: no terminal sends the key %q", name, key))
			default:
				keys = append(keys, n)
			}
		}
		k.bind(a, keys...)
	}
	for _, c := range k.Conflicts() {
		errs = append(errs, fmt.Errorf("keys: %s", c))
	}
	return k, errs
}

// Actions maps each key to its action. If a key has several, it returns the alphabetically first; MergeKeys refuses
// such maps.
func (k KeyMap) Actions() map[string]Action {
	by := map[string]Action{}
	for a, b := range k {
		for _, key := range b.Keys() {
			n := NormalKey(key)
			if old, ok := by[n]; !ok || a < old {
				by[n] = a
			}
		}
	}
	return by
}

// Label returns the first key of an action, or "".
func (k KeyMap) Label(a Action) string {
	if keys := k[a].Keys(); len(keys) > 0 {
		return NormalKey(keys[0])
	}
	return ""
}

func actionNames() []string {
	var names []string
	for _, a := range slices.Sorted(maps.Keys(DefaultKeys())) {
		names = append(names, string(a))
	}
	return names
}

// NormalKey returns the canonical spelling of a key.
func NormalKey(key string) string {
	if key == " " {
		return "space"
	}
	parts := strings.Split(key, "+")
	if key == "+" || strings.HasSuffix(key, "++") {
		parts = append(strings.Split(strings.TrimSuffix(strings.TrimSuffix(key, "+"), "+"), "+"), "+")
		if key == "+" {
			return key
		}
	}
	last := parts[len(parts)-1]
	if utf8.RuneCountInString(last) > 1 {
		last = strings.ToLower(last)
	}
	switch last {
	case "escape":
		last = "esc"
	case "return":
		last = "enter"
	case "pgdn", "pagedown":
		last = "pgdown"
	case "pageup":
		last = "pgup"
	case "del":
		last = "delete"
	}
	mods := make([]string, 0, 3)
	for _, want := range []string{"ctrl", "alt", "shift"} {
		for _, m := range parts[:len(parts)-1] {
			if strings.EqualFold(m, want) {
				mods = append(mods, want)
				break
			}
		}
	}
	if len(mods) > 0 && mods[0] == "ctrl" {
		last = strings.ToLower(last) // terminals send the same for ctrl+R and ctrl+r
	}
	return strings.Join(append(mods, last), "+")
}

func validKey(key string) bool {
	last := key
	for _, m := range []string{"ctrl+", "alt+", "shift+"} {
		last = strings.TrimPrefix(last, m)
	}
	if utf8.RuneCountInString(last) == 1 {
		return Clean(last) == last
	}
	switch last {
	case "up", "down", "left", "right", "home", "end", "pgup", "pgdown", "tab", "enter", "esc", "space", "backspace", "delete", "insert":
		return true
	}
	n, err := strconv.Atoi(strings.TrimPrefix(last, "f"))
	return err == nil && n >= 1 && n <= 12 && last == fmt.Sprintf("f%d", n)
}
