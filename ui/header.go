package ui

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// seen returns the sources with their state at now.
func seen(list []rows.Source, now time.Time, maxAge time.Duration) []rows.Source {
	for i := range list {
		list[i].See(now, maxAge)
	}
	return list
}

// fileSources returns local files that could not be read, as sources that failed.
func fileSources(files map[string]error) []rows.Source {
	var out []rows.Source
	for _, name := range slices.Sorted(maps.Keys(files)) {
		out = append(out, rows.File(name, files[name]))
	}
	return out
}

// How much of a source its cell tells.
const (
	cellFull  = iota // name rows state age, or the whole trouble
	cellNoAge        // healthy ones without their age
	cellShort        // trouble in one word
	cellMin          // name and state
)

// sourceCell draws one source.
func sourceCell(s *rows.Source, t *theme.Theme, now time.Time, level int) *line {
	l := newLine(t)
	glyph, role := coverageGlyph(t, s.Seen)
	name := theme.Plain
	if s.Production {
		name = theme.Warn
	}
	l.add(name, s.Name)
	ageText := ""
	if d, ok := s.Old(now); ok {
		ageText = rows.Age(d)
	}
	switch { // however well it was read
	case s.Unresolvable:
		role, glyph = theme.Bad, t.Bad+" "+string(dnsview.Unresolvable)
	case s.Lame:
		role, glyph = theme.Bad, t.Bad+" lame"
	}
	if s.Seen == providers.CoverageComplete || level == cellMin {
		if level < cellMin {
			l.gap(1).add(theme.Dim, strconv.Itoa(s.Shown))
		}
		l.gap(1).add(role, glyph)
		if level == cellFull && ageText != "" {
			l.gap(1).add(theme.Faint, fit(ageText, 3, ""))
		}
		if s.BudgetLeft != nil && *s.BudgetLeft <= lowBudget && level <= cellNoAge {
			l.gap(1).add(theme.Warn, "budget "+strconv.Itoa(*s.BudgetLeft))
		}
		return l
	}
	if s.Seen == providers.CoverageNone {
		if s.Shown > 0 {
			l.gap(1).add(theme.Dim, strconv.Itoa(s.Shown))
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
		return l.gap(1).add(role, s.Trouble())
	}
	if ageText != "" {
		l.gap(1).add(role, ageText+" old,")
	} else {
		l.gap(1).add(role, "no rows,")
	}
	l.gap(1).add(role, s.Trouble())
	if wait := s.RetryAt.Sub(now); !s.RetryAt.IsZero() && wait > 0 {
		l.add(theme.Dim, ", retry in "+rows.Age(wait.Round(time.Second)))
	} else if s.Reading {
		l.add(theme.Dim, ", retrying")
	}
	return l
}

// strip draws cells in at most n cells of room: as much of each as fits in all.
func strip(t *theme.Theme, list []rows.Source, now time.Time, n int) *line {
	var out *line
	for level := cellFull; level <= cellMin; level++ {
		out = newLine(t)
		for i := range list {
			if i > 0 {
				out.gap(3)
			}
			out.join(sourceCell(&list[i], t, now, level))
		}
		if out.w <= n {
			return out
		}
	}
	// Not even names fit: those in trouble, and how many are well.
	out = newLine(t)
	well := 0
	for i := range list {
		if list[i].Seen == providers.CoverageComplete {
			well++
			continue
		}
		if c := sourceCell(&list[i], t, now, cellShort); out.w+c.w+8 <= n {
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
	var clouds, zones []rows.Source
	for _, s := range m.sources {
		if s.Kind == rows.KindZone {
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
