package dnsview

import (
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// NamesValue reports whether a text, as the command line writes the value of a record, names the value of r:
// the value alone, or the value with # and the identifier of the record set.
func NamesValue(text string, r *providers.Record) bool {
	if providers.FoldValue(r.Type, text) == providers.FoldValue(r.Type, r.Value) {
		return true
	}
	value, ok := strings.CutSuffix(text, "#"+r.SetID)
	return ok && r.SetID != "" && providers.FoldValue(r.Type, value) == providers.FoldValue(r.Type, r.Value)
}

// ValueName returns the value of a record of this snapshot as the command line writes it: with # and the
// identifier of its record set where the value alone would name a record of another set too.
func (v *View) ValueName(r *providers.Record) string {
	if r.SetID == "" {
		return r.Value
	}
	for _, o := range v.Index.WithSetID()[index.SetKeyOf(r)] {
		if o.SetID != r.SetID && NamesValue(r.Value, o) {
			return r.Value + "#" + r.SetID
		}
	}
	return r.Value
}

// RecordName returns a record of this snapshot as the command line takes it:
// zone:name/type/value, and #set-id where that is needed to name it alone.
func (v *View) RecordName(r *providers.Record) string {
	return r.Zone + ":" + r.Name + "/" + r.Type + "/" + v.ValueName(r)
}
