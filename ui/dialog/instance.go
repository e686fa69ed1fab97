package dialog

import (
	"maps"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
)

// Instance opens the details of an instance.
func Instance(sh *common.Context, r *rows.Instance) {
	f := &Facts{T: sh.Theme, W: sh.TextWidth()}
	i := r.Inst
	f.Add("cloud", i.Cloud+"  "+string(i.Provider)+"  "+i.Region)
	f.Add("id", i.ID)
	f.Add("state", string(i.State))
	f.Add("reason", i.Reason)
	f.Add("lifecycle", i.Lifecycle)
	f.Add("type", i.Type)
	f.Add("image", i.Image)
	f.Add("public", Addresses(i.PublicIPs))
	f.Add("elastic", Addresses(i.ElasticIPs))
	f.Add("private", Addresses(i.PrivateIPs))
	if !i.Launched.IsZero() {
		f.Add("launched", i.Launched.Format(time.RFC3339)+", "+rows.Age(sh.Now().Sub(i.Launched))+" ago")
	}
	f.Add("launch", i.LaunchID)
	f.note(r.Note(), sh.Now())
	f.Add("service", strings.Join(sh.Picture.View.ServicesOfInstance(i), "  "))
	if len(i.Tags) > 0 {
		f.Head("Tags")
		f.names(slices.Collect(maps.Keys(i.Tags))) // only their widths
		for _, k := range slices.Sorted(maps.Keys(i.Tags)) {
			f.Add(common.Clean(k), i.Tags[k])
		}
		f.names(nil)
	}
	if r.CountRecords() > 0 {
		f.Head("Records")
		for _, id := range r.Records() {
			f.Add(id.Type, id.Name+"  "+id.Value)
		}
	}
	f.Findings(r.Findings)
	sh.Open(&Text{
		Title: r.Ref().Name, Lines: f.Out, Hints: common.KeyHints("w", "why", "l", "console log"),
		Keys: map[string]common.DialogAction{"w": common.Do{A: common.ActWhy}, "l": common.Do{A: common.ActConsoleLog}},
	})
}
