package ui

import (
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
)

func instanceDetail(sh *common.Context, r *rows.Instance) {
	f := &facts{t: sh.Theme, w: sh.TextWidth()}
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
		f.add("launched", i.Launched.Format(time.RFC3339)+", "+rows.Age(sh.Now().Sub(i.Launched))+" ago")
	}
	f.add("launch", i.LaunchID)
	f.add("service", strings.Join(sh.Picture.View.ServicesOfInstance(i), "  "))
	if len(i.Tags) > 0 {
		f.head("Tags")
		for _, k := range slices.Sorted(maps.Keys(i.Tags)) {
			f.add(common.Fit(common.Clean(k), factName-1, sh.Theme.Ellipsis)+" ", i.Tags[k])
		}
	}
	if len(r.Records) > 0 {
		f.head("Records")
		for _, id := range r.Records {
			f.add(id.Type, id.Name+"  "+id.Value)
		}
	}
	f.findings(r.Findings)
	sh.Open(&textDialog{
		title: r.Ref.Name, lines: f.out, hints: common.KeyHints("w", "why", "l", "console log"),
		keys: map[string]common.DialogAction{"w": common.Do{A: common.ActWhy}, "l": common.Do{A: common.ActConsoleLog}},
	})
}
