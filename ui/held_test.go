package ui_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/common"
)

// steps are keys, and what the screen shows once the rows are those that they ask for.
type steps struct {
	keys  []string // a text after "type " is typed
	shown []string // a text after "gone: " is not on the screen any more
}

func (r *rig) steps(list []steps, wait bool) {
	r.t.Helper()
	for _, s := range list {
		for _, k := range s.keys {
			if text, ok := strings.CutPrefix(k, "type "); ok {
				r.typeText(text)
			} else {
				r.press(k)
			}
		}
		if wait {
			r.untilTrue(strings.Join(s.shown, " + "), func() bool {
				return !slices.ContainsFunc(s.shown, func(text string) bool {
					gone, hidden := strings.CutPrefix(text, "gone: ")
					return strings.Contains(r.screen(), gone) == hidden
				})
			})
		}
	}
}

// reordered are the ways in which keys change which row is under the cursor.
var reordered = map[string]struct{ before, then []steps }{
	"a filter of the instances": {nil, []steps{{[]string{"/", "type www-03", "enter"}, []string{"Instances 4/30 · /www-03"}}}},
	"a filter of the records":   {[]steps{{[]string{"tab"}, nil}}, []steps{{[]string{"/", "type 165.225.1.9", "enter"}, []string{"DNS 1/27"}}}},
	"a filter that is lifted": {
		[]steps{{[]string{"tab", "/", "type type:TXT", "enter"}, []string{"DNS 2/27"}}}, []steps{{[]string{"esc"}, []string{"DNS 27 "}}},
	},
	"an order":                {nil, []steps{{[]string{"s", "S"}, []string{"CLOUD↓"}}}},
	"a command with a filter": {nil, []steps{{[]string{":", "type records finding:dead", "enter"}, []string{"DNS 2/27"}}}},
	"a filter of the findings": {
		[]steps{{[]string{"f"}, []string{"Findings 5"}}}, []steps{{[]string{"/", "type foreign", "enter"}, []string{"Findings 1/5"}}},
	},
	"a jump below a filter": {
		[]steps{{[]string{"f"}, []string{"Findings 5"}}, {[]string{"esc", "tab"}, nil}},
		[]steps{{[]string{"/", "type type:TXT", "enter"}, []string{"DNS 2/27"}}, {[]string{"f", "enter"}, []string{"hides it and is lifted", "DNS 27"}}},
	},
	"groups that are folded": {
		[]steps{{[]string{":", "type group cloud", "enter"}, []string{"by cloud 30"}}, {[]string{"j", "j"}, nil}}, []steps{{[]string{"z"}, []string{"› aws-use1"}}},
	},
	"a filter of groups": {
		[]steps{{[]string{":", "type group cloud", "enter"}, []string{"by cloud 30"}}, {[]string{"j"}, nil}}, []steps{{[]string{"/", "type name~svc-05", "enter"}, []string{"gone: www-0"}}},
	},
	"services that are unfolded": {
		[]steps{{[]string{"V"}, []string{"Services 2"}}, {[]string{"j"}, nil}}, []steps{{[]string{"z"}, []string{"use1-www-02"}}},
	},
}

func TestAKeyThatActsOnARowActsOnTheOneThatTheFilterAndOrderBeforeItShow(t *testing.T) {
	some, keys := []string{"d", "x", "a", "space", "o", "Y", "Z", "m", "w", "enter"}, []string{"f12"} // a program of the config
	for _, g := range common.KeyGroups() {
		for _, a := range g.Actions {
			switch a.Action {
			case common.ActUp, common.ActDown, common.ActTop, common.ActBottom, common.ActPageUp, common.ActPageDown,
				common.ActSort, common.ActReverse, common.ActBack: // act on no row, and never wait
			default:
				keys = append(keys, common.DefaultKeys().Label(a.Action))
			}
		}
	}
	program := func(o *ui.Options, _ *fake) {
		o.Commands = []common.UserCommand{{Name: "look", Key: "f12", Run: []string{"look", "{name}"}, Dangerous: true}}
	}
	for name, way := range reordered {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := keys
			if !strings.HasPrefix(name, "a filter of the") {
				keys = some
			}
			for _, k := range keys {
				slow, fast := newRig(t, 140, 40, program).ready(), newRig(t, 140, 40, program).ready()
				for _, r := range []*rig{slow, fast} {
					r.steps(way.before, true)
				}
				slow.steps(way.then, true)
				fast.steps(way.then, false)
				for _, r := range []*rig{slow, fast} {
					r.press(k)
				}
				same(t, k, slow, fast)
				fast.untilTrue("the same plans by "+k, func() bool { return slices.Equal(slow.asked(), fast.asked()) })
			}
		})
	}
}

// asked returns what plans were made about.
func (r *rig) asked() (out []string) {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	for i := range r.f.plans {
		out = append(out, fmt.Sprint(r.f.plans[i].Verb, r.f.plans[i].Instances, r.f.plans[i].Records))
	}
	return out
}

// same hands messages over until both screens are the same.
func same(t *testing.T, k string, a, b *rig) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for a.screen() != b.screen() || len(a.msgs)+len(b.msgs) > 0 {
		select {
		case msg := <-a.msgs:
			a.send(msg)
		case msg := <-b.msgs:
			b.send(msg)
		case <-deadline:
			t.Fatalf("%s: after it was pressed later\n%s\nand at once\n%s", k, a.screen(), b.screen())
		}
	}
}

func TestAmongAHundredThousandRowsAKeyWaitsForTheFilterAndMovingDoesNot(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.snap = fleetOf(100_000) })
	r.until("Instances 100000")
	r.press("/")
	r.typeText("www-3-24999")
	r.press("enter", "j", "j")
	r.has("www-0-00002 i-0") // in the rows of before
	r.press("x")
	if len(r.asked()) > 0 || len(r.m.Dialogs) > 0 {
		t.Fatal("it acted on a row of before")
	}
	r.until("terminate www-3-24999", "Instances 1/100000")
	if w := r.planned(); len(w.Instances) != 1 || w.Instances[0].Name != "www-3-24999" {
		t.Errorf("the plan is about %v", w.Instances)
	}
}

func TestKeysThatWaitKeepTheirOrderAndEscWithdrawsThem(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("/")
	r.typeText("www-03")
	r.press("enter", "space", "j", "space", "x")
	r.until("terminate 2 instances")
	for _, i := range r.planned().Instances {
		if !strings.Contains(i.Name, "www-03") {
			t.Errorf("%s is to be terminated", i.Name)
		}
	}
	r = newRig(t, 140, 40).ready().byName()
	r.press("/")
	r.typeText("name:east-www-03")
	r.press("enter", ":")
	r.typeText("stop")
	r.press("enter")
	if r.until("stop east-www-03"); r.planned().Instances[0].Name != "east-www-03" {
		t.Errorf("a command of the palette stops %v", r.planned().Instances)
	}
	r = newRig(t, 140, 40).ready()
	r.press("/")
	r.typeText("www-03")
	r.press("enter", "x", "esc")
	r.until("Instances 4/30")
	if len(r.asked()) > 0 || len(r.m.Dialogs) > 0 {
		t.Error("a key that was withdrawn has acted")
	}
}

func TestADialogThatOpensByItselfDropsTheKeysThatWait(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.hold("arranged")
	r.press("s", "x", "y")
	r.question("that code was not accepted")
	r.until("A source asks")
	r.late()
	r.until("by cloud", "A source asks")
	r.clock.Advance(time.Second)
	r.press("esc")
	if len(r.asked()) > 0 {
		t.Error("a key from before the dialog has acted")
	}
}

// What was opened for a row acts on this row or on none: a row that left the screen meanwhile has another in its place.
func TestAKeyOfADialogActsOnTheRowThatItWasOpenedForOrOnNone(t *testing.T) {
	for _, c := range []struct{ open, act string }{{"w", "d"}, {"w", "a"}, {"enter", "w"}} {
		for _, gone := range []bool{false, true} {
			r := newRig(t, 140, 40).ready()
			r.onDead()
			r.press(c.open)
			r.until("is dead", "165.225.1.9")
			if gone {
				r.f.publish(func(s *providers.Snapshot) {
					s.Zones[0].Records = slices.DeleteFunc(slices.Clone(s.Zones[0].Records), func(r providers.Record) bool { return r.Value == "165.225.1.9" })
				})
				r.until("DNS 26")
			}
			r.press(c.act)
			if says := "is gone; nothing was done"; strings.Contains(r.screen(), says) != gone {
				t.Errorf("%s in the dialog of %s, row gone: %v:\n%s", c.act, c.open, gone, r.screen())
			}
		}
	}
}
