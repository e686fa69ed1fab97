package cloudflare

import (
	"context"

	"rollcall/providers/itemcache"
)

// Rows per page, and the most pages of one read.
const (
	recordsPerPage = 5000
	zonesPerPage   = 50
	maxPages       = 10_000
)

// pageCall returns the SDK call for one page, counted from 1.
type pageCall func(page int) sdkCall

// pager reads all pages of a list and returns the total. It checks each page's number, rows and total, which must not
// change.
type pager[T any] struct {
	account *Account
	op      string
	call    pageCall
	id      func(*T) string
	decode  func([]byte) (T, error)
	known   *itemcache.Read[T] // rows that need not be decoded again
	emit    func([]T)
}

func (p *pager[T]) run(ctx context.Context) (total int, err error) {
	total = -1
	seen := map[string]bool{}
	for page := 1; ; page++ {
		env, err := p.account.read(ctx, p.op, p.call(page))
		if err != nil {
			return total, err
		}
		items, ok := itemcache.SplitJSON(env.Result)
		if !ok {
			return total, p.account.incomplete(p.op, "page %d is no list", page)
		}
		info := env.ResultInfo
		if info == nil || info.TotalCount == nil {
			return total, p.account.incomplete(p.op, "page %d does not say how many rows there are", page)
		}
		if total >= 0 && *info.TotalCount != total {
			return total, p.account.incomplete(p.op, "the total changed from %d to %d during the read", total, *info.TotalCount)
		}
		total = *info.TotalCount
		if info.Page != page || info.Count != len(items) {
			return total, p.account.incomplete(p.op, "page %d with %d rows says that it is page %d with %d", page, len(items), info.Page, info.Count)
		}
		rows, err := p.rows(items)
		if err != nil {
			return total, p.account.incomplete(p.op, "%w", err)
		}
		for i := range rows {
			id := p.id(&rows[i])
			if seen[id] {
				return total, p.account.incomplete(p.op, "a row of page %d has come before: the pages repeat or shift", page)
			}
			seen[id] = true
		}
		if len(rows) > 0 {
			p.emit(rows)
		}
		switch {
		case len(seen) == total:
			return total, nil
		case len(seen) > total || len(rows) == 0 || page >= maxPages:
			return total, p.account.incomplete(p.op, "%d rows arrived in %d pages, the total is %d", len(seen), page, total)
		}
	}
}

// rows returns the rows of the items of a page.
func (p *pager[T]) rows(items [][]byte) ([]T, error) {
	rows := make([]T, 0, len(items))
	for _, item := range items {
		sum := itemcache.SumOf(item)
		row, known := p.known.Get(sum)
		if !known {
			var err error
			if row, err = p.decode(item); err != nil {
				return nil, err
			}
			p.known.Put(sum, row)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
