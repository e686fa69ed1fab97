package index

// Pool hands out values from allocations of many at once, for a hundred thousand of a kind that are dropped together.
// It is not safe for concurrent use.
type Pool[T any] struct{ free []T }

const poolSize = 256

// Put returns a pointer to a value.
func (p *Pool[T]) Put(v T) *T { return &p.List(0, v)[0] }

// List returns a list of some values, with room for so many more.
func (p *Pool[T]) List(room int, values ...T) []T {
	n := len(values) + room
	if len(p.free) < n {
		p.free = make([]T, max(n, poolSize))
	}
	l := p.free[:len(values):n]
	p.free = p.free[n:]
	copy(l, values)
	return l
}

// Add appends to a list, whose first value comes from the pool.
func (p *Pool[T]) Add(list []T, v T) []T {
	if list == nil {
		return p.List(0, v)
	}
	return append(list, v)
}
