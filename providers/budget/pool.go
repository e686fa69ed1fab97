package budget

import "sync"

// Pool holds the budgets of a session, so that calls that a provider counts together share one budget. It is safe for
// concurrent use.
type Pool struct {
	opts     []Option
	mu       sync.Mutex
	accounts map[string]*Account
}

// NewPool returns a pool whose budgets are made with opts.
func NewPool(opts ...Option) *Pool { return &Pool{opts: opts, accounts: map[string]*Account{}} }

// Account returns the budget of a key. The first call for a key makes it, as New does.
func (p *Pool) Account(key, name string, perSecond float64, burst int) *Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.accounts[key] == nil {
		p.accounts[key] = New(name, perSecond, burst, p.opts...)
	}
	return p.accounts[key]
}
