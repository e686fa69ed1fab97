package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
)

// Run launches all nodes of the spec concurrently and follows each until it is registered, has failed or ctx ends.
// progress may be nil. It is called from one goroutine at a time, once for each stage of each node. Running the same
// spec again launches no node twice.
func Run(ctx context.Context, spec Spec, clouds []Cloud, o Options, progress func(Node)) Report {
	nodes, err := Prepare(spec, clouds)
	r := Report{Spec: spec, Nodes: nodes}
	if err != nil {
		r.Problems, _ = errors.AsType[Problems](err)
		return r
	}
	return execute(ctx, r, clouds, o.withDefaults(), progress)
}

// Retry continues a launch from its report under the same launch id. It leaves registered nodes alone, follows running
// nodes, and requests the others again. A node whose instance has ended gets a new index, since its old one would
// return the ended instance.
func Retry(ctx context.Context, r Report, clouds []Cloud, o Options, progress func(Node)) Report {
	if _, err := Prepare(r.Spec, clouds); err != nil {
		r.Problems, _ = errors.AsType[Problems](err)
		return r
	}
	r.Problems = nil
	r.Nodes = slices.Clone(r.Nodes)
	for i := range r.Nodes {
		n := &r.Nodes[i]
		n.Err, n.Message = nil, ""
		switch {
		case n.Done():
		case n.Ended():
			next := 0
			for _, m := range r.Nodes {
				if m.Cloud == n.Cloud {
					next = max(next, m.Index+1)
				}
			}
			n.Index, n.Instance, n.Stage = next, providers.Instance{}, StageWaiting
			n.Name = r.Spec.name(nextNumber(r.Spec, r.Nodes))
		case n.Instance.ID != "" && n.Stage == StageFailed:
			n.Stage = StagePending
		case n.Instance.ID == "":
			n.Stage = StageWaiting
		}
	}
	return execute(ctx, r, clouds, o.withDefaults(), progress)
}

// nextNumber returns a number that is in no node's name.
func nextNumber(s Spec, nodes []Node) int {
	for n := len(nodes); ; n++ {
		if !slices.ContainsFunc(nodes, func(m Node) bool { return m.Name == s.name(n) }) {
			return n
		}
	}
}

func (o Options) withDefaults() Options {
	o.Concurrency = cmp.Or(o.Concurrency, 8)
	o.Tries = cmp.Or(o.Tries, 4)
	o.LaunchTimeout = cmp.Or(o.LaunchTimeout, 45*time.Second)
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.RunTimeout = cmp.Or(o.RunTimeout, 10*time.Minute)
	o.RegisterTimeout = cmp.Or(o.RegisterTimeout, 10*time.Minute)
	return o
}

type run struct {
	o      Options
	spec   *Spec
	clouds map[string]Cloud
	slots  map[string]chan struct{} // slots for concurrent launch calls, by cloud
	poll   map[string]time.Duration // by cloud: with many nodes each one is polled less often

	mu       sync.Mutex
	nodes    []Node
	progress func(Node)
}

func execute(ctx context.Context, r Report, clouds []Cloud, o Options, progress func(Node)) Report {
	l := &run{o: o, spec: &r.Spec, clouds: map[string]Cloud{}, slots: map[string]chan struct{}{}, poll: map[string]time.Duration{}, nodes: r.Nodes, progress: progress}
	for _, c := range clouds {
		l.clouds[c.Name] = c
		l.slots[c.Name] = make(chan struct{}, o.Concurrency)
	}
	for _, t := range r.Spec.Nodes {
		l.poll[t.Cloud] = max(o.Poll, time.Duration(t.Count)*o.Poll/20)
	}
	var wg sync.WaitGroup
	for i := range r.Nodes {
		wg.Go(func() { l.runNode(ctx, i) })
	}
	wg.Wait()
	r.Nodes = l.nodes
	return r
}

// get returns a copy of a node.
func (l *run) get(i int) Node {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nodes[i]
}

// set changes a node and reports it if its stage, instance id or message changed.
func (l *run) set(i int, change func(*Node)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := &l.nodes[i]
	was := *n
	change(n)
	n.Message = providers.Clean(n.Message)
	if n.Stage != was.Stage || n.Since.IsZero() {
		n.Since = l.o.Clock.Now()
	}
	if l.progress == nil || (n.Stage == was.Stage && n.Message == was.Message && n.Instance.ID == was.Instance.ID) {
		return
	}
	l.progress(*n)
}

// setError sets the error and the message of a node, and its stage unless stage is "".
func (l *run) setError(i int, stage Stage, err error, format string, args ...any) {
	l.set(i, func(n *Node) {
		n.Err, n.Message = err, fmt.Sprintf(format, args...)
		if stage != "" {
			n.Stage = stage
		}
	})
}

// runNode runs the stages of one node, up to its registration.
func (l *run) runNode(ctx context.Context, i int) {
	n := l.get(i)
	if n.Done() {
		return
	}
	if n.Instance.ID == "" && l.o.Earlier != nil {
		if id := l.o.Earlier(n); id != "" {
			l.set(i, func(n *Node) { n.Stage, n.Instance = StagePending, providers.Instance{ID: id, Name: n.Name} })
			if _, dead := l.pollInstance(ctx, i); dead {
				return
			}
		}
	}
	if l.get(i).Instance.ID == "" && !l.launch(ctx, i) || l.o.AcceptedOnly {
		return
	}
	if !l.get(i).Stage.Up() && !l.untilRunning(ctx, i) {
		return
	}
	l.untilRegistered(ctx, i)
}

// launch requests one node after the journal entry is on disk, and repeats lost requests with the same launch id and
// index. It reports whether there is an instance.
func (l *run) launch(ctx context.Context, i int) bool {
	n := l.get(i)
	slot := l.slots[n.Cloud]
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-ctx.Done():
		l.setError(i, "", ctx.Err(), "not asked for: the launch was stopped")
		return false
	}
	t := slices.IndexFunc(l.spec.Nodes, func(t Target) bool { return t.Cloud == n.Cloud })
	l.set(i, func(n *Node) { n.Stage = StageLaunching })
	req := l.spec.request(&l.spec.Nodes[t], &n)
	if l.o.Journal == nil {
		return l.requestNode(ctx, i, req)
	}
	entry, err := l.o.Journal.Begin(ctx, n, req)
	if err != nil {
		l.setError(i, StageFailed, err, "not asked for: %v", err)
		return false
	}
	taken := l.requestNode(ctx, i, req)
	n = l.get(i)
	o := Outcome{Instance: n.Instance}
	if !taken {
		o = Outcome{Err: n.Err, Lost: n.Stage == StageUnknown}
	}
	if err := l.o.Journal.End(entry, o); err != nil {
		l.set(i, func(n *Node) {
			n.Message = strings.TrimPrefix(n.Message+"; the journal could not be told what became of it: "+err.Error(), "; ")
		})
	}
	return taken
}

// requestNode requests one node from the cloud until it answers; see launch.
func (l *run) requestNode(ctx context.Context, i int, req providers.LaunchRequest) bool {
	n := l.get(i)
	until := time.Now().Add(l.o.LaunchTimeout)
	asked := false // the cloud asked for a pause, which is granted once on top of the limit
	lost := false  // an answer was lost, so the cloud may have started the node
	for try := 0; ; try++ {
		call, cancel := context.WithDeadline(ctx, until)
		inst, err := l.clouds[n.Cloud].Compute.Launch(call, req)
		cancel()
		if err == nil {
			l.set(i, func(n *Node) { n.Stage, n.Instance, n.Message = StagePending, inst, "" })
			return true
		}
		kind := providers.KindOf(err)
		mayPass := kind == providers.KindThrottled || kind == providers.KindUnreachable || kind == providers.KindUncertain || kind == providers.KindOther || kind == providers.KindIncomplete || kind == providers.KindConflict
		lost = lost || mayPass && kind != providers.KindThrottled && kind != providers.KindConflict
		if mayPass && try+1 < l.o.Tries && ctx.Err() == nil {
			wait := max(providers.RetryAfter(err), l.o.Poll<<min(try, 5))
			if pause := providers.RetryAfter(err); pause > 0 && !asked {
				until, asked = until.Add(pause), true
			}
			if time.Until(until) > wait {
				l.set(i, func(n *Node) {
					n.Message = fmt.Sprintf("%v; try %d of %d, the next in %s", err, try+1, l.o.Tries, wait)
				})
				if l.wait(ctx, wait) {
					continue
				}
			}
		}
		if lost && ctx.Err() != nil {
			l.setError(i, StageUnknown, err, "the launch was stopped before the cloud answered: it may have taken it; a retry asks again under the same launch id and starts nothing twice")
		} else if lost {
			l.setError(i, StageUnknown, err, "no answer: the cloud may have taken it; a retry asks again under the same launch id and starts nothing twice: %v", err)
		} else {
			l.setError(i, StageFailed, err, "%v", err)
		}
		return false
	}
}

// wait sleeps for d with some jitter. It returns false if ctx ends first.
func (l *run) wait(ctx context.Context, d time.Duration) bool {
	return l.o.Clock.Sleep(ctx, time.Duration(float64(d)*(1+0.3*rand.Float64()))) == nil
}

// pollInstance queries the state of the node's instance. dead means that it will never run.
func (l *run) pollInstance(ctx context.Context, i int) (state providers.InstanceState, dead bool) {
	n := l.get(i)
	inst, err := l.clouds[n.Cloud].Compute.Instance(ctx, n.Instance.ID)
	switch {
	case providers.KindOf(err) == providers.KindGone:
		inst = n.Instance
		inst.State = providers.StateTerminated
	case ctx.Err() != nil: // the error only means that the launch was stopped
		return "", false
	case err != nil:
		// The cloud may not know a new id for a while, and an error is no answer.
		l.set(i, func(n *Node) { n.Message = err.Error() })
		return "", false
	}
	l.set(i, func(n *Node) {
		n.Instance = inst
		if !n.Stage.Up() { // the message of a running node stays
			n.Message = ""
		}
	})
	switch inst.State {
	case providers.StateTerminated, providers.StateTerminating, providers.StateFailed:
		why := ""
		if inst.Reason != "" {
			why = ": " + inst.Reason
		}
		l.setError(i, StageFailed, providers.Errorf(providers.KindGone, "launch", "the instance is %s%s", inst.State, why),
			"the instance is %s: it ended before it was registered%s", inst.State, why)
		return inst.State, true
	}
	return inst.State, false
}

// untilRunning follows a node until it runs.
func (l *run) untilRunning(ctx context.Context, i int) bool {
	n := l.get(i)
	until := l.o.Clock.Now().Add(l.o.RunTimeout)
	if n.Instance.State == providers.StateRunning {
		l.set(i, func(n *Node) { n.Stage = StageRunning })
		return true
	}
	for step := 0; ; step++ {
		state, dead := l.pollInstance(ctx, i)
		switch {
		case dead:
			return false
		case state == providers.StateRunning:
			l.set(i, func(n *Node) { n.Stage = StageRunning })
			return true
		case l.o.Clock.Now().After(until):
			err := fmt.Errorf("not running after %s", l.o.RunTimeout)
			l.setError(i, "", err, "%v; it may still come up: look, or retry", err)
			return false
		case !l.wait(ctx, l.interval(n.Cloud, step)):
			l.setError(i, "", ctx.Err(), "no longer followed: the launch was stopped")
			return false
		}
	}
}

func (l *run) interval(cloud string, step int) time.Duration {
	return min(l.poll[cloud]<<min(step/3, 2), 4*l.poll[cloud])
}

// watch sets the stage of a running node by its boot state. It returns what keeps the node from being registered, and
// whether to ask again.
func (l *run) watch(ctx context.Context, i int) (message string, again bool) {
	b, err := l.o.Boot(ctx, l.get(i))
	switch providers.KindOf(err) {
	case providers.KindInvalid:
		return "", false
	case providers.KindAuth: // permission will not appear within moments
		return "how far it has booted cannot be seen: " + err.Error(), false
	}
	if err != nil {
		return "", true
	}
	if b.Stage.Up() {
		l.set(i, func(n *Node) { n.Stage, n.Message = b.Stage, b.Message })
	}
	return b.Message, true
}

// untilRegistered follows a running node until it is in DNS.
func (l *run) untilRegistered(ctx context.Context, i int) {
	n := l.get(i)
	until := l.o.Clock.Now().Add(l.o.RegisterTimeout)
	registered := !l.spec.Console || l.o.Register == nil // registration is done, or is not the console's
	watched := l.o.Boot != nil
	message := ""
	for step := 0; ; step++ {
		if l.o.KeptOut != nil {
			if why := l.o.KeptOut(ctx, l.get(i)); why != "" {
				l.setError(i, "", providers.Errorf(providers.KindConflict, "register", "%s", why), "it runs; %s", why)
				return
			}
		}
		if watched {
			message, watched = l.watch(ctx, i)
		}
		var err error
		if !registered {
			if err = l.o.Register(ctx, l.get(i)); err == nil {
				registered = true
			}
		}
		done := false
		if err == nil {
			done = true
			if l.o.Registered != nil {
				done, err = l.o.Registered(ctx, l.get(i))
			}
		}
		switch {
		case done && err == nil:
			note := ""
			if l.o.Note != nil {
				note = l.o.Note(l.get(i))
			}
			l.set(i, func(n *Node) { n.Stage, n.Err, n.Message = StageRegistered, nil, note })
			return
		case ctx.Err() == nil && err != nil && !registered && (providers.KindOf(err) == providers.KindInvalid || providers.KindOf(err) == providers.KindLimit):
			l.setError(i, "", err, "it runs, and cannot be registered: %v", err)
			return
		case ctx.Err() == nil && l.o.Clock.Now().After(until):
			l.setError(i, "", cmp.Or(err, fmt.Errorf("not in DNS after %s", l.o.RegisterTimeout)),
				"it runs, and is not in DNS after %s: look at its console log, or retry%s", l.o.RegisterTimeout, reasonText(err, message))
			return
		}
		if ctx.Err() == nil { // else the error only means that the launch was stopped
			l.set(i, func(n *Node) {
				n.Message = message
				if err != nil {
					n.Message = err.Error()
				}
			})
		}
		if step%4 == 3 {
			if _, dead := l.pollInstance(ctx, i); dead {
				return
			}
		}
		if !l.wait(ctx, l.interval(n.Cloud, step)) {
			l.setError(i, "", ctx.Err(), "it runs; no longer followed: the launch was stopped")
			return
		}
	}
}

// reasonText returns the end of a sentence about why a node is not in DNS: err, or else message, the node's own.
func reasonText(err error, message string) string {
	switch {
	case err != nil:
		return ": " + err.Error()
	case message != "":
		return "; it says: " + message
	}
	return ""
}
