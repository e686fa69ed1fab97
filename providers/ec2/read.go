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

// read is a listing in progress.
type read struct {
	c       *Cloud
	started time.Time
	cloud   providers.Cloud // the cloud that answers, identified within this read
	rows    int
	hasPage bool // a page has arrived
	err     error
	skew    *budget.Skew
}

// begin starts a listing by identifying the account; ok is false if that fails. The listing continues with the returned
// context, which measures the clock of EC2.
func (c *Cloud) begin(ctx context.Context) (_ context.Context, r *read, ok bool) {
	r = &read{c: c, started: c.s.Now()}
	r.cloud, r.err = providers.IdentityOf(ctx, c.Identify)
	ctx, r.skew = budget.WithSkew(ctx) // after Identify, which asks another service
	return ctx, r, r.err == nil
}

// addPage counts the rows of a page that arrived.
func (r *read) addPage(rows int) {
	r.hasPage = true
	r.rows += rows
}

// cover returns the coverage of the finished listing. EC2 reports no total, so Expected is -1.
func (r *read) cover() providers.Coverage {
	v := providers.Coverage{
		State: providers.CoverageComplete, Key: r.cloud.Key, Account: r.cloud.Account, Rows: r.rows, Expected: -1,
		Started: r.started, Finished: r.c.s.Now(), Skew: r.skew.Ahead(), Err: r.err,
	}
	if r.err != nil {
		v.State = providers.CoverageFailed
		if r.hasPage {
			v.State = providers.CoveragePartial
		}
	}
	return v
}

// pages calls next with each page's token until there is none. A repeated token is an error, since it would loop
// forever.
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

// instanceNotFound is EC2's error code for an instance that it does not know.
const instanceNotFound = "InvalidInstanceID.NotFound"

// instanceID matches the id of an instance in EC2's messages.
var instanceID = regexp.MustCompile(`\bi-[0-9a-f]{8,17}\b`)

// onlyInstanceNotFound accepts KindNotFound only if it is about the instance itself, since a message that names only
// other instances answers another query.
func onlyInstanceNotFound(err error, id string) error {
	e, ok := errors.AsType[*providers.Error](err)
	if !ok || e.Kind != providers.KindNotFound {
		return err
	}
	if e.Code != instanceNotFound {
		e.Kind = providers.KindOther
		return e
	}
	if named := instanceID.FindAllString(e.Err.Error(), -1); len(named) > 0 && !slices.Contains(named, id) {
		e.Kind = providers.KindIncomplete
		e.Err = fmt.Errorf("the answer is about another instance: %w", e.Err)
	}
	return e
}
