package screen

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui/grid"
)

// row is a row of a list: it has an identity and can be filtered.
type row[K comparable] interface {
	grid.Keyed[K]
	filter.Row
}

// list is a grid with its filter and order.
type list[K comparable, R row[K]] struct {
	*grid.Grid[K, R]
	all      []grid.Column[R] // that can be shown
	columns  []grid.Column[R] // of the next arrangement
	chosen   []string         // titles of the columns that the operator has chosen; none for those without Extra
	own      []string         // titles of the columns that the config has for it
	wide     bool             // all others are shown behind them
	natural  string           // the order in which the rows come, or ""
	filter   filter.Filter
	sort     grid.Sort
	gen      atomic.Uint64   // of the last requested arrangement
	changes  uint64          // of filter, order and folds by the operator
	turn     sync.Mutex      // of the command that arranges
	last     arrangement[R]  // the last requested one
	texts    func() []string // of its rows, for bare words; made in a command when they are first needed
	forget   func()          // ends the making of the texts
	shown    arranged[K, R]  // the last one that was shown
	returnTo *grid.Place[K]  // of the cursor after the next arrangement; nil for where it is
}

// arrangement is what an arranged list shows, and how.
type arrangement[R any] struct {
	rows    []R
	filter  filter.Filter
	sort    grid.Sort
	changes uint64 // by the operator before it
}

// arranged is the result of arranging a list.
type arranged[K comparable, R row[K]] struct {
	list    *list[K, R] // another screen may have a list of the same types
	gen     uint64
	changes uint64 // by the operator before it
	filter  filter.Filter
	data    *grid.Data[K, R]
	by      []grid.Column[R] // the columns that it was made for
}

// worstFirst is the order of rows that begin with what needs a person.
const worstFirst = "worst first"

func newList[K comparable, R row[K]](columns []grid.Column[R], natural string) *list[K, R] {
	l := &list[K, R]{natural: natural, sort: grid.Sort{Column: -1}, forget: func() {}}
	l.setColumns(columns)
	l.Grid = grid.New[K](l.columns)
	return l
}

// arrange sorts and filters rows in a command. It makes earlier arrangements outdated. It returns nil for rows that
// are arranged so already.
func (l *list[K, R]) arrange(rows []R) tea.Cmd { return l.inTurn(l.prepare(rows)) }

// inTurn returns the command of the last requested arrangement. Only one runs at a time, and one that is outdated before its
// turn does nothing: letters come faster than rows are filtered.
func (l *list[K, R]) inTurn(do func() tea.Msg) tea.Cmd {
	if do == nil {
		return nil
	}
	gen := l.gen.Load()
	return func() tea.Msg {
		l.turn.Lock()
		defer l.turn.Unlock()
		if l.gen.Load() != gen {
			return nil
		}
		return do()
	}
}

// prepare returns what arrange does in its command.
func (l *list[K, R]) prepare(rows []R) (do func() tea.Msg) {
	a := arrangement[R]{rows, l.filter, l.sort, l.changes}
	if l.last.rows == nil || !providers.ShareRows(rows, l.last.rows) {
		l.newTexts(rows)
	} else if a.filter.String() == l.last.filter.String() && a.sort == l.last.sort && a.changes == l.last.changes {
		return nil
	}
	l.last = a
	out, columns, texts, shown := l.next(), l.columns, l.texts, l.shown
	out.filter = a.filter
	return func() tea.Msg {
		by := grid.Filter{Pass: passing(matcher[K](a.filter, rows, texts)), Narrower: a.filter.Narrows(shown.filter)}
		out.data = grid.Arrange(shown.data, columns, rows, by, a.sort)
		return out
	}
}

// next returns the next arrangement, without its rows. It makes earlier ones outdated.
func (l *list[K, R]) next() arranged[K, R] {
	return arranged[K, R]{list: l, gen: l.gen.Add(1), changes: l.changes, by: l.columns}
}

// pending reports whether the rows on the screen are not yet those of the filter, order and folds that the operator has chosen.
func (l *list[K, R]) pending() bool { return l.shown.changes != l.changes }

// arrangeNow filters rows before it returns, so that the next key finds the cursor where it belongs. It is for the rare
// change of a filter that moves the cursor.
func (l *list[K, R]) arrangeNow(rows []R, by filter.Filter) {
	l.filter, l.last = by, arrangement[R]{}
	if a, ok := l.prepare(rows)().(arranged[K, R]); ok {
		l.install(a)
	}
}

// matcher returns the test of a filter for the row at a position; nil if it is empty.
func matcher[K comparable, R row[K]](by filter.Filter, rows []R, texts func() []string) func(i int) bool {
	switch {
	case by.Empty():
		return nil
	case by.HasWords():
		all := texts()
		return func(i int) bool { return by.MatchText(rows[i], all[i]) }
	}
	return func(i int) bool { return by.Match(rows[i]) }
}

// passing returns the positions that match, which is called on all CPUs.
func passing(match func(i int) bool) func(at []int32) []int32 {
	if match == nil {
		return nil
	}
	return func(at []int32) []int32 {
		parts := make([][]int32, (len(at)+rowsOfPart-1)/rowsOfPart)
		index.Parallel(len(at), rowsOfPart, func(from, to int) {
			pass := make([]int32, 0, to-from)
			for _, i := range at[from:to] {
				if match(int(i)) {
					pass = append(pass, i)
				}
			}
			parts[from/rowsOfPart] = pass
		})
		return slices.Concat(parts...)
	}
}

// rowsOfPart is how many rows are looked at as one part.
const rowsOfPart = 1024

// newTexts replaces the texts by those of rows. Arrangements that need the ones before are outdated.
func (l *list[K, R]) newTexts(rows []R) {
	l.forget()
	l.texts, l.forget = textsOf[K](rows)
}

// textsOf returns a function that makes the texts of rows at its first call, and one after which that stops: it may return
// without some of them then.
func textsOf[K comparable, R row[K]](rows []R) (texts func() []string, forget func()) {
	var forgotten atomic.Bool
	return sync.OnceValue(func() []string {
		out := make([]string, len(rows))
		rooms := sync.Pool{New: func() any { return new([]byte) }}
		index.Parallel(len(rows), rowsOfPart, func(from, to int) {
			if forgotten.Load() {
				return
			}
			room := rooms.Get().(*[]byte)
			defer rooms.Put(room)
			all := (*room)[:0] // next to each other, they are read faster
			ends := make([]int, 0, to-from)
			for _, r := range rows[from:to] {
				all = filter.AppendText(all, r)
				ends = append(ends, len(all))
			}
			*room = all
			text, at := string(all), 0
			for i, end := range ends {
				out[from+i], at = text[at:end], end
			}
		})
		return out
	}), func() { forgotten.Store(true) }
}

// PrepareFilter makes what a filter needs in a command, before its first letter is typed.
func (l *list[K, R]) PrepareFilter() tea.Cmd {
	texts := l.texts
	if texts == nil {
		return nil
	}
	return func() tea.Msg {
		texts()
		return nil
	}
}

// EndFilter forgets what PrepareFilter made if there is no filter. It is called when no more letters are typed.
func (l *list[K, R]) EndFilter() {
	if l.filter.Empty() && l.last.rows != nil {
		l.newTexts(l.last.rows)
	}
}

// install shows an arrangement, unless it is outdated.
func (l *list[K, R]) install(a arranged[K, R]) bool {
	if a.gen != l.gen.Load() {
		return false
	}
	l.shown = a
	l.SetColumns(a.by)
	l.Set(a.data)
	if l.returnTo != nil {
		l.Return(*l.returnTo)
		l.returnTo = nil
	}
	return true
}

// Bookmark returns a function that moves the cursor back to where it is now with the next arrangement.
func (l *list[K, R]) Bookmark() (back func()) {
	at := l.Place()
	return func() { l.returnTo = &at }
}

// release forgets the rows until others are arranged. It keeps the cursor, marks, filter and order.
func (l *list[K, R]) release() {
	l.gen.Add(1)
	l.forget()
	l.last, l.shown, l.texts = arrangement[R]{}, arranged[K, R]{}, nil
	l.Release()
}

// restyle replaces the columns, which contain the colours. It keeps filter and order.
func (l *list[K, R]) restyle(columns []grid.Column[R]) {
	markable := l.Markable
	l.setColumns(columns)
	l.Grid = grid.New[K](l.columns)
	l.Markable = markable
}

func (l *list[K, R]) Cursor() any {
	if k, ok := l.CursorKey(); ok {
		return k
	}
	return nil
}

func (l *list[K, R]) FilterText() string { return l.filter.String() }

func (l *list[K, R]) SetFilter(f filter.Filter) {
	if f.String() != l.filter.String() {
		l.changes++
	}
	l.filter = f
}

// NextSort selects the next sortable column.
func (l *list[K, R]) NextSort() {
	l.sort = grid.NextSort(l.columns, l.sort)
	l.changes++
}

// Reverse reverses the order.
func (l *list[K, R]) Reverse() {
	if l.sort.Column >= 0 {
		l.sort.Reverse = !l.sort.Reverse
		l.changes++
	}
}

// Order returns the order of the rows in words, or "" if they come in no order that has any.
func (l *list[K, R]) Order() string {
	if l.sort.Column < 0 {
		return l.natural
	}
	return "by " + strings.ToLower(l.columns[l.sort.Column].Title)
}

// Table is a list as keys, the prompt and the frame use it, independent of its rows.
type Table interface {
	FilterText() string
	SetFilter(filter.Filter)
	PrepareFilter() tea.Cmd
	EndFilter()
	Bookmark() (back func())
	Order() string
	NextSort()
	Reverse()

	// Cursor returns what the row under the cursor is known by, or nil if there is none. It is comparable.
	Cursor() any
	Hold()
	Move(n int)
	Page(n int)
	Click(line int) bool
	Scroll(n int)
	Home()
	End()
	ToggleMark()
	MarkRange() bool
	MarkAll()
	InvertMarks()
	ClearMarks()
	Marks() (visible, hidden int)
	Len() int
	Total() int
	Window() (top, page, total int)
}
