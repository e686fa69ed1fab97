package wire

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// How often a name is queried. Every name of a zone is queried well within the time for which findings trust an answer.
const (
	visibleEvery     = 30 * time.Second // a visible name
	roundEvery       = 4 * time.Minute  // any other name
	unsettledSoonest = 2 * time.Second  // an unsettled name is queried again after as long as it has been so, but at least this
	unsettledLatest  = time.Minute      // and at most this
	silentEvery      = 5 * time.Second  // one of the names that got no answer; once one of them gets one, the others are queried too
	silentLong       = 10 * time.Minute // after that only as often as a visible name
	silentMost       = batchSize / 2    // names that got no answer, per batch
	batchSize        = 100              // questions per batch; between batches other rows may become visible
	waitingFor       = time.Minute      // how long a state is used that says that a name waits
	removedFor       = time.Hour        // how long a removed name is queried while a server still answers it
)

// zoneSchedule holds the questions about one zone, and their answers.
type zoneSchedule struct {
	zone      providers.Zone
	rows      []providers.Record // that the questions were made from
	questions []Question
	waiting   []index.WireState // of questions, if some are not answered yet; never written again
	texts     providers.Repeats // of answers
	removed   map[nameType]removal
	answers   map[nameType]scheduledAnswer
	state     index.WireZone       // Zone is empty until it was queried
	next      int                  // position in the round
	answering time.Time            // when a name that had got no answer last got one
	again     time.Time            // what was asked before is due
	touched   map[string]time.Time // by name: when its records changed, or a change was seen to arrive; what was asked of it before is due
	wake      chan struct{}
}

// removal is a name that was removed from the API. It is queried until the name servers no longer have it.
type removal struct {
	question Question
	at       time.Time
}

// scheduledAnswer is the answer to a question.
type scheduledAnswer struct {
	question Question
	state    *index.WireState
}

func newZoneSchedule() *zoneSchedule {
	return &zoneSchedule{removed: map[nameType]removal{}, answers: map[nameType]scheduledAnswer{}, touched: map[string]time.Time{}, wake: make(chan struct{}, 1)}
}

func keyOf(q *Question) nameType { return nameType{q.Name, q.Type} }

// wakeUp makes the zone's loop look for due questions.
func (z *zoneSchedule) wakeUp() {
	select {
	case z.wake <- struct{}{}:
	default:
	}
}

// setRecords sets the questions of a zone, unless its rows are unchanged.
func (z *zoneSchedule) setRecords(v *providers.ZoneView, zones []string, now time.Time) {
	if v.Coverage.State == providers.CoverageNone || z.questions != nil && sameRows(z.rows, v.Records) {
		return
	}
	questions := Questions(v.Zone, v.Records)
	current := make(map[nameType]bool, len(questions))
	for i := range questions {
		current[keyOf(&questions[i])] = true
		delete(z.removed, keyOf(&questions[i]))
	}
	if v.Coverage.Complete() {
		gone := slices.DeleteFunc(slices.Clone(z.questions), func(q Question) bool { return current[keyOf(&q)] })
		for _, q := range forgettable(v, gone, zones) {
			q.Want = nil
			z.removed[keyOf(&q)] = removal{q, now}
		}
	}
	z.touch(questions, now)
	for k := range z.answers {
		if _, gone := z.removed[k]; !gone && !current[k] {
			delete(z.answers, k)
		}
	}
	z.zone, z.rows = v.Zone, v.Records
	z.questions, z.waiting = append([]Question{}, questions...), nil // questions are never nil from now on
	z.next = min(z.next, len(questions))
	z.wakeUp()
}

// touch makes all types of each name due whose questions are not those of before: a CNAME answers for every type of its name.
func (z *zoneSchedule) touch(questions []Question, now time.Time) {
	old := make(map[nameType]*Question, len(z.questions))
	for i := range z.questions {
		old[keyOf(&z.questions[i])] = &z.questions[i]
	}
	for i := range questions {
		q := &questions[i]
		was := old[keyOf(q)]
		delete(old, keyOf(q))
		if was != nil && !was.sameAs(q) || was == nil && len(z.questions) > 0 {
			z.touched[q.Name] = now
		}
	}
	for k := range old {
		z.touched[k.name] = now
	}
}

// sameRows reports whether two reads of a zone share their rows, which are immutable.
func sameRows(a, b []providers.Record) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// forgettable returns those questions of removed names to which no answer is now correct, because no wildcard, alias,
// proxy or other zone answers them.
func forgettable(v *providers.ZoneView, gone []Question, zones []string) []Question {
	if len(gone) == 0 {
		return nil
	}
	all, standIn := map[string]bool{}, map[string]bool{} // names that answer for all names below, and for all their types
	for i := range v.Records {
		switch r := &v.Records[i]; {
		case strings.HasPrefix(r.Name, "*."):
			all[r.Name[2:]] = true
		case r.Type == "DNAME", r.Type == "NS" && !providers.SameName(r.Name, v.Zone.Name):
			all[r.Name], standIn[r.Name] = true, true
		case r.Type == "CNAME", r.Proxied, r.Alias:
			standIn[r.Name] = true
		}
	}
	return slices.DeleteFunc(gone, func(q Question) bool {
		if standIn[q.Name] || providers.SameName(q.Name, v.Zone.Name) && q.Type == "NS" {
			return true
		}
		labels := providers.SplitName(q.Name)
		for i := range labels {
			labels[i] = providers.EscapeLabel(labels[i])
		}
		for i := 1; i < len(labels); i++ {
			if all[strings.Join(labels[i:], ".")] {
				return true
			}
		}
		return slices.ContainsFunc(zones, func(z string) bool {
			return len(z) > len(v.Zone.Name) && providers.InZone(q.Name, z)
		})
	})
}

// record stores an answer, and reports whether it looks different from the previous one.
func (z *zoneSchedule) record(r *Result) bool {
	k := keyOf(&r.Question)
	_, gone := z.removed[k]
	if gone && (r.State == InSync || r.State == Unchecked || len(r.Want) > 0) {
		if len(r.Want) == 0 {
			delete(z.removed, k)
		}
		_, had := z.answers[k]
		delete(z.answers, k)
		if had {
			z.touched[k.name] = r.At
		}
		return had
	}
	old := z.answers[k]
	if old.state == nil {
		old.state = &index.WireState{}
	}
	state := z.view(r)
	if old.state.Silent() && !state.Silent() {
		z.answering = state.At
	}
	if old.state.Unsettled() && !state.Unsettled() {
		z.touched[k.name] = state.At // the servers show the change now, and may so for the other types
	}
	z.answers[k] = scheduledAnswer{r.Question, state}
	a, b := old.state, state
	return a.State != b.State || a.Agree != b.Agree || a.Servers != b.Servers || a.Resolves != b.Resolves || !slices.Equal(a.Want, b.Want)
}

// view returns a result in the form that findings use. Texts that come again and again are kept once.
func (z *zoneSchedule) view(r *Result) *index.WireState {
	w := r.View()
	w.Reason = z.texts.Of(w.Reason)
	for i := range w.Answers {
		a := &w.Answers[i]
		a.Server, a.Failure = z.texts.Of(a.Server), z.texts.Of(a.Failure)
	}
	return &w
}

// states appends the state of every name: its answer, or that it waits to be queried because its records have changed.
func (z *zoneSchedule) states(to []*index.WireState, now time.Time) []*index.WireState {
	to = slices.Grow(to, len(z.questions))
	waits := false
	for i := range z.questions {
		q := &z.questions[i]
		if a, ok := z.answers[keyOf(q)]; ok && a.answers(q) {
			to = append(to, a.state)
			continue
		}
		if waits = true; len(z.waiting) == 0 || now.Sub(z.waiting[0].At) > waitingFor {
			z.wait(now)
		}
		to = append(to, &z.waiting[i])
	}
	if !waits {
		z.waiting = nil
	}
	from := len(to)
	for k := range z.removed {
		if a, ok := z.answers[k]; ok {
			to = append(to, a.state)
		}
	}
	slices.SortFunc(to[from:], func(a, b *index.WireState) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	return to
}

// wait makes the states of names that wait to be queried.
func (z *zoneSchedule) wait(now time.Time) {
	z.waiting = make([]index.WireState, len(z.questions))
	for i := range z.questions {
		q := &z.questions[i]
		z.waiting[i] = index.WireState{
			Zone: z.zone.Name, Name: q.Name, Type: q.Type, Want: q.Want, Resolves: q.Mode == Resolves,
			State: index.WireWaiting, Reason: "the name servers were not asked for it yet", At: now, Since: now,
		}
	}
}

// answers reports whether the answer is to the same question as q.
func (a *scheduledAnswer) answers(q *Question) bool { return a.question.sameAs(q) }

func (q *Question) sameAs(o *Question) bool {
	return q.Mode == o.Mode && q.Empty == o.Empty && slices.Equal(q.Want, o.Want)
}

// due returns the due questions, visible ones first, then those whose records or answers are changing; or else the time
// until the next one is due. In a zone without names the zone itself is due.
func (z *zoneSchedule) due(visible map[nameType]bool, now time.Time) (ask []Question, wait time.Duration) {
	if z.questions == nil {
		return nil, roundEvery // nothing is known yet; setRecords wakes the loop
	}
	for k, r := range z.removed {
		if now.Sub(r.at) > removedFor {
			delete(z.removed, k)
			delete(z.answers, k)
		}
	}
	for name, at := range z.touched {
		if now.Sub(at) > roundEvery {
			delete(z.touched, name) // all its types have had their turn
		}
	}
	if z.state.Zone != "" {
		wait = z.state.At.Add(z.every()).Sub(now)
	}
	var seen, moving, rest []Question
	silent := silentNames{after: z.again}
	consider := func(q *Question) bool {
		at, changed := z.nextDue(q, visible)
		left := at.Sub(now)
		a, ok := z.answers[keyOf(q)]
		isSilent := ok && a.state.Silent() && a.answers(q)
		switch {
		case left <= 0 && visible[keyOf(q)]:
			seen = append(seen, *q)
			if isSilent {
				silent.last = now
			}
		case isSilent:
			silent.add(q, a.state, left <= 0)
		case left > 0:
			wait = min(wait, left)
		case changed:
			moving = append(moving, *q)
		case len(rest) < batchSize:
			rest = append(rest, *q)
			return true
		}
		return false
	}
	for _, r := range z.removed {
		consider(&r.question)
	}
	n, last := len(z.questions), z.next
	for i := range n {
		at := (z.next + i) % n
		if consider(&z.questions[at]) {
			last = at + 1
		}
	}
	ask, wait = silent.due(now, wait)
	ask = slices.Concat(seen, moving, ask)
	if room := batchSize - len(ask); room < len(rest) {
		rest = rest[:max(room, 0)]
	} else if n > 0 {
		z.next = last % n
	}
	ask = append(ask, rest...)
	return ask[:min(len(ask), batchSize)], wait
}

// silentNames are names that got no answer, but for visible ones that are due.
type silentNames struct {
	again        []silentName // those that are queried again since another one has got an answer
	last         time.Time    // when one was last queried
	after        time.Time    // one that was queried before is due
	longest      silentName   // the one that was queried longest ago
	longestSince time.Time    // since when it has had no answer
}

type silentName struct {
	question Question
	at       time.Time // when it was queried
}

func (s *silentNames) add(q *Question, w *index.WireState, due bool) {
	n := silentName{*q, w.At}
	if due {
		s.again = append(s.again, n)
	}
	if w.At.After(s.last) {
		s.last = w.At
	}
	if s.longest.at.IsZero() || w.At.Before(s.longest.at) {
		s.longest, s.longestSince = n, w.Since
	}
}

// due returns the names that are to be queried again, those that were queried longest ago, and the time until the next one
// is due, which is at most wait. While none gets an answer it returns one name at a time.
func (s *silentNames) due(now time.Time, wait time.Duration) ([]Question, time.Duration) {
	if s.longest.at.IsZero() {
		return nil, wait
	}
	if len(s.again) == 0 {
		every := silentEvery
		if now.Sub(s.longestSince) > silentLong {
			every = visibleEvery
		}
		if left := s.last.Add(every).Sub(now); left > 0 && !s.last.Before(s.after) {
			return nil, min(wait, left)
		}
		return []Question{s.longest.question}, wait
	}
	slices.SortStableFunc(s.again, func(a, b silentName) int { return a.at.Compare(b.at) })
	var ask []Question
	for _, n := range s.again[:min(len(s.again), silentMost)] {
		ask = append(ask, n.question)
	}
	return ask, wait
}

// every returns how often the zone itself is queried: often while a resolver failure is unconfirmed or has not ended.
func (z *zoneSchedule) every() time.Duration {
	switch {
	case len(z.state.Unresolved) == 0:
		return roundEvery
	case z.state.Confirmed || len(z.state.Unresolved) == 1:
		return visibleEvery
	}
	return RoundGap + roundMargin
}

// nextDue returns when a question is due, and whether its records or its answers are changing.
func (z *zoneSchedule) nextDue(q *Question, visible map[nameType]bool) (at time.Time, moving bool) {
	a, ok := z.answers[keyOf(q)]
	switch {
	case !ok:
		return time.Time{}, len(q.Want) == 0
	case !a.answers(q):
		return time.Time{}, true
	case a.state.At.Before(z.again) && (visible[keyOf(q)] || !a.state.Silent()):
		return z.again, a.state.Unsettled()
	case a.state.At.Before(z.touched[q.Name]) && !a.state.Silent():
		return z.touched[q.Name], true
	case a.state.Unsettled():
		return a.state.At.Add(max(unsettledSoonest, min(a.state.At.Sub(a.state.Since), unsettledLatest))), true
	case a.state.Silent() && z.answering.After(a.state.At):
		if at = a.state.At.Add(unsettledSoonest); at.Before(z.answering) {
			at = z.answering
		}
		return at, false
	case visible[keyOf(q)]:
		return a.state.At.Add(visibleEvery), false
	}
	return a.state.At.Add(roundEvery), false
}
