package common_test

import (
	"fmt"
	"strings"
	"testing"

	bubbles "charm.land/bubbles/v2/key"

	"rollcall/ui/common"
)

func TestTheDefaultKeysDoNotConflict(t *testing.T) {
	for _, c := range common.DefaultKeys().Conflicts() {
		t.Error(c)
	}
}

func TestConflictsAreFoundWhateverTheSpelling(t *testing.T) {
	k := common.DefaultKeys()
	k[common.ActJournal] = bubbles.NewBinding(bubbles.WithKeys("Ctrl+T"))
	k[common.ActRefresh] = bubbles.NewBinding(bubbles.WithKeys("ctrl+t", "r"))
	c := k.Conflicts()
	if len(c) != 1 || c[0].String() != `key "ctrl+t" is bound to journal and refresh` {
		t.Errorf("%v", c)
	}
}

func TestMergeKeysSaysWhatIsWrong(t *testing.T) {
	_, errs := common.MergeKeys(map[string][]string{
		"lunch": {"L"}, "undo": {"ctrl+c"}, "sort": {"hyperspace"}, "why": {"x"}, "copy": {" "},
	})
	all := fmt.Sprint(errs)
	for _, want := range []string{
		`there is no action "lunch"`, "ctrl+c always quits", `no terminal sends the key "hyperspace"`,
		`key "x" is bound to terminate and why`, `key "space" is bound to copy and mark`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in %v", want, all)
		}
	}
	if len(errs) != 5 {
		t.Errorf("%d errors: %v", len(errs), errs)
	}
}

func TestABindingTakesThePlaceOfTheDefaultOnes(t *testing.T) {
	k, errs := common.MergeKeys(map[string][]string{"down": {"n"}, "launch": {"L"}, "right": {"right", "l"}})
	if len(errs) != 0 {
		t.Fatal(errs)
	}
	if got := k[common.ActDown].Keys(); len(got) != 1 || got[0] != "n" {
		t.Errorf("down: %v", got)
	}
}

func TestKeysHaveOneSpelling(t *testing.T) {
	for in, want := range map[string]string{" ": "space", "Return": "enter", "escape": "esc", "PgDn": "pgdown", "alt+Ctrl+X": "ctrl+alt+x", "alt+X": "alt+X", "G": "G", "+": "+", "ctrl++": "ctrl++", "F5": "f5"} {
		if got := common.NormalKey(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
