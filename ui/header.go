package ui

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// source is one cell of the source strip: a cloud or a zone.
type source struct {
	name       string
	rows       int
	coverage   providers.Coverage
	rowsFrom   time.Time
	reading    bool
	retryAt    time.Time
	budget     int
	production bool
	zone       bool
	file       bool
	provider   providers.Provider
	lame       bool                    // a zone that is not delegated to its servers
	dark       bool                    // a zone that resolvers cannot resolve
	state      providers.CoverageState // as seen when the screen was drawn, see seen
}

// seen gives the sources with their state at now: a good read grows stale
// while nothing happens.
func seen(list []source, now time.Time, maxAge time.Duration) []source {
	for i := range list {
		list[i].state = list[i].coverage.At(now, maxAge)
	}
	return list
}

// lowBudget is the number of calls left from which the strip shows it.
const lowBudget = 5

// sources lists the sources of a snapshot: clouds first.
func sources(s *providers.Snapshot) []source {
	out := make([]source, 0, len(s.Clouds)+len(s.Zones))
	for i := range s.Clouds {
		c := &s.Clouds[i]
		rows := 0
		for k := range c.Instances {
			if !c.Instances[k].State.Dead() {
				rows++
			}
		}
		out = append(out, source{
			name: Clean(c.Cloud.Name), rows: rows, coverage: c.Coverage,
			rowsFrom: c.RowsFrom, reading: c.Reading, retryAt: c.RetryAt, budget: c.BudgetLeft, production: c.Production,
			provider: c.Cloud.Provider,
		})
	}
	for i := range s.Zones {
		z := &s.Zones[i]
		rows := 0 // markers show in the rows that they belong to
		for k := range z.Records {
			if !z.Records[k].IsMarker() {
				rows++
			}
		}
		out = append(out, source{
			name: Clean(z.Zone.Name), rows: rows, coverage: z.Coverage,
			rowsFrom: z.RowsFrom, reading: z.Reading, retryAt: z.RetryAt, budget: z.BudgetLeft, zone: true,
			provider: z.Zone.Provider,
		})
	}
	return out
}

// fileSources are local files that could not be read, as sources that failed.
func fileSources(files map[string]error) []source {
	var out []source
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out = append(out, source{name: Clean(name), coverage: providers.Coverage{State: providers.CoverageFailed, Err: files[name]}, budget: -1, file: true})
	}
	return out
}

// unresolvable is the word for a zone that resolvers cannot resolve.
const unresolvable = string(dnsview.Unresolvable)

// trouble says in a few words what is wrong with a source; empty when nothing is.
func (s *source) trouble() string {
	switch s.state {
	case providers.CoverageComplete:
		switch {
		case s.dark:
			return unresolvable
		case s.lame:
			return "lame"
		}
		return ""
	case providers.CoverageNone:
		return "reading"
	case providers.CoverageStale:
		return "stale"
	}
	switch providers.KindOf(s.coverage.Err) {
	case providers.KindAuth:
		return "refused"
	case providers.KindThrottled:
		return "throttled"
	case providers.KindUnreachable:
		return "unreachable"
	case providers.KindIncomplete:
		return "short answer"
	case providers.KindNotFound:
		return "not found"
	case providers.KindInvalid:
		return "misconfigured"
	}
	if s.file {
		return "unreadable"
	}
	return string(s.state)
}

// old is the age of the rows on the screen.
func (s *source) old(now time.Time) (time.Duration, bool) {
	from := s.rowsFrom
	if from.IsZero() && s.state == providers.CoverageComplete {
		from = s.coverage.Started
	}
	if from.IsZero() {
		return 0, false
	}
	return now.Sub(from), true
}

// How much of a source its cell tells.
const (
	cellFull  = iota // name rows state age, or the whole trouble
	cellNoAge        // healthy ones without their age
	cellShort        // trouble in one word
	cellMin          // name and state
)

// cell draws one source.
func (s *source) cell(t *theme.Theme, now time.Time, level int) *line {
	l := newLine(t)
	glyph, role := coverageGlyph(t, s.state)
	name := theme.Plain
	if s.production {
		name = theme.Warn
	}
	l.add(name, s.name)
	ageText := ""
	if d, ok := s.old(now); ok {
		ageText = age(d)
	}
	switch { // however well it was read
	case s.dark:
		role, glyph = theme.Bad, t.Bad+" "+unresolvable
	case s.lame:
		role, glyph = theme.Bad, t.Bad+" lame"
	}
	if s.state == providers.CoverageComplete || level == cellMin {
		if level < cellMin {
			l.gap(1).add(theme.Dim, strconv.Itoa(s.rows))
		}
		l.gap(1).add(role, glyph)
		if level == cellFull && ageText != "" {
			l.gap(1).add(theme.Faint, fit(ageText, 3, ""))
		}
		if s.budget >= 0 && s.budget <= lowBudget && level <= cellNoAge {
			l.gap(1).add(theme.Warn, "budget "+strconv.Itoa(s.budget))
		}
		return l
	}
	if s.state == providers.CoverageNone {
		if s.rows > 0 {
			l.gap(1).add(theme.Dim, strconv.Itoa(s.rows))
		}
		l.gap(1).add(role, glyph)
		if level < cellShort {
			l.add(theme.Dim, " reading"+t.Ellipsis)
		}
		return l
	}
	if ageText != "" {
		glyph, role = t.Warn, theme.Warn // there is something to look at, if old
	}
	l.gap(1).add(role, glyph)
	if level >= cellShort {
		return l.gap(1).add(role, s.trouble())
	}
	if ageText != "" {
		l.gap(1).add(role, ageText+" old,")
	} else {
		l.gap(1).add(role, "no rows,")
	}
	l.gap(1).add(role, s.trouble())
	if wait := s.retryAt.Sub(now); !s.retryAt.IsZero() && wait > 0 {
		l.add(theme.Dim, ", retry in "+age(wait.Round(time.Second)))
	} else if s.reading {
		l.add(theme.Dim, ", retrying")
	}
	return l
}

// strip draws cells in at most n cells of room: as much of each as fits in all.
func strip(t *theme.Theme, list []source, now time.Time, n int) *line {
	var out *line
	for level := cellFull; level <= cellMin; level++ {
		out = newLine(t)
		for i := range list {
			if i > 0 {
				out.gap(3)
			}
			out.join(list[i].cell(t, now, level))
		}
		if out.w <= n {
			return out
		}
	}
	// Not even names fit: those in trouble, and how many are well.
	out = newLine(t)
	well := 0
	for i := range list {
		if list[i].state == providers.CoverageComplete {
			well++
			continue
		}
		if c := list[i].cell(t, now, cellShort); out.w+c.w+8 <= n {
			out.join(c).gap(2)
		}
	}
	return out.add(theme.Dim, strconv.Itoa(well)+"/"+strconv.Itoa(len(list))+" sources ").add(theme.Good, t.OK)
}

// summaryLine counts the findings by class, the worst first.
func (m *Model) summaryLine(n int) *line {
	t := m.theme
	l := newLine(t)
	if m.model == nil {
		return l.add(theme.Dim, "reading"+t.Ellipsis)
	}
	if len(m.model.summary) == 0 {
		if m.allComplete() {
			return l.add(theme.Good, t.OK+" in sync")
		}
		if !m.allRead() {
			return l.add(theme.Dim, t.Wait+" reading"+t.Ellipsis)
		}
		return l.add(theme.Dim, "nothing found in what could be read")
	}
	left := 0
	for i, c := range m.model.summary {
		glyph, role := severityGlyph(t, c.Severity)
		part := newLine(t).add(role, glyph+" "+strconv.Itoa(c.Count)+" "+Clean(string(c.Class)))
		if i > 0 && l.w+part.w+10 > n {
			left += c.Count
			continue
		}
		if i > 0 {
			l.add(theme.Faint, "  ")
		}
		l.join(part)
	}
	if left > 0 {
		l.add(theme.Dim, "  +"+strconv.Itoa(left))
	}
	return l
}

// badges are the modes that an operator must never overlook.
func (m *Model) badges() *line {
	t := m.theme
	l := newLine(t)
	if m.current().production {
		l.add(theme.BadgeDanger, " PRODUCTION ").gap(1)
	}
	if m.readOnly {
		l.add(theme.Badge, " READ-ONLY ").gap(1)
	}
	if m.paused {
		l.add(theme.Badge, " PAUSED ").gap(1)
	}
	return l
}

// header draws the top lines of the screen.
func (m *Model) header(l layout) []string {
	t, now := m.theme, m.now()
	badges := m.badges()
	var clouds, zones []source
	for _, s := range m.sources {
		if s.zone {
			zones = append(zones, s)
		} else {
			clouds = append(clouds, s)
		}
	}
	brand := newLine(t).gap(1).add(theme.Title, "rollcall")
	if m.opts.Fleet != "" && l.w >= 60 {
		brand.add(theme.Faint, " "+t.Dot+" ").add(theme.Dim, "fleet "+Clean(m.opts.Fleet))
	}
	if m.opts.Demo && l.w >= 60 {
		brand.add(theme.Faint, " "+t.Dot+" ").add(theme.Notice, "demo")
	}
	room := l.w - badges.w - 2
	switch {
	case l.header == 0:
		return nil
	case l.header == 1:
		brand.gap(2).join(strip(t, m.sources, now, room-brand.w-2))
		return []string{spread(brand, badges, l.w)}
	case l.header == 3:
		brand.gap(3).join(m.summaryLine(room - brand.w - 3))
		return []string{
			spread(brand, badges, l.w),
			newLine(t).gap(1).join(strip(t, clouds, now, l.w-2)).fill(l.w),
			newLine(t).gap(1).join(strip(t, zones, now, l.w-2)).fill(l.w),
		}
	case l.w < sideBySide:
		brand.gap(2).join(strip(t, m.sources, now, room-brand.w-2))
		return []string{
			spread(brand, badges, l.w),
			newLine(t).gap(1).join(m.summaryLine(l.w - 2)).fill(l.w),
		}
	}
	brand.gap(3).join(strip(t, clouds, now, room-brand.w-3))
	right := strip(t, zones, now, l.w/2)
	return []string{
		spread(brand, badges, l.w),
		spread(newLine(t).gap(1).join(m.summaryLine(l.w-right.w-4)), right.gap(1), l.w),
	}
}
