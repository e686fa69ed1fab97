package screen

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

func TestAScreenWithRowsOfTheFleetShowsItsOwn(t *testing.T) {
	s := &common.Context{Theme: theme.New(theme.Options{}), Now: time.Now, Picture: &common.Picture{Joined: &rows.Joined{}}}
	l := &listScreen[providers.Identity, *rows.Record]{Context: s}
	l.columns = func() []grid.Column[*rows.Record] { return recordColumns(s.Theme) }
	l.rows = func(filter.Filter) ([]*rows.Record, func(*rows.Record) bool) {
		return []*rows.Record{{Rec: &providers.Record{Type: "TXT"}}}, nil
	}
	l.makeList()
	fleet := NewFleet(s)
	arrange := func(cmd tea.Cmd) {
		for _, to := range []interface{ Update(tea.Msg) (tea.Cmd, bool) }{fleet, l} { // as the root model asks them
			if _, mine := to.Update(cmd()); mine {
				break
			}
		}
	}
	arrange(l.list.arrange(l.rows(filter.Filter{})))
	if l.Table().Len() != 1 || fleet.Table().Len() != 0 {
		t.Errorf("the screen shows %d rows, and the fleet %d", l.Table().Len(), fleet.Table().Len())
	}
}

func TestRowsThatAreArrangedAlreadyAreNotArrangedAgain(t *testing.T) {
	s := &common.Context{Theme: theme.New(theme.Options{}), Now: time.Now}
	l := newList[providers.Identity](recordColumns(s.Theme))
	some := []*rows.Record{{Rec: &providers.Record{Type: "TXT"}}}
	if l.arrange(some, nil) == nil {
		t.Error("new rows are not arranged")
	}
	if l.arrange(some, nil) != nil {
		t.Error("the same rows are arranged twice")
	}
	for what, change := range map[string]func(){
		"other rows":       func() { some = []*rows.Record{{Rec: &providers.Record{Type: "A"}}} },
		"no rows":          func() { some = nil },
		"another filter":   func() { l.SetFilter(parsed(t, "type:A")) },
		"another order":    func() { l.NextSort() },
		"the order turned": func() { l.NextSort(); l.arrange(some, nil); l.Reverse() },
		"another theme":    func() { l.restyle(recordColumns(s.Theme)) },
	} {
		l.arrange(some, nil)
		if change(); l.arrange(some, nil) == nil {
			t.Errorf("%s: not arranged again", what)
		}
	}
}

func parsed(t *testing.T, text string) filter.Filter {
	t.Helper()
	f, err := filter.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
