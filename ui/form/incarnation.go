package form

import (
	"fmt"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/ui/common"
)

// NewIncarnation returns the dialog for a new incarnation.
func NewIncarnation(typ string) *Fields {
	name := &TextField{Label: "name", Input: common.NewInput(""), Hint: "v2._theservice._tcp.example.com"}
	if typ != "" {
		name.Input.Set("." + typ)
		name.Input.Edit.SetCursor(0)
	}
	return &Fields{
		Title: "Create an incarnation", Fields: []*TextField{name, {Label: "txt", Input: common.NewInput("txtvers=1"), Hint: "key=value key=value"}},
		About: []string{"Its TXT, its PTR, and its type in the list of services.", "Hosts join it afterwards. Anyone can read TXT values."},
		Submit: func(_ *common.Context, values []string) (common.DialogAction, string) {
			n, err := dnssd.ParseName(values[0])
			if err != nil {
				return nil, err.Error()
			}
			if n.Instance == "" {
				return nil, fmt.Sprintf("%s is a service type: write the incarnation before it, such as v2.%s", n, n)
			}
			pairs := splitWords(values[1])
			if _, err := dnssd.ParsePairs(pairs); err != nil {
				return nil, err.Error()
			}
			return common.Request{Request: common.ChangeRequest{Verb: index.VerbCreate, Name: n.String(), TXT: pairs}, What: "create " + common.Clean(n.String())}, ""
		},
	}
}
