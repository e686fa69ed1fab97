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

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// CloudAPI pages by limit and offset with at most 1,000 machines each, so pages can be fetched concurrently. Each begins
// with the last machine of the page before it: if that is another machine, the list has shifted.
const (
	pageSize    = 1000
	pageStep    = pageSize - 1
	pagesAtOnce = 8
	listPasses  = 3 // a list that changes during a read is read again, the last time one page after the other
)

const opList = "list machines"

// Instances lists all machines. A HEAD before and one after the pages return the total, and each page its number of
// rows. If any of these numbers disagree, or two pages do not meet, the read is partial.
func (c *Cloud) Instances(ctx context.Context, page func([]providers.Instance)) providers.Coverage {
	cov := providers.Coverage{State: providers.CoverageFailed, Expected: -1, Started: c.clock.Now()}
	ctx, skew := budget.WithSkew(ctx)
	l := &listing{cloud: c, page: page}
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
			atOnce := pagesAtOnce
			if pass == listPasses {
				atOnce = 1
			}
			meet, err := l.pass(ctx, before, atOnce)
			if err != nil {
				return err
			}
			after, err := c.count(ctx)
			if err != nil {
				return err
			}
			cov.Expected = after
			got := len(l.rows)
			// A single page is one answer without rows moving between pages. It is complete if the count before or
			// after equals it.
			single := l.answers == 1 && before <= pageSize && got < pageSize && (got == before || got == after && after < pageSize)
			switch {
			case meet && (single || got == after && before == after):
				return nil
			case !meet && pass >= listPasses:
				return c.incomplete("the pages do not meet: the list changes during every read")
			case pass >= listPasses || meet && before == after:
				return c.incomplete("%d machines arrived, the cloud says that it has %d (%d before the read)", got, after, before)
			}
			before = after
		}
	}()
	if err == nil {
		l.share()
	}
	if len(l.rows) > 0 {
		page(l.rows)
	}
	cov.Rows, cov.Finished, cov.Skew = len(l.rows), c.clock.Now(), skew.Ahead()
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

// share makes the rows those of the last complete read if they are equal, and lets the items of the cache share them.
func (l *listing) share() {
	l.rows = l.cloud.rows.Keep(string(l.self.Key), l.rows, (*providers.Instance).Equal)
	at := make(map[string]int, len(l.rows))
	for i := range l.rows {
		at[l.rows[i].ID] = i
	}
	l.known.Replace(func(row *providers.Instance) *providers.Instance {
		if i, ok := at[row.ID]; ok && (row == &l.rows[i] || l.rows[i].Equal(row)) {
			return &l.rows[i]
		}
		alone := *row // else it would hold all rows of an earlier read
		return &alone
	})
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
	known *itemcache.Read[*providers.Instance]
	rows  []providers.Instance // of the last pass, in order, each machine once

	mu      sync.Mutex
	page    func([]providers.Instance) // called with mu held
	answers int                        // pages of the last pass
	shifted bool                       // two answers of one page of the last pass do not meet
	single  bool                       // the server returns one machine in each answer, so that answers cannot overlap
}

// pass fetches the pages of total machines side by side. It fetches at least one page, so that a count of zero alone is
// not trusted. meet reports whether each page begins where the one before it ends, and each machine came once; then no
// machine that was there all the time is missing between two pages. Of answers that cannot overlap it reports that they
// meet if two passes show the same.
func (l *listing) pass(ctx context.Context, total, atOnce int) (meet bool, err error) {
	meet, err = l.passOnce(ctx, total, atOnce)
	if err != nil || !meet || !l.single {
		return meet, err
	}
	before := l.rows
	meet, err = l.passOnce(ctx, total, atOnce)
	return meet && slices.EqualFunc(before, l.rows, func(a, b providers.Instance) bool { return a.ID == b.ID }), err
}

func (l *listing) passOnce(ctx context.Context, total, atOnce int) (meet bool, err error) {
	pages := 1 + (max(0, total-pageSize)+pageStep-1)/pageStep
	l.answers, l.shifted = 0, false
	spans, err := budget.SideBySide(ctx, pages, atOnce, func(ctx context.Context, i int) ([]providers.Instance, error) {
		return l.span(ctx, i*pageStep)
	})
	seen := make(map[string]bool, total)
	l.rows, meet = make([]providers.Instance, 0, total), true
	for i, rows := range spans {
		if i > 0 && meet {
			meet = continues(l.rows, rows)
			rows = rows[min(1, len(rows)):]
		}
		for n := range rows {
			if id := rows[n].ID; !seen[id] {
				seen[id] = true
				l.rows = append(l.rows, rows[n])
			} else {
				meet = false
			}
		}
	}
	return meet && !l.shifted, err
}

// continues reports whether rows begins with the machine with which before ends.
func continues(before, rows []providers.Instance) bool {
	return len(before) > 0 && len(rows) > 0 && rows[0].ID == before[len(before)-1].ID
}

// span fetches up to a page of machines from offset. A server with a lower limit says so in x-query-limit; then the
// span takes several calls, each of which begins with the last machine of the one before.
func (l *listing) span(ctx context.Context, offset int) ([]providers.Instance, error) {
	var all []providers.Instance
	var texts providers.Repeats
	overlap := 1
	for {
		from := max(0, len(all)-overlap)
		r := request{op: opList, method: http.MethodGet, path: []string{"machines"}, query: url.Values{
			"limit": {strconv.Itoa(pageSize - from)}, "offset": {strconv.Itoa(offset + from)},
		}}
		var rows []providers.Instance
		r.list = func() func([]byte) error {
			rows = rows[:0]
			return func(item []byte) error {
				row, err := l.decode(item, &texts)
				rows = append(rows, row)
				return err
			}
		}
		x, err := l.cloud.read(ctx, r, nil)
		if err != nil {
			return all, err
		}
		if v := x.header.Get("X-Resource-Count"); v != "" && v != strconv.Itoa(len(rows)) {
			return all, l.cloud.incomplete("the page at offset %d has %d machines and says %s", offset+from, len(rows), providers.Brief(v))
		}
		shifted := len(all) > 0 && overlap > 0 && !continues(all, rows)
		l.heard(shifted)
		if shifted {
			return append(all, rows...), nil
		}
		limit, err := strconv.Atoi(x.header.Get("X-Query-Limit"))
		more := err == nil && limit == len(rows)
		if len(all) > 0 {
			rows = rows[overlap:]
		}
		if more && limit == 1 {
			overlap = 0
			l.noteSingle()
		}
		if all = append(all, rows...); !more || len(all) >= pageSize {
			return all, nil // the counts show whether enough rows arrived
		}
	}
}

// heard reports an answer whose rows come later.
func (l *listing) heard(shifted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers++
	l.shifted = l.shifted || shifted
	l.page(nil)
}

func (l *listing) noteSingle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.single = true
}

// decode returns the instance of an item of a list. One that the last read has decoded from the same bytes is not decoded
// again.
func (l *listing) decode(item []byte, texts *providers.Repeats) (providers.Instance, error) {
	sum := itemcache.SumOf(item)
	if row, known := l.known.Get(sum); known {
		return *row, nil
	}
	var m machine
	if err := l.cloud.decode(opList, itemcache.WithoutObject(item, "metadata"), &m); err != nil {
		return providers.Instance{}, err
	}
	row, err := l.instance(&m, texts)
	if err == nil {
		l.known.Put(sum, &row)
	}
	return row, err
}

// instance returns the instance of a machine in a list. A machine without an id, or that runs without an address, is
// KindIncomplete.
func (l *listing) instance(m *machine, texts *providers.Repeats) (providers.Instance, error) {
	switch {
	case m.ID == "":
		return providers.Instance{}, l.cloud.incomplete("a machine without an id")
	case m.IPs == nil && stateOf(m.State) == providers.StateRunning:
		return providers.Instance{}, l.cloud.incomplete("the machine %s runs, and came without its addresses", providers.Brief(m.ID))
	}
	return l.cloud.instance(l.self, m, texts), nil
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
			i := c.instance(&self, &m, nil)
			i.State = providers.StateTerminated
			return i, err
		}
		if providers.KindOf(err) == providers.KindNotFound && !providers.SharesIdentity(ctx) {
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
	return c.instance(&self, &m, nil), nil
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
