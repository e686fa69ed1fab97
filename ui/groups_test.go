package ui_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/ui"
)

// groupedBy opens the instances under headings.
func (r *rig) groupedBy(what string) {
	r.t.Helper()
	r.press(":")
	r.typeText("group " + what)
	r.press("enter")
	r.until("Instances by " + what + " 30")
}

func TestInstancesAreGroupedByCloudServiceAndStateWithCounts(t *testing.T) {
	r := newRig(t, 140, 50).ready()
	r.groupedBy("cloud")
	r.until("↓ aws-use1  9", "↓ joyent-ams  7")
	if l := r.line("joyent-ams  7"); !strings.Contains(l, "6 running, 1 stopped") || !strings.Contains(l, "▲ 1") {
		t.Errorf("the heading: %q", l)
	}
	if l := r.line("aws-use1  9"); !strings.Contains(l, "9 running") || !strings.Contains(l, "✓") {
		t.Errorf("the heading: %q", l)
	}
	r.groupedBy("service")
	r.until("www.scalability.expert  ", "no service  ")
	r.groupedBy("state")
	r.until("↓ running  28", "↓ stopped  1", "↓ pending  1")
	r.press("esc", "esc", "esc")
	r.until("DNS 27")
}

func TestGroupsAreFoldedByTheKeysOfTheServicesTree(t *testing.T) {
	r := newRig(t, 140, 50).ready()
	r.groupedBy("cloud")
	r.until("↓ aws-use1  9", "use1-build-07")
	r.press("g")
	name := strings.Fields(strings.Trim(r.cursorLine(), "│▌ "))[1]
	r.press("left")
	r.until("› " + name)
	r.press("right")
	r.until("↓ " + name)
	r.press("j", "left") // from a member to its folded heading
	r.until("› " + name)
	if l := r.cursorLine(); !strings.Contains(l, "› "+name) {
		t.Errorf("the cursor is on %q", l)
	}
	r.press("enter")
	r.until("↓ " + name)
	r.press("z")
	r.until("› aws-use1  9", "› joyent-ams  7")
	r.hasNot("use1-build-07", "ams-www-01")
	r.press("z")
	r.until("↓ aws-use1  9", "use1-build-07")
}

func TestKeysActOnInstancesInGroupsAndNeverOnAHeading(t *testing.T) {
	r := newRig(t, 140, 50).ready()
	r.groupedBy("state")
	r.until("↓ running  28", "use1-build-07")
	r.press("g", "space", "space")
	if l := r.line("Instances by state"); !strings.Contains(l, "1 marked") {
		t.Errorf("a heading was marked, or its first row was not: %q", l)
	}
	r.press("esc", "z")
	r.until("› running  28")
	r.press("G", "x")
	if len(r.f.plans) != 0 {
		t.Error("a key acted on a group")
	}
	r.press("z")
	r.until("use1-build-07")
	r.press("/")
	r.typeText("use1-build-07")
	r.press("enter")
	r.until("use1-build-07", "by state · /use1-build-07")
	r.untilTrue("the others are hidden", func() bool { return !strings.Contains(r.screen(), "use1-build-08") })
	r.press("G", "enter")
	r.until("54.1.20.7", "esc close")
	r.press("esc", "x")
	r.until("terminate use1-build-07")
}

func TestTheGroupsInEverySize(t *testing.T) {
	for name, c := range sizes {
		t.Run(name, func(t *testing.T) {
			var change []func(*ui.Options, *fake)
			if c.theme != nil {
				change = append(change, c.theme)
			}
			r := newRig(t, c.w, c.h, change...)
			r.until("Instances 30")
			r.groupedBy("cloud")
			r.until("↓ joyent-")
			r.press("g", "left")
			r.until("› ")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}

func TestRecordsAreGroupedByZoneNameAndFindingWithCounts(t *testing.T) {
	r := newRig(t, 140, 50).ready()
	open := func(what string) {
		t.Helper()
		r.press(":")
		r.typeText("group " + what)
		r.press("enter")
		r.until("DNS by " + what + " 27")
	}
	open("zone")
	r.until("↓ scalability.expert  19", "↓ unilans.net  8")
	if l := r.line("unilans.net  8"); !strings.Contains(l, "3 A, 2 PTR, 2 SRV, 1 TXT") || !strings.Contains(l, "✖ 1") {
		t.Errorf("the heading: %q", l)
	}
	open("name")
	r.until("↓ www.scalability.expert  16", "v1._theservice._tcp.unilans.net  3")
	open("finding")
	r.until("↓ dead  2", "↓ no finding  ")
	r.press("g", "d") // on the heading
	if len(r.f.plans) != 0 {
		t.Error("a key acted on a group")
	}
	r.press("/")
	r.typeText("165.225.1.9")
	r.press("enter")
	r.until("/165.225.1.9", "↓ dead  2")
	r.untilTrue("only one", func() bool { return !strings.Contains(r.screen(), "54.9.9.9") })
	r.press("G", "enter")
	r.until("165.225.1.9", "esc close")
	r.press("esc", "d")
	r.untilTrue("a plan", func() bool { return len(r.requests()) > 0 })
	if w := r.request(); len(w.Records) != 1 || w.Records[0].Value != "165.225.1.9" {
		t.Errorf("planned %+v", w)
	}
}

func TestTheGroupsOfRecordsInEverySize(t *testing.T) {
	for name, c := range sizes {
		t.Run(name, func(t *testing.T) {
			var change []func(*ui.Options, *fake)
			if c.theme != nil {
				change = append(change, c.theme)
			}
			r := newRig(t, c.w, c.h, change...)
			r.until("Instances 30")
			r.press(":")
			r.typeText("group finding")
			r.press("enter")
			r.until("↓ dead  2")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}

func TestTheColumnsOfTheConfigAndThoseThatAreChosenAreThoseOfTheGroupsToo(t *testing.T) {
	r := newRig(t, 160, 40, func(o *ui.Options, _ *fake) {
		o.Columns = map[string][]string{"instances": {"image", "name", "state"}, "records": {"value", "name"}}
	})
	r.until("Instances 30", "IMAGE")
	r.groupedBy("cloud")
	r.until("↓ aws-use1  9", "ubuntu-24.04")
	if l := r.line("IMAGE"); strings.Contains(l, "CLOUD") || strings.Index(l, "NAME") > strings.Index(l, "IMAGE") || strings.Index(l, "IMAGE") > strings.Index(l, "STATE") {
		t.Errorf("the heading: %q", l)
	}
	r.press("c")
	r.until("Columns of the instances", "✓ IMAGE", "  CLOUD")
	r.press("down", "space", "enter") // IMAGE hidden
	r.untilTrue("no IMAGE", func() bool { return !strings.Contains(r.screen(), "IMAGE") })
	r.press("esc")
	r.until("DNS 27")
	r.untilTrue("nor in the panes", func() bool { return !strings.Contains(r.screen(), "IMAGE") })
	r.press(":")
	r.typeText("group zone")
	r.press("enter")
	r.until("DNS by zone 27", "↓ unilans.net  8")
	if l := r.line("VALUE"); strings.Contains(l, "TYPE") || strings.Index(l, "NAME") > strings.Index(l, "VALUE") {
		t.Errorf("the heading: %q", l)
	}
}
