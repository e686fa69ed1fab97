package screen

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

func TestAScreenWithRowsOfTheFleetShowsItsOwn(t *testing.T) {
	s := &common.Context{Theme: theme.New(theme.Options{}), Now: time.Now, Picture: &common.Picture{Joined: &rows.Joined{}}}
	l := &listScreen[providers.Identity, *rows.Record]{Context: s}
	l.columns = func() []grid.Column[*rows.Record] { return recordColumns(s.Theme, s.Now) }
	l.rows = func() []*rows.Record { return []*rows.Record{recordRow("TXT")} }
	l.makeList()
	fleet := NewFleet(s)
	arrange := func(cmd tea.Cmd) {
		for _, to := range []interface{ Update(tea.Msg) (tea.Cmd, bool) }{fleet, l} { // as the root model asks them
			if _, mine := to.Update(cmd()); mine {
				break
			}
		}
	}
	arrange(l.Arrange())
	if l.Table().Len() != 1 || fleet.Table().Len() != 0 {
		t.Errorf("the screen shows %d rows, and the fleet %d", l.Table().Len(), fleet.Table().Len())
	}
}

func TestRowsThatAreArrangedAlreadyAreNotArrangedAgain(t *testing.T) {
	s := &common.Context{Theme: theme.New(theme.Options{}), Now: time.Now}
	l := newList[providers.Identity](recordColumns(s.Theme, s.Now), "")
	some := []*rows.Record{recordRow("TXT")}
	if l.arrange(some) == nil {
		t.Error("new rows are not arranged")
	}
	if l.arrange(some) != nil {
		t.Error("the same rows are arranged twice")
	}
	for what, change := range map[string]func(){
		"other rows":       func() { some = []*rows.Record{recordRow("A")} },
		"no rows":          func() { some = nil },
		"another filter":   func() { l.SetFilter(parsed(t, "type:A")) },
		"another order":    func() { l.NextSort() },
		"the order turned": func() { l.NextSort(); l.arrange(some); l.Reverse() },
		"another theme":    func() { l.restyle(recordColumns(s.Theme, s.Now)) },
	} {
		l.arrange(some)
		if change(); l.arrange(some) == nil {
			t.Errorf("%s: not arranged again", what)
		}
	}
}

func TestAFilterThatIsOutdatedBeforeItsTurnIsNotRun(t *testing.T) {
	l := newList[providers.Identity](recordColumns(theme.New(theme.Options{}), time.Now), "")
	some := []*rows.Record{recordRow("TXT"), recordRow("A")}
	l.SetFilter(parsed(t, "type:TXT"))
	first := l.arrange(some)
	l.SetFilter(parsed(t, "type:A"))
	second := l.arrange(some)
	if msg := first(); msg != nil {
		t.Error("the first filter ran after the second one was typed")
	}
	if a, ok := second().(arranged[providers.Identity, *rows.Record]); !ok || !l.install(a) || l.Len() != 1 {
		t.Error("the second filter is not shown")
	}
}

// readRow is a row that counts the reads of its name.
type readRow struct {
	filter.Row
	read func()
}

func (r *readRow) Key() *readRow                                 { return r }
func (r *readRow) FilterName() string                            { r.read(); return "www" }
func (r *readRow) FilterValues(_, _ string, _ func(string) bool) {}

func TestTextsForAFilterThatWasClosedAreNotMadeToTheEnd(t *testing.T) {
	l := newList[*readRow]([]grid.Column[*readRow]{}, "")
	var read atomic.Int32
	var first sync.Once
	r := &readRow{read: func() { read.Add(1); first.Do(l.EndFilter) }}
	all := slices.Repeat([]*readRow{r}, 200*rowsOfPart)
	l.arrange(all)
	l.PrepareFilter()()
	if n := int(read.Load()); n >= len(all) {
		t.Errorf("all %d texts were made after the filter was closed", n)
	}
}

// recordRow returns the row of a record of a zone.
func recordRow(typ string) *rows.Record {
	return rows.NewRecord(dnsview.Inspect(&providers.Snapshot{Zones: []providers.ZoneView{{}}}, index.Options{}), &providers.Record{Type: typ})
}

func parsed(t *testing.T, text string) filter.Filter {
	t.Helper()
	f, err := filter.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// manyRows returns the rows of so many instances, one in a hundred a canary.
func manyRows(n int) []*rows.Instance {
	c := providers.CloudView{Cloud: providers.Cloud{Name: "aws-use1", Key: "k"}}
	for i := range n {
		name := fmt.Sprintf("www-%06d", i)
		if i%100 == 0 {
			name = fmt.Sprintf("canary-%06d", i)
		}
		c.Instances = append(c.Instances, providers.Instance{
			Cloud: "aws-use1", Key: "k", ID: fmt.Sprintf("i-%017x", i), Name: name, State: providers.StateRunning, Type: "t3.small", Region: "us-east-1",
			Tags: providers.TagsOf(map[string]string{"env": "prod", "service": "www.example.com"}),
		})
	}
	return rows.Join(dnsview.Inspect(&providers.Snapshot{Clouds: []providers.CloudView{c}}, index.Options{})).Instances
}

const typed = "canary-00"

// typeFilter types a filter letter by letter into a list of these rows, and calls each after each letter.
func typeFilter(t testing.TB, all []*rows.Instance, each func(text string, l *list[rows.InstanceKey, *rows.Instance], took time.Duration)) {
	l := newList[rows.InstanceKey](instanceColumns(&common.Context{Theme: theme.New(theme.Options{}), Now: time.Now}), "")
	show := func() {
		if cmd := l.arrange(all); cmd != nil {
			l.install(cmd().(arranged[rows.InstanceKey, *rows.Instance]))
		}
	}
	show()
	l.PrepareFilter()()
	runtime.GC() // letters come when that of the prompt is over
	for i := range typed {
		f, err := filter.Parse(typed[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		l.SetFilter(f)
		show()
		each(typed[:i+1], l, time.Since(began))
	}
}

func TestAFilterThatIsTypedShowsAfterEachLetterWhatItShowsWhenGivenAtOnce(t *testing.T) {
	all := manyRows(2000)
	typeFilter(t, all, func(text string, l *list[rows.InstanceKey, *rows.Instance], _ time.Duration) {
		var want []*rows.Instance
		for _, r := range all {
			if parsed(t, text).Match(r) {
				want = append(want, r)
			}
		}
		if got := l.shown.data.Rows(); !slices.Equal(got, want) || len(want) == 0 {
			t.Fatalf("%q shows %d rows, want %d", text, len(got), len(want))
		}
		for i, r := range all {
			if _, ok := l.Row(r.Key()); ok != slices.Contains(want, r) {
				t.Fatalf("%q: row %d is shown: %v", text, i, ok)
			}
		}
	})
}

// The time of one letter: a filter is typed, and the list shows it. What is made once, when the prompt is opened, is not
// counted.
func BenchmarkLetterOfAFilter100000Rows(b *testing.B) {
	all := manyRows(100_000)
	letters, sum, slowest := 0, time.Duration(0), time.Duration(0)
	for b.Loop() {
		typeFilter(b, all, func(_ string, _ *list[rows.InstanceKey, *rows.Instance], took time.Duration) {
			letters, sum, slowest = letters+1, sum+took, max(slowest, took)
		})
	}
	b.ReportMetric(float64(sum.Nanoseconds())/float64(letters), "ns/letter")
	b.ReportMetric(float64(slowest.Nanoseconds()), "ns/slowest-letter")
}

// The same letters over the same texts by a fuzzy finder, which does not sort or draw.
func BenchmarkLetterOfAFuzzyFinder100000Rows(b *testing.B) {
	all := manyRows(100_000)
	texts, _ := textsOf[rows.InstanceKey](all)
	for b.Loop() {
		for i := range typed {
			fuzzy.Find(typed[:i+1], texts())
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(typed)), "ns/letter")
}
