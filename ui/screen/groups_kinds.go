package screen

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// newInstanceGroups returns a function that makes the screen of the instances by cloud, service or state.
func newInstanceGroups(by rows.Grouping) func(s *common.Context) Screen {
	type row = *rows.Instance
	return func(s *common.Context) Screen {
		return newGroups[rows.InstanceKey](s, "Instances by "+string(by), "instances", groupKind[row]{
			list:    instancesName,
			rows:    func(p *common.Picture) []row { return p.Instances },
			group:   func(list []row) []*rows.Group[row] { return rows.GroupInstances(list, by) },
			columns: func() []grid.Column[row] { return instanceColumns(s) },
			kinds:   "ADDRESS", worst: "DNS",
			subject: func(r row) common.Subject {
				return common.Subject{Instance: r, Finding: common.Worst(r.Findings), Production: r.Production(), Name: r.Inst.ID}
			},
			detail: func(r row) tea.Cmd { return dialog.Instance(s, r) },
			records: func(list []row) []*rows.Record {
				var ids []providers.Identity
				for _, r := range list {
					ids = append(ids, r.Records()...)
				}
				return s.RecordsByID(ids)
			},
			instances: func(list []row) (refs []providers.InstanceRef) {
				for _, r := range list {
					refs = append(refs, r.Inst.Ref())
				}
				return refs
			},
			copied: func(r row) string { return r.Ref().ID },
			about: func(l *common.Line, r row) {
				l.Add(theme.Plain, r.Ref().Name).Add(theme.Dim, " "+r.Ref().ID+" in "+r.Ref().Cloud)
			},
		})
	}
}

// newRecordGroups returns a function that makes the screen of the records by zone, name or finding.
func newRecordGroups(by rows.Grouping) func(s *common.Context) Screen {
	type row = *rows.Record
	return func(s *common.Context) Screen {
		subject := func(r row) common.Subject { return recordSubject(s, r) }
		return newGroups[providers.Identity](s, "DNS by "+string(by), "records", groupKind[row]{
			list:    recordsName,
			rows:    func(p *common.Picture) []row { return p.Records },
			group:   func(list []row) []*rows.Group[row] { return rows.GroupRecords(list, by) },
			columns: func() []grid.Column[row] { return recordColumns(s.Theme, s.Now) },
			kinds:   "VALUE", worst: "FINDING",
			subject: subject,
			detail: func(r row) tea.Cmd {
				s.Open(&dialog.Record{Row: r, Latest: func(k providers.Identity) (row, bool) {
					found := s.RecordsByID([]providers.Identity{k})
					return append(found, nil)[0], len(found) > 0
				}})
				return nil
			},
			records: func(list []row) []*rows.Record { return list },
			instances: func(list []row) []providers.InstanceRef {
				if len(list) != 1 {
					return nil
				}
				return refOf(subject(list[0]).Instance)
			},
			copied: func(r row) string { return r.Named() },
			about: func(l *common.Line, r row) {
				l.Add(theme.Plain, common.Clean(r.Rec.Name)).Add(theme.Dim, " "+r.Type()+" "+r.Value())
			},
		})
	}
}
