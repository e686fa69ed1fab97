package budget

import "sync"

// Pool holds the budgets of a session, so that everything which a provider counts together shares one. It is
// safe for concurrent use.
type Pool struct {
	opts     []Option
	mu       sync.Mutex
	accounts map[string]*Account
}

// NewPool makes a pool whose budgets have some options.
func NewPool(opts ...Option) *Pool { return &Pool{opts: opts, accounts: map[string]*Account{}} }

// Account returns the budget of a key. It is made as New makes it when the key is asked for first.
func (p *Pool) Account(key, name string, perSecond float64, burst int) *Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.accounts[key] == nil {
		p.accounts[key] = New(name, perSecond, burst, p.opts...)
	}
	return p.accounts[key]
}
