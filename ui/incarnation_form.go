package ui

import (
	"fmt"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/ui/common"
)

// createForm is the dialog for a new incarnation.
func createForm(typ string) *fieldsDialog {
	name := &textField{label: "name", input: common.NewInput(""), hint: "v2._theservice._tcp.example.com"}
	if typ != "" {
		name.input.Set("." + typ)
		name.input.Edit.SetCursor(0)
	}
	return &fieldsDialog{
		title: "Create an incarnation", fields: []*textField{name, {label: "txt", input: common.NewInput("txtvers=1"), hint: "key=value key=value"}},
		about: []string{"Its TXT, its PTR, and its type in the list of services.", "Hosts join it afterwards. Anyone can read TXT values."},
		submit: func(_ *common.Context, values []string) (common.DialogAction, string) {
			n, err := dnssd.ParseName(values[0])
			if err != nil {
				return nil, err.Error()
			}
			if n.Instance == "" {
				return nil, fmt.Sprintf("%s is a service type: write the incarnation before it, such as v2.%s", n, n)
			}
			pairs := words(values[1])
			if _, err := dnssd.ParsePairs(pairs); err != nil {
				return nil, err.Error()
			}
			return common.Request{Request: common.ChangeRequest{Verb: dnsview.VerbCreate, Name: n.String(), TXT: pairs}, What: "create " + common.Clean(n.String())}, ""
		},
	}
}
