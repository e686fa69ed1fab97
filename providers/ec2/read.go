package ec2

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// read is one listing under way.
type read struct {
	c       *Cloud
	started time.Time
	cloud   providers.Cloud // whose answer it is, asked in this very read
	rows    int
	landed  bool // a page has landed
	err     error
	skew    *budget.Skew
}

// begin starts a listing by asking whose it is; ok is false when that failed. The listing goes on with
// the context that it returns, by which the clock of EC2 is measured.
func (c *Cloud) begin(ctx context.Context) (_ context.Context, r *read, ok bool) {
	r = &read{c: c, started: c.s.Now()}
	r.cloud, r.err = c.Identify(ctx)
	ctx, r.skew = budget.WithSkew(ctx) // Identify asks another service
	return ctx, r, r.err == nil
}

func (r *read) land(rows int) {
	r.landed = true
	r.rows += rows
}

// cover returns the coverage of the listing as it ended. EC2 says no total, so
// Expected is never known.
func (r *read) cover() providers.Coverage {
	v := providers.Coverage{
		State: providers.CoverageComplete, Key: r.cloud.Key, Account: r.cloud.Account, Rows: r.rows, Expected: -1,
		Started: r.started, Finished: r.c.s.Now(), Skew: r.skew.Ahead(), Err: r.err,
	}
	if r.err != nil {
		v.State = providers.CoverageFailed
		if r.landed {
			v.State = providers.CoveragePartial
		}
	}
	return v
}

// pages calls next with each page's token until there is none. A token that
// comes back a second time would go round for ever.
func (c *Cloud) pages(op string, next func(token *string) (*string, error)) error {
	seen := map[string]bool{}
	var token *string
	for {
		t, err := next(token)
		if err != nil {
			return err
		}
		if t == nil || *t == "" {
			return nil
		}
		if seen[*t] {
			return c.incomplete(op, "the page token repeats")
		}
		seen[*t] = true
		token = t
	}
}

func (c *Cloud) fail(kind providers.Kind, op, format string, args ...any) error {
	return &providers.Error{Kind: kind, Source: c.name, Op: op, Err: fmt.Errorf(format, args...)}
}

func (c *Cloud) incomplete(op, format string, args ...any) error {
	return c.fail(providers.KindIncomplete, op, format, args...)
}

// instanceID is how EC2 writes the id of an instance in a message.
var instanceID = regexp.MustCompile(`\bi-[0-9a-f]{8,17}\b`)

// onlyInstanceNotFound lets KindNotFound stand only where EC2 speaks of the
// instance itself: a message that names only other instances answers another question.
func onlyInstanceNotFound(err error, id string) error {
	e, ok := errors.AsType[*providers.Error](err)
	if !ok || e.Kind != providers.KindNotFound {
		return err
	}
	if e.Code != "InvalidInstanceID.NotFound" {
		e.Kind = providers.KindOther
		return e
	}
	if named := instanceID.FindAllString(e.Err.Error(), -1); len(named) > 0 && !slices.Contains(named, id) {
		e.Kind = providers.KindIncomplete
		e.Err = fmt.Errorf("the answer is about another instance: %w", e.Err)
	}
	return e
}
