package ui_test

import (
	"slices"
	"strings"
	"testing"

	"rollcall/ui"
	"rollcall/ui/common"
)

func TestPaletteFindsACommandAndRunsIt(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press(":")
	r.has("Commands")
	r.typeText("deregister all dead")
	r.press("enter")
	r.until("deregister 2 dead records", "y do it")
	if w := r.f.plans[0]; len(w.Records) != 2 {
		t.Errorf("request %+v", w)
	}
	r.press("esc", ":")
	r.typeText("records")
	r.press("enter")
	r.hasNot("Instances 30")
	r.has("DNS 27")
}

func TestEveryActionOfTheKeyMapIsInTheHelp(t *testing.T) {
	r := newRig(t, 160, 60).ready()
	r.press("?")
	s := r.screen()
	for a, b := range common.DefaultKeys() {
		k := b.Keys()[0]
		if !strings.Contains(s, k+" ") && !slices.Contains([]common.Action{common.ActUp, common.ActDown, common.ActLeft, common.ActRight}, a) {
			t.Errorf("%s (%s) is not in the help", a, k)
		}
	}
	r.press("?")
	r.hasNot("Glyphs")
}

func TestOtherKeysCanBeBound(t *testing.T) {
	k, errs := common.MergeKeys(map[string][]string{"journal": {"ctrl+j"}, "deregister": {"D"}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	r := newRig(t, 140, 40, func(o *ui.Options, _ *fake) { o.Keys = k }).ready()
	r.onDead()
	r.press("d")
	r.hasNot("planning")
	r.has("D deregister")
	r.press("D")
	r.until("✓ done: delete")
}

func TestEscLeavesStepByStep(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("z")
	r.hasNot("DNS 27")
	r.press("space")
	r.has("1 marked")
	r.press("esc")
	r.hasNot("marked")
	r.hasNot("DNS 27")
	r.press("esc")
	r.has("DNS 27")
}

func TestAFilterOfOddLettersDoesNotEndTheConsole(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	for _, text := range []string{"tag.ȺȺȺȺȺȺ=", "ȿȿȿȿ", "name~İİİ", "-tag.Ⱥ:ẞ"} {
		r.press("/")
		r.typeText(text)
		r.has(text)
		r.press("enter", "esc")
		r.press(":")
		r.typeText(text)
		r.press("esc")
	}
}
