package cloudflare

import (
	"context"
	"slices"
	"sync"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// Rows per page, the most pages of one read, and how pages are read: at once, and again if the list changes meanwhile,
// the last time one page after the other.
const (
	recordsPerPage = 5000
	zonesPerPage   = 50
	maxPages       = 10_000
	pagesAtOnce    = 8
	listPasses     = 3
)

// pageCall returns the SDK call for one page, counted from 1.
type pageCall func(page, perPage int) sdkCall

// pager reads all pages of a list, side by side after the first. It checks each page's number, rows and total, which
// must not change. Pages are counted from the start, so that they shift when a row before them goes: for each two pages
// a small page across their border must show that the last row of the one and the first row of the other are
// neighbours, or two passes must find the same rows. Then no row that was there all the time is missing.
type pager[T any] struct {
	account *Account
	op      string
	perPage int
	call    pageCall
	id      func(*T) string
	decode  func([]byte) (T, error)
	known   *itemcache.Read[*T] // rows that need not be decoded again
	emit    func([]T)
	heard   func() // is called for each answer, by one goroutine at a time; may be nil

	mu sync.Mutex
}

// listedPage is one page, with the total that it reports.
type listedPage[T any] struct {
	rows  []T
	total int
}

// listRead is one pass over a list.
type listRead[T any] struct {
	rows    []T
	total   int
	changed error // why the rows may not be the list: it has changed meanwhile
	whole   bool  // as many different rows as the total says arrived, and all answers have the same total
}

// run returns the total of the list.
func (p *pager[T]) run(ctx context.Context) (int, error) {
	var before []string // the ids of the last pass
	for pass := 1; ; pass++ {
		atOnce := pagesAtOnce
		if pass == listPasses {
			atOnce = 1
		}
		l, err := p.pass(ctx, atOnce)
		if err == nil && l.changed != nil {
			ids := make([]string, len(l.rows))
			for i := range l.rows {
				ids[i] = p.id(&l.rows[i])
			}
			if !l.whole || !slices.Equal(ids, before) {
				if before = ids; pass < listPasses {
					continue
				}
				err = l.changed
			}
		}
		if len(l.rows) > 0 {
			p.emit(l.rows)
		}
		return l.total, err
	}
}

// pass reads the list once. With an error it returns the rows of the pages before the first that did not arrive.
func (p *pager[T]) pass(ctx context.Context, atOnce int) (listRead[T], error) {
	first, err := p.page(ctx, 1, p.perPage)
	if err != nil {
		return listRead[T]{total: -1}, err
	}
	size, total := len(first.rows), first.total
	pages, borders := []*listedPage[T]{first}, []*listedPage[T](nil)
	if size > 0 && size < total {
		n := (total + size - 1) / size
		if n > maxPages {
			return listRead[T]{rows: first.rows, total: total}, p.account.incomplete(p.op, "%d rows in pages of %d are more than %d pages", total, size, maxPages)
		}
		var got []*listedPage[T]
		got, err = budget.SideBySide(ctx, 2*(n-1), atOnce, func(ctx context.Context, i int) (*listedPage[T], error) {
			if i%2 == 0 {
				return p.page(ctx, i/2+2, p.perPage)
			}
			return p.border(ctx, (i/2+1)*size, size)
		})
		for i := 0; i < len(got) && got[i] != nil; i += 2 {
			pages, borders = append(pages, got[i]), append(borders, got[i+1])
		}
	}
	if err != nil {
		l := listRead[T]{total: total}
		for _, one := range pages {
			l.rows = append(l.rows, one.rows...)
		}
		return l, err
	}
	return p.join(pages, borders), nil
}

// join returns the rows of all pages, each once.
func (p *pager[T]) join(pages, borders []*listedPage[T]) listRead[T] {
	l := listRead[T]{total: pages[0].total}
	n := 0
	for _, one := range pages {
		n += len(one.rows)
	}
	l.rows = make([]T, 0, n)
	seen := make(map[string]bool, n)
	fail := func(format string, args ...any) {
		if l.changed == nil {
			l.changed = p.account.incomplete(p.op, format, args...)
		}
	}
	for _, one := range slices.Concat(pages, borders) {
		if one.total >= 0 && one.total != l.total {
			fail("the total changed from %d to %d during the read", l.total, one.total)
		}
	}
	for n, one := range pages {
		for i := range one.rows {
			id := p.id(&one.rows[i])
			if seen[id] {
				fail("a row of page %d has come before: the pages repeat or shift", n+1)
				continue
			}
			seen[id] = true
			l.rows = append(l.rows, one.rows[i])
		}
	}
	if len(l.rows) != l.total {
		fail("%d rows arrived in %d pages, the total is %d", len(l.rows), len(pages), l.total)
	}
	l.whole = l.changed == nil
	for n, b := range borders {
		if !p.neighbours(b.rows, pages[n].rows, pages[n+1].rows) {
			fail("the pages %d and %d do not meet: the list changes during every read", n+1, n+2)
		}
	}
	return l
}

// neighbours reports whether border shows the last row of before and the first row of after next to each other.
func (p *pager[T]) neighbours(border, before, after []T) bool {
	if len(before) == 0 || len(after) == 0 {
		return false
	}
	last, first := p.id(&before[len(before)-1]), p.id(&after[0])
	for i := 1; i < len(border); i++ {
		if p.id(&border[i-1]) == last && p.id(&border[i]) == first {
			return true
		}
	}
	return false
}

// border returns a small page with the rows before and after the given number of rows of a list with pages of size rows.
// An API that does not take such a size makes it a page without rows and total.
func (p *pager[T]) border(ctx context.Context, rows, size int) (*listedPage[T], error) {
	for _, small := range []int{7, 11, 13, 5, 3, 2} {
		if small >= size || rows%small == 0 {
			continue
		}
		got, err := p.page(ctx, rows/small+1, small)
		if providers.KindOf(err) != providers.KindInvalid {
			return got, err
		}
	}
	return &listedPage[T]{total: -1}, nil
}

// page reads one page.
func (p *pager[T]) page(ctx context.Context, page, perPage int) (*listedPage[T], error) {
	env, err := p.account.read(ctx, p.op, p.call(page, perPage))
	if err != nil {
		return nil, err
	}
	items, ok := itemcache.SplitJSON(env.Result)
	if !ok {
		return nil, p.account.incomplete(p.op, "page %d is no list", page)
	}
	info := env.ResultInfo
	if info == nil || info.TotalCount == nil {
		return nil, p.account.incomplete(p.op, "page %d does not say how many rows there are", page)
	}
	if info.Page != page || info.Count != len(items) {
		return nil, p.account.incomplete(p.op, "page %d with %d rows says that it is page %d with %d", page, len(items), info.Page, info.Count)
	}
	rows, err := p.rows(items)
	if err != nil {
		return nil, p.account.incomplete(p.op, "%w", err)
	}
	if p.heard != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.heard()
	}
	return &listedPage[T]{rows: rows, total: *info.TotalCount}, nil
}

// rows returns the rows of the items of a page.
func (p *pager[T]) rows(items [][]byte) ([]T, error) {
	rows := make([]T, 0, len(items))
	for _, item := range items {
		sum := itemcache.SumOf(item)
		row, known := p.known.Get(sum)
		if !known {
			decoded, err := p.decode(item)
			if err != nil {
				return nil, err
			}
			row = &decoded
			p.known.Put(sum, row)
		}
		rows = append(rows, *row)
	}
	return rows, nil
}
