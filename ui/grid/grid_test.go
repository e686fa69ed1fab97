package grid_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

type row struct {
	id   int
	name string
}

func (r *row) Key() int { return r.id }

func columns() []grid.Column[*row] {
	return []grid.Column[*row]{
		{Title: "NAME", Min: 4, Max: 20, Text: func(r *row) grid.Cell { return grid.Cell{Text: r.name} }, Compare: func(a, b *row) int { return cmp.Compare(a.name, b.name) }},
		{Title: "NO", Min: 3, Max: 6, Right: true, Priority: 2, Text: func(r *row) grid.Cell { return grid.Cell{Text: fmt.Sprint(r.id), Role: theme.Dim} }},
		{Title: "STATE", Min: 1, Max: 9, Priority: 1, Text: func(*row) grid.Cell { return grid.Cell{Text: "✓ running", Short: "✓", Role: theme.Good} }},
		{Title: "NOTE", Min: 4, Max: 30, Priority: 7, Optional: true, Text: func(r *row) grid.Cell { return grid.Cell{Text: strings.Repeat("!", r.id%2*0)} }},
	}
}

func rows(n int) []*row {
	out := make([]*row, n)
	for i := range out {
		out[i] = &row{i, fmt.Sprintf("node-%03d", i)}
	}
	return out
}

func arrange(all []*row, match func(*row) bool, s grid.Sort) *grid.Data[int, *row] {
	f := grid.Filter{}
	if match != nil {
		f.Pass = func(at []int32) (pass []int32) {
			for _, i := range at {
				if match(all[i]) {
					pass = append(pass, i)
				}
			}
			return pass
		}
	}
	return grid.Arrange[int](nil, columns(), all, f, s)
}

func shown(t *testing.T, all []*row, match func(*row) bool, s grid.Sort) *grid.Grid[int, *row] {
	t.Helper()
	g := grid.New[int](columns())
	g.Resize(40, 11)
	g.Set(arrange(all, match, s))
	return g
}

func current(t *testing.T, g *grid.Grid[int, *row]) int {
	t.Helper()
	k, ok := g.CursorKey()
	if !ok {
		t.Fatal("there is no row under the cursor")
	}
	return k
}

func TestTheCursorStaysOnItsRowWhenRowsComeAndGo(t *testing.T) {
	all := rows(50)
	g := shown(t, all, nil, grid.Sort{Column: -1})
	g.Move(20)
	g.Set(arrange(all[7:], nil, grid.Sort{Column: -1}))
	if k := current(t, g); k != 20 {
		t.Errorf("the cursor is on %d, want 20", k)
	}
	slices.Reverse(all)
	g.Set(arrange(all, nil, grid.Sort{Column: -1}))
	if k := current(t, g); k != 20 {
		t.Errorf("after the order has turned the cursor is on %d, want 20", k)
	}
}

func TestACursorThatNobodyHasUsedStaysAtTheTop(t *testing.T) {
	all := rows(50)
	g := shown(t, all[10:], nil, grid.Sort{Column: -1})
	g.Set(arrange(all, nil, grid.Sort{Column: -1}))
	if k := current(t, g); k != 0 {
		t.Errorf("the cursor is on %d, want the first row", k)
	}
	g.Hold()
	g.Set(arrange(append([]*row{{99, "new"}}, all...), nil, grid.Sort{Column: -1}))
	if k := current(t, g); k != 0 {
		t.Errorf("once it is held the cursor is on %d, want 0", k)
	}
}

func TestTheCursorKeepsItsPlaceWhenItsRowGoes(t *testing.T) {
	all := rows(50)
	g := shown(t, all, nil, grid.Sort{Column: -1})
	g.Move(20)
	g.Set(arrange(slices.Delete(rows(50), 20, 21), nil, grid.Sort{Column: -1}))
	if k := current(t, g); k != 21 {
		t.Errorf("the cursor is on %d, want the next row, 21", k)
	}
	g.Set(arrange(nil, nil, grid.Sort{Column: -1}))
	if _, ok := g.CursorKey(); ok {
		t.Error("there is a cursor without rows")
	}
}

func TestMarksAreIdentitiesAndHiddenOnesAreNotChosen(t *testing.T) {
	all := rows(30)
	g := shown(t, all, nil, grid.Sort{Column: -1})
	g.ToggleMark()
	g.Move(5)
	g.ToggleMark()
	g.Set(arrange(all, func(r *row) bool { return r.id >= 5 }, grid.Sort{Column: -1}))
	if v, h := g.Marks(); v != 1 || h != 1 {
		t.Fatalf("%d visible and %d hidden marks, want 1 and 1", v, h)
	}
	if c := g.Chosen(); len(c) != 1 || c[0].id != 5 {
		t.Errorf("chosen: %v", c)
	}
	g.Set(arrange(all, func(r *row) bool { return r.id > 10 }, grid.Sort{Column: -1}))
	if c := g.Chosen(); len(c) != 0 {
		t.Errorf("with all marks hidden %v is chosen", c)
	}
	g.Set(arrange(all[1:], nil, grid.Sort{Column: -1}))
	if v, h := g.Marks(); v != 1 || h != 0 {
		t.Errorf("%d visible and %d hidden marks after a marked row has gone, want 1 and 0", v, h)
	}
}

func TestWithoutMarksTheRowUnderTheCursorIsChosen(t *testing.T) {
	g := shown(t, rows(30), nil, grid.Sort{Column: -1})
	g.Move(3)
	if c := g.Chosen(); len(c) != 1 || c[0].id != 3 {
		t.Errorf("chosen: %v", c)
	}
}

func TestSortIsStableAndReverses(t *testing.T) {
	all := rows(30)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	d := arrange(all, nil, grid.Sort{Column: 0})
	if r := d.Rows(); r[0].id != 0 || r[29].id != 29 {
		t.Errorf("first %d last %d", r[0].id, r[29].id)
	}
	d = arrange(all, nil, grid.Sort{Column: 0, Reverse: true})
	if r := d.Rows(); r[0].id != 29 {
		t.Errorf("first %d", r[0].id)
	}
	if s := grid.NextSort(columns(), grid.Sort{Column: -1}); s.Column != 0 {
		t.Errorf("next order %v", s)
	}
	if s := grid.NextSort(columns(), grid.Sort{Column: 0}); s.Column != -1 {
		t.Errorf("the cycle ends with the natural order, not %v", s)
	}
}

func TestColumnsGoByPriorityAndShortTextsStandIn(t *testing.T) {
	g := shown(t, rows(5), nil, grid.Sort{Column: -1})
	draw := grid.Draw[int]{Theme: theme.New(theme.Options{NoColor: true})}
	at := func(w int) string {
		g.Resize(w, 3)
		return ansi.Strip(strings.Join(g.Lines(3, draw), "\n"))
	}
	if s := at(40); !strings.Contains(s, "✓ running") || !strings.Contains(s, "NO") || strings.Contains(s, "NOTE") {
		t.Errorf("at 40:\n%s", s)
	}
	if s := at(18); strings.Contains(s, "running") || !strings.Contains(s, "✓") {
		t.Errorf("at 18:\n%s", s)
	}
	if s := at(11); strings.Contains(s, "NO ") || !strings.Contains(s, "node") {
		t.Errorf("at 11:\n%s", s)
	}
}

func TestEveryLineIsExactlyAsWideAsTheGrid(t *testing.T) {
	names := []string{"plain", "日本語のノード名前とても長い", "e\u0301tude", "", "👩\u200d🚀 rocket", strings.Repeat("x", 300)}
	rapid.Check(t, func(rt *rapid.T) {
		var all []*row
		for i := range rapid.IntRange(0, 30).Draw(rt, "rows") {
			all = append(all, &row{i, rapid.SampledFrom(names).Draw(rt, "name")})
		}
		w, h := rapid.IntRange(0, 90).Draw(rt, "width"), rapid.IntRange(0, 20).Draw(rt, "height")
		g := grid.New[int](columns())
		g.Resize(w, h)
		g.Set(arrange(all, nil, grid.Sort{Column: rapid.IntRange(-1, 2).Draw(rt, "sort")}))
		for range rapid.IntRange(0, 8).Draw(rt, "moves") {
			g.Move(rapid.IntRange(-40, 40).Draw(rt, "by"))
		}
		lines := g.Lines(h, grid.Draw[int]{Theme: theme.New(theme.Options{}), Focused: true})
		if len(lines) != h {
			rt.Fatalf("%d lines, want %d", len(lines), h)
		}
		for i, l := range lines {
			if n := ansi.StringWidth(l); n != w {
				rt.Fatalf("line %d is %d wide, want %d: %q", i, n, w, l)
			}
		}
		if n := g.Len(); n > 0 {
			top, page, _ := g.Window()
			k, _ := g.CursorKey()
			pos := slices.IndexFunc(arrange(all, nil, g.Sort()).Rows(), func(r *row) bool { return r.id == k })
			if pos < top || pos >= top+page {
				rt.Fatalf("the cursor at %d is outside of the window from %d, %d rows", pos, top, page)
			}
		}
	})
}

func TestRevealScrollsWithoutMovingTheCursor(t *testing.T) {
	g := shown(t, rows(100), nil, grid.Sort{Column: -1})
	g.Reveal([]int{77})
	top, page, _ := g.Window()
	if top > 77 || top+page <= 77 {
		t.Errorf("row 77 is not in the window from %d, %d rows", top, page)
	}
	if k := current(t, g); k != 0 {
		t.Errorf("the cursor moved to %d", k)
	}
}

// big is a grid of n rows at a screen of 48 rows, for the benchmarks.
func big(n int) *grid.Grid[int, *row] {
	g := grid.New[int](columns())
	g.Resize(160, 49)
	g.Set(arrange(rows(n), nil, grid.Sort{Column: -1}))
	return g
}

func benchmarkLines(b *testing.B, n int) {
	g := big(n)
	d := grid.Draw[int]{Theme: theme.New(theme.Options{}), Focused: true}
	b.ReportAllocs()
	for b.Loop() {
		g.Lines(49, d)
	}
}

func BenchmarkGridLines1000Rows(b *testing.B)   { benchmarkLines(b, 1000) }
func BenchmarkGridLines100000Rows(b *testing.B) { benchmarkLines(b, 100_000) }

func benchmarkMove(b *testing.B, n int) {
	g := big(n)
	d := grid.Draw[int]{Theme: theme.New(theme.Options{}), Focused: true}
	b.ReportAllocs()
	for b.Loop() {
		g.Move(1)
		g.Lines(49, d)
	}
}

func BenchmarkGridMoveAndLines1000Rows(b *testing.B)   { benchmarkMove(b, 1000) }
func BenchmarkGridMoveAndLines100000Rows(b *testing.B) { benchmarkMove(b, 100_000) }

func TestWidthsStayWhileAFilterIsTyped(t *testing.T) {
	all := rows(40)
	all[7].name = "a-name-that-is-longer"
	head := func(match func(*row) bool) string {
		return ansi.Strip(shown(t, all, match, grid.Sort{Column: -1}).Lines(3, grid.Draw[int]{Theme: theme.New(theme.Options{})})[0])
	}
	want := head(nil)
	if got := head(func(r *row) bool { return r.id < 3 }); got != want {
		t.Errorf("filtered, the columns are %q and not %q", got, want)
	}
}

func TestATextIsCutInTheMiddleAndKeepsBothEnds(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"10 10 4218 svc-v1-01.unilans.net", 26, "10 10 4218 …01.unilans.net"},
		{"10 10 4218 svc-v1-02.unilans.net", 26, "10 10 4218 …02.unilans.net"},
		{"short", 8, "short"},
		{"aws:cloudformation:stack-id", 12, "aws:…tack-id"},
		{"abcdef", 4, "abc…"},
		{"abc", 0, ""},
		{"  本  ", 5, " …  "},
	} {
		if got := grid.CutMiddle(c.text, c.n, "…"); got != c.want {
			t.Errorf("%q in %d cells: %q, want %q", c.text, c.n, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.StringMatching(`[a-zäß日本. -]{0,40}`).Draw(t, "text"), rapid.IntRange(0, 40).Draw(t, "n")
		if got := grid.CutMiddle(s, n, "…"); ansi.StringWidth(got) > n {
			t.Fatalf("%q in %d cells is %d wide: %q", s, n, ansi.StringWidth(got), got)
		}
	})
}

func TestColumnsGetTheRoomThatNoOtherNeeds(t *testing.T) {
	all := rows(3)
	all[1].name = "a-name-that-is-much-longer-than-the-most"
	g := grid.New[int](columns())
	g.Resize(120, 5)
	g.Set(arrange(all, nil, grid.Sort{Column: -1}))
	if s := ansi.Strip(strings.Join(g.Lines(5, grid.Draw[int]{Theme: theme.New(theme.Options{})}), "\n")); !strings.Contains(s, all[1].name) {
		t.Errorf("a name is cut beside free room:\n%s", s)
	}
}

func TestAColumnBelowZeroGetsTheRoomForItsTextsFirstAndANarrowOneNoMoreThanItNeeds(t *testing.T) {
	for _, c := range []struct{ address, want string }{
		{"10.0.0.1", "a-lo…e-name 10.0.0.1     dangling"},
		{"203.0.113.209", "a-lo…-name 203.0.113.209 dangling"},
		{"203.113.110.209", "a-l…name 203.113.110.209 dangling"},
	} {
		g := grid.New[int]([]grid.Column[*row]{
			{Title: "NAME", Min: 4, Max: 20, Middle: true, Text: func(*row) grid.Cell { return grid.Cell{Text: "a-long-name-name"} }},
			{Title: "ADDRESS", Min: 15, Narrow: 12, Max: 20, Priority: 2, Text: func(*row) grid.Cell { return grid.Cell{Text: c.address} }},
			{Title: "DNS", Min: 3, Max: 12, Priority: -1, Text: func(*row) grid.Cell { return grid.Cell{Text: "dangling", Short: "!"} }},
		})
		g.Resize(3+10+1+13+1+8, 3)
		g.Set(grid.Arrange[int](nil, g.Columns(), rows(1), grid.Filter{}, grid.Sort{Column: -1}))
		line := ansi.Strip(g.Lines(2, grid.Draw[int]{Theme: theme.New(theme.Options{})})[1])
		if got := strings.TrimSpace(line); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
