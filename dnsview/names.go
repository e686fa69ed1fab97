package dnsview

import "rollcall/providers"

// FindRecords finds records as the command line writes them:
// [zone:]name/type/value, split at the first /TYPE/; the value may be left out
// together with its slash to mean every value of the name and type. The error says in one line what is
// wrong with the text, or that there is no such record.
func (v *View) FindRecords(text string) ([]*providers.Record, error) { return nil, nil }

// FindInstances finds instances by id, by name, by cloud/id or by cloud/name. A name that
// several instances bear is an error that lists them.
func (v *View) FindInstances(text string) (*providers.Instance, error) { return nil, nil }
