package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/ui/common"
)

func remembering(t *testing.T) *backend {
	t.Helper()
	return &backend{s: &launcher.Launcher{Session: &app.Session{State: filepath.Join(t.TempDir(), "state")}}}
}

func TestWhatIsTypedIsThereInTheNextRunNewestFirstAndOnce(t *testing.T) {
	b := remembering(t)
	if all, err := b.History(); len(all) != 0 || err != nil {
		t.Fatal(all, err)
	}
	for _, line := range []string{"type:MX", "name:mail", "type:MX"} {
		if err := b.Remember(common.PromptFilters, line); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Remember(common.PromptCommands, "journal"); err != nil {
		t.Fatal(err)
	}
	next := &backend{s: b.s}
	all, err := next.History()
	if err != nil || !slices.Equal(all[common.PromptFilters], common.History{"type:MX", "name:mail"}) || !slices.Equal(all[common.PromptCommands], common.History{"journal"}) {
		t.Errorf("%q, %v", all, err)
	}
	info, err := os.Stat(b.historyPath())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
}

func TestTheHistoryIsBoundedAndHoldsNoSecrets(t *testing.T) {
	b := remembering(t)
	for i := range 250 {
		if err := b.Remember(common.PromptFilters, fmt.Sprintf("name:n%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"tag.db-password=hunter2", "tag.API_KEY:abc", "tag.token=xyz", strings.Repeat("x", 5000)} {
		if err := b.Remember(common.PromptFilters, line); err != nil {
			t.Fatal(err)
		}
	}
	all, err := b.History()
	if list := all[common.PromptFilters]; err != nil || len(list) != 200 || list[0] != "name:n249" {
		t.Errorf("%d lines, the first %q, %v", len(list), list[0], err)
	}
}

func TestAHistoryThatCannotBeReadIsNotOverwritten(t *testing.T) {
	b := remembering(t)
	if err := b.Remember(common.PromptFilters, "type:MX"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.historyPath(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Remember(common.PromptFilters, "type:A"); err == nil || !strings.Contains(err.Error(), "remove it to begin anew") {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(b.historyPath()); string(text) != "{" {
		t.Errorf("%q", text)
	}
}
