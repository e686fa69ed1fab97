package ui

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// withStateAt returns the sources with their state at now.
func withStateAt(list []rows.Source, now time.Time, maxAge time.Duration) []rows.Source {
	for i := range list {
		list[i].SetState(now, maxAge)
	}
	return list
}

// fileSources returns unreadable local files as failed sources.
func fileSources(files map[string]error) []rows.Source {
	var out []rows.Source
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out = append(out, rows.File(name, files[name]))
	}
	return out
}

// How much a source's cell shows.
const (
	cellFull  = iota // name, rows, state and age, or the whole error
	cellNoAge        // healthy sources without their age
	cellShort        // the error in one word
	cellMin          // name and state
)

// sourceCell draws one source. waits is how long its current read takes.
func sourceCell(s *rows.Source, t *theme.Theme, now time.Time, level int, waits time.Duration) *common.Line {
	l := common.NewLine(t)
	glyph, role := common.CoverageGlyph(t, s.Seen)
	name := theme.Plain
	if s.Production {
		name = theme.Warn
	}
	l.Add(name, s.Name)
	ageText := ""
	if d, ok := s.RowsAge(now); ok {
		ageText = rows.Age(d)
	}
	switch { // regardless of its coverage
	case s.Unresolvable:
		role, glyph = theme.Bad, t.Bad+" "+string(dnsview.Unresolvable)
	case s.Lame:
		role, glyph = theme.Bad, t.Bad+" lame"
	}
	if s.Seen == providers.CoverageComplete {
		if waits > slowRead && !s.Lame && !s.Unresolvable {
			role, glyph = theme.Warn, t.Wait+" "+rows.Age(waits) // its last answer says nothing about now
		}
		if level < cellMin {
			l.Gap(1).Add(theme.Dim, strconv.Itoa(s.Shown))
		}
		l.Gap(1).Add(role, glyph)
		if level == cellFull && ageText != "" {
			l.Gap(1).Add(theme.Faint, common.Fit(ageText, 3, ""))
		}
		if s.BudgetLeft != nil && *s.BudgetLeft <= common.LowBudget && level <= cellNoAge {
			l.Gap(1).Add(theme.Warn, "budget "+strconv.Itoa(*s.BudgetLeft))
		}
		return l
	}
	if s.Seen == providers.CoverageNone {
		if s.Shown > 0 && level < cellMin {
			l.Gap(1).Add(theme.Dim, strconv.Itoa(s.Shown))
		}
		l.Gap(1).Add(role, glyph)
		if s.Earlier {
			ageText += " old"
			if level < cellShort {
				ageText += ","
			}
			l.Add(theme.Dim, " "+ageText)
		}
		if level < cellShort {
			l.Add(theme.Dim, " reading"+t.Ellipsis)
		}
		return l
	}
	if ageText != "" {
		glyph, role = t.Warn, theme.Warn // its data is old but useful
	}
	l.Gap(1).Add(role, glyph)
	switch {
	case ageText != "" && level >= cellShort:
		l.Gap(1).Add(role, ageText+" old")
	case ageText != "":
		l.Gap(1).Add(role, ageText+" old,")
	case level < cellMin:
		l.Gap(1).Add(role, "no rows,")
	}
	if level == cellMin {
		return l
	}
	l.Gap(1).Add(role, s.Problem())
	if level >= cellShort {
		return l
	}
	if wait := s.RetryAt.Sub(now); !s.RetryAt.IsZero() && wait > 0 {
		l.Add(theme.Dim, ", retry in "+rows.Age(wait.Round(time.Second)))
	} else if s.Reading {
		l.Add(theme.Dim, ", retrying")
	}
	return l
}

// slowRead is how long a read may take before the source is not shown as well any more: it may be throttled.
const slowRead = 3 * time.Second

// sourceStrip draws the cells of all sources in at most n cells of room, each with as much detail as fits.
func (m *Model) sourceStrip(list []rows.Source, n int) *common.Line {
	t, now := m.Theme, m.Now()
	var out *common.Line
	for level := cellFull; level <= cellMin; level++ {
		out = common.NewLine(t)
		for i := range list {
			if i > 0 {
				out.Gap(3)
			}
			out.Join(sourceCell(&list[i], t, now, level, m.waits(&list[i])))
		}
		if out.W <= n {
			return out
		}
	}
	// If not even names fit, show failed sources, or how old the rows of the oldest are, and the number of healthy ones.
	out = common.NewLine(t)
	well, oldest := 0, time.Duration(0)
	var left *rows.Source
	for i := range list {
		s := &list[i]
		if s.Seen == providers.CoverageComplete {
			well++
			continue
		}
		if c := sourceCell(s, t, now, cellShort, m.waits(s)); out.W+c.W+16 <= n {
			out.Join(c).Gap(2)
		} else if age, ok := s.RowsAge(now); left == nil || ok && age > oldest {
			left, oldest = s, age
		}
	}
	if left != nil {
		glyph, role := t.Warn, theme.Warn
		if left.Seen == providers.CoverageNone {
			glyph, role = common.CoverageGlyph(t, left.Seen)
		}
		out.Add(role, glyph+" ")
		if oldest > 0 {
			out.Add(role, rows.Age(oldest)+" old ")
		}
	}
	return out.Add(theme.Dim, strconv.Itoa(well)+"/"+strconv.Itoa(len(list))+" sources ").Add(theme.Good, t.OK)
}

// noteReads remembers since when each source is being read.
func (m *Model) noteReads() {
	reading := map[string]time.Time{}
	for i := range m.Sources {
		s := &m.Sources[i]
		since, known := m.reading[s.Name]
		switch {
		case !s.Reading:
		case known:
			reading[s.Name] = since
		default:
			reading[s.Name] = m.Now()
		}
	}
	m.reading = reading
}

// waits returns how long the current read of a source takes; 0 if there is none.
func (m *Model) waits(s *rows.Source) time.Duration {
	if since, ok := m.reading[s.Name]; ok {
		return m.Now().Sub(since)
	}
	return 0
}

// summaryLine returns the number of findings by class, the worst first.
func (m *Model) summaryLine(n int) *common.Line {
	t := m.Theme
	l := common.NewLine(t)
	if m.Picture == nil {
		return l.Add(theme.Dim, "reading"+t.Ellipsis)
	}
	if len(m.Picture.Summary) == 0 {
		if s := len(m.Picture.Snoozed); s > 0 {
			return l.Add(theme.Dim, t.Dot+" nothing but "+strconv.Itoa(s)+" snoozed")
		}
		if m.AllComplete() {
			return l.Add(theme.Good, t.OK+" in sync")
		}
		if !m.AllRead() {
			return l.Add(theme.Dim, t.Wait+" reading"+t.Ellipsis)
		}
		return l.Add(theme.Dim, "nothing found in what could be read")
	}
	left := 0
	for i, c := range m.Picture.Summary {
		glyph, role := common.SeverityGlyph(t, c.Severity)
		part := common.NewLine(t).Add(role, glyph+" "+strconv.Itoa(c.Count)+" "+common.Clean(string(c.Class)))
		if i > 0 && l.W+part.W+10 > n {
			left += c.Count
			continue
		}
		if i > 0 {
			l.Add(theme.Faint, "  ")
		}
		l.Join(part)
	}
	if left > 0 {
		l.Add(theme.Dim, "  +"+strconv.Itoa(left))
	}
	if s := len(m.Picture.Snoozed); s > 0 {
		l.Add(theme.Dim, "  "+strconv.Itoa(s)+" snoozed")
	}
	return l
}

// badges returns the modes that an operator must not overlook.
func (m *Model) badges() *common.Line {
	t := m.Theme
	l := common.NewLine(t)
	if n := m.changes.Count() + m.launches.Count(); n > 0 {
		l.Add(theme.Badge, fmt.Sprintf(" %d RUNNING ", n)).Gap(1)
	}
	if m.Current().Production {
		l.Add(theme.BadgeDanger, " PRODUCTION ").Gap(1)
	}
	if m.ReadOnly {
		l.Add(theme.Badge, " READ-ONLY ").Gap(1)
	}
	if m.Paused {
		l.Add(theme.Badge, " PAUSED ").Gap(1)
	}
	return l
}

// header draws the top lines of the screen.
func (m *Model) header(l common.Layout) []string {
	t := m.Theme
	badges := m.badges()
	badges = m.teamBadges(l.W, l.W < 60 || l.W < 100 && badges.W > 0).Join(badges)
	var clouds, zones []rows.Source
	for _, s := range m.Sources {
		if s.Kind == rows.KindZone {
			zones = append(zones, s)
		} else {
			clouds = append(clouds, s)
		}
	}
	brand := common.NewLine(t).Gap(1).Add(theme.Title, "rollcall")
	if m.opts.Fleet != "" && l.W >= 60 {
		brand.Add(theme.Faint, " "+t.Dot+" ").Add(theme.Dim, "fleet "+common.Clean(m.opts.Fleet))
	}
	if m.opts.Demo && l.W >= 60 {
		brand.Add(theme.Faint, " "+t.Dot+" ").Add(theme.Notice, "demo")
	}
	room := l.W - badges.W - 2
	switch {
	case l.Header == 0:
		return nil
	case l.Header == 1:
		brand.Gap(2).Join(m.sourceStrip(m.Sources, room-brand.W-2))
		if alarms := m.summaryLine(room - brand.W - 2); brand.W+2+alarms.W <= room {
			brand.Gap(2).Join(alarms)
		} else if short := common.NewLine(t).Gap(1).Join(m.sourceStrip(m.Sources, room-brand.W-2)); short.W+2+alarms.W <= room { // the name of the program says least
			brand = short.Gap(2).Join(alarms)
		}
		return []string{common.Spread(brand, badges, l.W)}
	case l.Header == 3:
		brand.Gap(3).Join(m.summaryLine(room - brand.W - 3))
		return []string{
			common.Spread(brand, badges, l.W),
			common.NewLine(t).Gap(1).Join(m.sourceStrip(clouds, l.W-2)).Fill(l.W),
			common.NewLine(t).Gap(1).Join(m.sourceStrip(zones, l.W-2)).Fill(l.W),
		}
	case l.W < common.SideBySide:
		brand.Gap(2).Join(m.sourceStrip(m.Sources, room-brand.W-2))
		return []string{
			common.Spread(brand, badges, l.W),
			common.NewLine(t).Gap(1).Join(m.summaryLine(l.W - 2)).Fill(l.W),
		}
	}
	brand.Gap(3).Join(m.sourceStrip(clouds, room-brand.W-3))
	right := m.sourceStrip(zones, l.W/2)
	return []string{
		common.Spread(brand, badges, l.W),
		common.Spread(common.NewLine(t).Gap(1).Join(m.summaryLine(l.W-right.W-4)), right.Gap(1), l.W),
	}
}
