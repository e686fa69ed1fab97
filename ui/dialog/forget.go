package dialog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
)

// Forget asks for the name of a cloud that left the config, and makes it count no longer.
func Forget(sh *common.Context, cloud *rows.Source) {
	name, key := cloud.Name, providers.CloudKey(cloud.CloudKey)
	d := &lineDialog{
		title: "Forget " + name, danger: true, label: "type " + name + " ", enter: "forget it",
		done: name + " is forgotten; rollcall config forget " + name + " --undo takes it back",
	}
	d.lines = common.Wrap(fmt.Sprintf("%s left the config, so it counts as failed: nothing that rests on it is deleted, and its addresses stay alive. It was last seen with %s and %s of an address. Once it is forgotten, none of them counts as alive any more.",
		name, providers.CountOf(cloud.Shown, "instance"), providers.CountOf(cloud.Holders, "other holder")), sh.TextWidth())
	d.lines = append(d.lines, "")
	d.lines = append(d.lines, common.Wrap("rollcall config forget "+name+" --undo takes it back, and so does the cloud in the config.", sh.TextWidth())...)
	d.lines = append(d.lines, "")
	backend, ctx := sh.Backend, sh.Ctx
	d.accept = func(text string) (func() error, error) {
		if typed := strings.TrimSpace(text); typed != name {
			return nil, errors.New(strconv.Quote(typed) + " is not " + strconv.Quote(name))
		}
		return func() error { return backend.Forget(ctx, key) }, nil
	}
	sh.Open(d)
}
