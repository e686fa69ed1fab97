package triton

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// CloudAPI pages by limit and offset with at most 1,000 machines each, so pages can be fetched concurrently.
const (
	pageSize    = 1000
	pagesAtOnce = 8
	listPasses  = 2 // a list that changes during a read is read once more
)

const opList = "list machines"

// Instances lists all machines. A HEAD before and one after the pages return the total, and each page its number of
// rows. If any of these numbers disagree, the read is partial.
func (c *Cloud) Instances(ctx context.Context, page func([]providers.Instance)) providers.Coverage {
	cov := providers.Coverage{State: providers.CoverageFailed, Expected: -1, Started: c.clock.Now()}
	ctx, skew := budget.WithSkew(ctx)
	l := &listing{cloud: c, page: page, seen: map[string]bool{}}
	err := func() error {
		self, err := providers.IdentityOf(ctx, c.Identify)
		if err != nil {
			return err
		}
		l.self, cov.Key, cov.Account = &self, self.Key, self.Account
		l.known = c.machines.Begin(string(self.Key))
		before, err := c.count(ctx)
		if err != nil {
			return err
		}
		for pass := 1; ; pass++ {
			cov.Expected = before
			got, err := l.pass(ctx, before)
			if err != nil {
				return err
			}
			after, err := c.count(ctx)
			if err != nil {
				return err
			}
			cov.Expected = after
			// A single page is one answer without rows moving between pages. It is complete if the count before or
			// after equals it.
			if got == after && (before == after || before <= pageSize && after < pageSize) {
				return nil
			}
			if before <= pageSize && got == before && got < pageSize {
				return nil
			}
			if pass >= listPasses || before == after {
				return c.incomplete("%d machines arrived, the cloud says that it has %d (%d before the read)", got, after, before)
			}
			before = after
		}
	}()
	cov.Rows, cov.Finished, cov.Skew = len(l.seen), c.clock.Now(), skew.Ahead()
	switch {
	case err == nil:
		cov.State = providers.CoverageComplete
		l.known.Keep()
	case cov.Rows > 0 || providers.KindOf(err) == providers.KindIncomplete:
		cov.State = providers.CoveragePartial
	}
	cov.Err = err
	return cov
}

func (c *Cloud) incomplete(format string, args ...any) error {
	return &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: opList, Err: fmt.Errorf(format, args...)}
}

// count returns the number of machines, from the x-resource-count of a HEAD.
func (c *Cloud) count(ctx context.Context) (int, error) {
	x, err := c.read(ctx, request{op: "count machines", method: http.MethodHead, path: []string{"machines"}}, nil)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(x.header.Get("X-Resource-Count"))
	if err != nil || n < 0 {
		return 0, c.incomplete("the count %q is no number", providers.Brief(x.header.Get("X-Resource-Count")))
	}
	return n, nil
}

type listing struct {
	cloud *Cloud
	self  *providers.Cloud
	page  func([]providers.Instance)
	known *itemcache.Read[providers.Instance]

	mu   sync.Mutex // also limits page to one goroutine at a time
	seen map[string]bool
}

// pass fetches the pages of total machines concurrently and returns the number of distinct machines. It fetches at
// least one page, so that a count of zero alone is not trusted.
func (l *listing) pass(ctx context.Context, total int) (int, error) {
	pages := max(1, (total+pageSize-1)/pageSize)
	inPass := make(map[string]bool, total)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(pagesAtOnce)
	for p := range pages {
		g.Go(func() error { return l.span(gctx, p*pageSize, inPass) })
	}
	err := g.Wait()
	return len(inPass), err
}

// span fetches up to a page of machines from offset. A server with a lower limit says so in x-query-limit; then the
// span takes several calls.
func (l *listing) span(ctx context.Context, offset int, inPass map[string]bool) error {
	for end := offset + pageSize; offset < end; {
		r := request{op: opList, method: http.MethodGet, path: []string{"machines"}, query: url.Values{
			"limit": {strconv.Itoa(end - offset)}, "offset": {strconv.Itoa(offset)},
		}}
		x, err := l.cloud.read(ctx, r, nil)
		if err != nil {
			return err
		}
		rows, err := l.decode(x.body)
		if err != nil {
			return err
		}
		if rows == nil {
			return l.cloud.incomplete("the page at offset %d is no list", offset)
		}
		if v := x.header.Get("X-Resource-Count"); v != "" && v != strconv.Itoa(len(rows)) {
			return l.cloud.incomplete("the page at offset %d has %d machines and says %s", offset, len(rows), providers.Brief(v))
		}
		l.addRows(rows, inPass)
		if offset += len(rows); offset >= end {
			break
		}
		limit, err := strconv.Atoi(x.header.Get("X-Query-Limit"))
		if err == nil && len(rows) > 0 && limit == len(rows) {
			continue
		}
		return nil // the counts show whether enough rows arrived
	}
	return nil
}

// decode returns the instances of a page. Those that the last read has decoded from the same bytes are not decoded
// again.
func (l *listing) decode(body []byte) ([]providers.Instance, error) {
	items, ok := itemcache.SplitJSON(body)
	if !ok {
		var all []machine
		err := l.cloud.decode(opList, body, &all)
		if all == nil || err != nil {
			return nil, err
		}
		rows := make([]providers.Instance, 0, len(all))
		for i := range all {
			row, err := l.instance(&all[i])
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		return rows, nil
	}
	rows := make([]providers.Instance, 0, len(items))
	for _, item := range items {
		sum := itemcache.SumOf(item)
		row, known := l.known.Get(sum)
		if !known {
			var m machine
			err := l.cloud.decode(opList, item, &m)
			if err == nil {
				row, err = l.instance(&m)
			}
			if err != nil {
				return nil, err
			}
			l.known.Put(sum, row)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// instance returns the instance of a machine in a list. A machine without an id, or that runs without an address, is
// KindIncomplete.
func (l *listing) instance(m *machine) (providers.Instance, error) {
	switch {
	case m.ID == "":
		return providers.Instance{}, l.cloud.incomplete("a machine without an id")
	case m.IPs == nil && stateOf(m.State) == providers.StateRunning:
		return providers.Instance{}, l.cloud.incomplete("the machine %s runs, and came without its addresses", providers.Brief(m.ID))
	}
	return l.cloud.instance(l.self, m), nil
}

// addRows passes on the rows that are new.
func (l *listing) addRows(rows []providers.Instance, inPass map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]providers.Instance, 0, len(rows))
	for i := range rows {
		inPass[rows[i].ID] = true
		if !l.seen[rows[i].ID] {
			l.seen[rows[i].ID] = true
			out = append(out, rows[i])
		}
	}
	if len(out) > 0 {
		l.page(out)
	}
}

// Instance implements providers.InstanceGetter. A machine that CloudAPI does not know is KindNotFound, and one that it
// says was deleted is KindGone, with the instance as far as the answer describes it. An answer about another machine,
// or without CloudAPI's own code, is neither.
func (c *Cloud) Instance(ctx context.Context, id string) (providers.Instance, error) {
	op := "ask for machine " + providers.Brief(id)
	if !isUUID(id) {
		return providers.Instance{}, &providers.Error{Kind: providers.KindInvalid, Source: c.name, Op: op, Err: errors.New("a Triton machine has a UUID for an id")}
	}
	self, err := c.currentIdentity(ctx)
	if err != nil {
		return providers.Instance{}, err
	}
	var m machine
	x, err := c.read(ctx, request{op: op, method: http.MethodGet, path: []string{"machines", id}}, &m)
	if err != nil {
		if err = c.aboutMachine(op, x, err, id); providers.KindOf(err) == providers.KindGone && c.decode(op, x.body, &m) == nil && m.ID == id {
			i := c.instance(&self, &m)
			i.State = providers.StateTerminated
			return i, err
		}
		if providers.KindOf(err) == providers.KindNotFound {
			// This counts only while the account exists: a renamed or closed login has no machines.
			if now, idErr := c.Identify(ctx); idErr != nil {
				return providers.Instance{}, idErr
			} else if now.Key != self.Key {
				return providers.Instance{}, &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: op, Err: errors.New("another account answers now")}
			}
		}
		return providers.Instance{}, err
	}
	if m.ID != id {
		return providers.Instance{}, &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: op, Err: errors.New("the answer is not about this machine")}
	}
	return c.instance(&self, &m), nil
}

// machineID matches the id of a machine in CloudAPI's messages.
var machineID = regexp.MustCompile(`(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)

// aboutMachine accepts "not found" and "gone" only if the answer names no other machine.
func (c *Cloud) aboutMachine(op string, x *exchange, err error, id string) error {
	if !providers.IsGone(err) || x == nil {
		return err
	}
	var said struct {
		ID      string `json:"id"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(x.body, &said) // if it is not JSON, it names no machine
	named := machineID.FindAllString(said.Message, -1)
	if said.ID != "" {
		named = []string{said.ID}
	}
	if len(named) == 0 || slices.ContainsFunc(named, func(n string) bool { return strings.EqualFold(n, id) }) {
		return err
	}
	return &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: op, Err: fmt.Errorf("the answer is about another machine: %w", err)}
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
