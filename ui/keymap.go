package ui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Action is something that a key does on the fleet's screen. Its text is the
// name that the config uses.
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
	ActSSH        Action = "ssh"
	ActFindings   Action = "findings"
	ActJournal    Action = "journal"
	ActSources    Action = "sources"
	ActReadOnly   Action = "read-only"
	ActZoom       Action = "zoom"
	ActRemedy     Action = "remedy"
	ActServices   Action = "services"
	ActQuiesce    Action = "quiesce"
	ActReturn     Action = "return"
	ActBalance    Action = "balance"
)

// What only the palette offers. No key can be bound to these.
const (
	actFleet         Action = "fleet"
	actInstances     Action = "instances"
	actRecords       Action = "records"
	actTerminateNow  Action = "terminate now"
	actDeregisterAll Action = "deregister all dead"
	actRegister      Action = "register"
	actCreate        Action = "create incarnation"
	actRetire        Action = "retire incarnation"
	actAdopt         Action = "adopt"
	actRetarget      Action = "retarget"
	actRetargetTo    Action = "retarget to"
	actMove          Action = "move"
	actStart         Action = "start"
	actStop          Action = "stop"
	actReboot        Action = "reboot"
	actChanges       Action = "changes"
	actConsoleLog    Action = "console log"
	actClearMarks    Action = "clear marks"
	actForget        Action = "forget cloud"
)

// KeyMap says which keys do what. Keys are spelled as a terminal reports them:
// "x", "X", "space", "enter", "ctrl+r", "alt+x", "f5", "pgup".
type KeyMap map[Action][]string

// DefaultKeys are the keys that k9s, lazygit and vim taught. "l" launches, so
// that of hjkl it alone does not move.
func DefaultKeys() KeyMap {
	return KeyMap{
		ActUp: {"up", "k"}, ActDown: {"down", "j"}, ActLeft: {"left", "h"}, ActRight: {"right"},
		ActTop: {"g", "home"}, ActBottom: {"G", "end"}, ActPageUp: {"pgup", "ctrl+b"}, ActPageDown: {"pgdown", "ctrl+f"},
		ActNextPane: {"tab"}, ActFilter: {"/"}, ActPalette: {":"}, ActDetail: {"enter"}, ActMark: {"space"},
		ActSort: {"s"}, ActReverse: {"S"}, ActHelp: {"?"}, ActBack: {"esc"}, ActQuit: {"q"},
		ActLaunch: {"l"}, ActTerminate: {"x"}, ActDeregister: {"d"}, ActUndo: {"u"}, ActUndoRun: {"U"}, ActRedo: {"ctrl+r"}, ActWhy: {"w"},
		ActRefresh: {"r"}, ActPause: {"p"}, ActCopy: {"y"}, ActSSH: {"o"}, ActFindings: {"f"}, ActJournal: {"J"},
		ActSources: {"v"}, ActReadOnly: {"R"}, ActZoom: {"z"}, ActRemedy: {"a"},
		ActServices: {"V"}, ActQuiesce: {"Q"}, ActReturn: {"b"}, ActBalance: {"e"},
	}
}

// Conflict is a key that would do several things.
type Conflict struct {
	Key     string
	Actions []Action // sorted
}

// String names the key and what it would do.
func (c Conflict) String() string {
	names := make([]string, len(c.Actions))
	for i, a := range c.Actions {
		names[i] = string(a)
	}
	return fmt.Sprintf("key %q is bound to %s", c.Key, strings.Join(names, " and "))
}

// Conflicts finds keys that are bound to more than one action, sorted by key.
func (k KeyMap) Conflicts() []Conflict {
	by := map[string][]Action{}
	for a, keys := range k {
		for _, key := range keys {
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

// MergeKeys puts bindings of a config over the default ones: an action that is named
// has the named keys only. It returns one error for each unknown action, key that no
// terminal sends, action without a key that is needed to leave, and conflict.
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
		k[a] = keys
	}
	for _, c := range k.Conflicts() {
		errs = append(errs, fmt.Errorf("keys: %s", c))
	}
	return k, errs
}

// actions turns the map round: what each key does. Of several actions on one key
// the alphabetically first counts; MergeKeys refuses such maps.
func (k KeyMap) actions() map[string]Action {
	by := map[string]Action{}
	for a, keys := range k {
		for _, key := range keys {
			n := NormalKey(key)
			if old, ok := by[n]; !ok || a < old {
				by[n] = a
			}
		}
	}
	return by
}

// label is the first key of an action, for hints; empty when it has none.
func (k KeyMap) label(a Action) string {
	if keys := k[a]; len(keys) > 0 {
		return NormalKey(keys[0])
	}
	return ""
}

func actionNames() []string {
	var names []string
	for a := range DefaultKeys() {
		names = append(names, string(a))
	}
	slices.Sort(names)
	return names
}

// NormalKey gives the one spelling of a key.
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
		last = strings.ToLower(last) // a terminal cannot tell ctrl+R from ctrl+r
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
	for n := range 12 {
		if last == fmt.Sprintf("f%d", n+1) {
			return true
		}
	}
	return false
}
