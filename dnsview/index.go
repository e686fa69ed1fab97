package dnsview

import "rollcall/providers"

type instanceKey struct {
	cloud providers.CloudKey
	id    string
}

type index struct {
	byRecord   map[*providers.Record][]*Finding
	byInstance map[instanceKey][]*Finding
}

func (x *index) record(providers.Identity) *providers.Record              { return nil }
func (x *index) instance(providers.CloudKey, string) *providers.Instance  { return nil }
func (x *index) recordsOf(providers.CloudKey, string) []*providers.Record { return nil }
func (x *index) instanceOf(*providers.Record) *providers.Instance         { return nil }
func (x *index) cloudView(providers.CloudKey) *providers.CloudView        { return nil }
func (x *index) serviceOf(*providers.Record) string                       { return "" }
func (x *index) servicesOf(*providers.Instance) []string                  { return nil }
func (x *index) service(string) *Service                                  { return nil }
