package ui

import (
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview/rows"
)

func instanceDetail(sh *shared, r *rows.Instance) {
	f := &facts{t: sh.theme, w: sh.textWidth()}
	i := r.Inst
	f.add("cloud", i.Cloud+"  "+string(i.Provider)+"  "+i.Region)
	f.add("id", i.ID)
	f.add("state", string(i.State))
	f.add("reason", i.Reason)
	f.add("type", i.Type)
	f.add("image", i.Image)
	f.add("public", addresses(i.PublicIPs))
	f.add("elastic", addresses(i.ElasticIPs))
	f.add("private", addresses(i.PrivateIPs))
	if !i.Launched.IsZero() {
		f.add("launched", i.Launched.Format(time.RFC3339)+", "+rows.Age(sh.now().Sub(i.Launched))+" ago")
	}
	f.add("launch", i.LaunchID)
	f.add("service", strings.Join(sh.model.view.ServicesOfInstance(i), "  "))
	if len(i.Tags) > 0 {
		f.head("Tags")
		for _, k := range slices.Sorted(maps.Keys(i.Tags)) {
			f.add(fit(Clean(k), factName-1, sh.theme.Ellipsis)+" ", i.Tags[k])
		}
	}
	if len(r.Records) > 0 {
		f.head("Records")
		for _, id := range r.Records {
			f.add(id.Type, id.Name+"  "+id.Value)
		}
	}
	f.findings(r.Findings)
	sh.open(&textDialog{
		title: r.Ref.Name, lines: f.out, hints: keyHints("w", "why", "l", "console log"),
		keys: map[string]action{"w": actDo{ActWhy}, "l": actDo{actConsoleLog}},
	})
}
