// Package zonefile is the read-only adapter for a zone in a local file: an RFC 1035 master file, as BIND, NSD and Knot
// read it. Owner markers are TXT records, as on Route 53. The file is read anew for every call.
package zonefile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/textfile"
)

// maxBytes is the largest size of a zone file.
const maxBytes = 64 << 20

// provider is the provider's name in the config.
const provider providers.Provider = "zonefile"

var traits = providers.Traits{Title: "a zone file"}

// Adapter returns the zone file provider.
func Adapter() adapter.Adapter {
	return adapter.Adapter{
		Declaration: providers.Declaration{
			Provider: provider, Traits: traits, ServesDNS: true, OneZone: true,
			Keys: []providers.Key{{Name: "file", Kind: providers.KeyPath, Help: "the zone as a master file (RFC 1035 section 5)"}},
			Check: func(s providers.Settings) (what, do string) {
				if s.Get("file") == "" {
					return "has no file", "add file: with the path of its master file"
				}
				return "", ""
			},
		},
		Open: func(o adapter.Opening) (adapter.Account, error) {
			file := o.Settings.Get("file")
			return adapter.Account{DNS: New(o.Name, file, o.Clock)}, nil
		},
	}
}

// Account is the zone of one file. It is safe for concurrent use.
type Account struct {
	zone, file string
	clock      providers.Clock
}

var _ providers.DNS = (*Account)(nil)

// New returns an account. It does not read the file yet.
func New(zone, file string, clock providers.Clock) *Account {
	return &Account{zone: providers.CanonicalName(zone), file: file, clock: clock}
}

// Zones implements providers.ZoneLister. A file without the zone's SOA record is an error.
func (a *Account) Zones(_ context.Context, page func([]providers.Zone)) providers.Coverage {
	started := a.clock.Now()
	rows, err := a.read()
	if err != nil {
		return providers.Failed(started, a.clock.Now(), err)
	}
	z := providers.Zone{Name: a.zone, ID: a.file, Provider: provider, Traits: traits, ReadOnly: true}
	for i := range rows {
		if r := &rows[i]; r.Type == "NS" && r.Name == a.zone {
			z.NameServers = append(z.NameServers, providers.CanonicalName(r.Value))
		}
	}
	page([]providers.Zone{z})
	return providers.Coverage{State: providers.CoverageComplete, Rows: 1, Expected: -1, Started: started, Finished: a.clock.Now()}
}

// Records implements providers.RecordLister.
func (a *Account) Records(_ context.Context, _ providers.Zone, page func([]providers.Record)) providers.Coverage {
	started := a.clock.Now()
	rows, err := a.read()
	if err != nil {
		return providers.Failed(started, a.clock.Now(), err)
	}
	page(rows)
	return providers.Coverage{State: providers.CoverageComplete, Rows: len(rows), Expected: -1, Started: started, Finished: a.clock.Now()}
}

// Lookup implements providers.RecordGetter.
func (a *Account) Lookup(_ context.Context, _ providers.Zone, name, typ string) ([]providers.Record, error) {
	rows, err := a.read()
	if err != nil {
		return nil, err
	}
	providers.AttachOwners(rows)
	var out []providers.Record
	for i := range rows {
		if providers.SameName(rows[i].Name, name) && (typ == "" || rows[i].Type == typ) {
			out = append(out, rows[i])
		}
	}
	return out, nil
}

// read returns the records of the file in order.
func (a *Account) read() ([]providers.Record, error) {
	text, err := textfile.Read(a.file, maxBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, a.fail(providers.KindNotFound, fmt.Errorf("there is no file %s", a.file))
	case errors.Is(err, fs.ErrPermission):
		return nil, a.fail(providers.KindAuth, err)
	case err != nil:
		return nil, a.fail(providers.KindUnreachable, err)
	}
	rows, err := Parse(a.zone, a.file, text)
	if err != nil {
		return nil, a.fail(providers.KindInvalid, err)
	}
	return rows, nil
}

// Parse returns the records of a master file in its order. Like a name server, it ignores records outside the zone. A text
// that is cut off or has no SOA record of the zone is an error. Files that it includes are looked for beside file.
func Parse(zone, file string, text []byte) ([]providers.Record, error) {
	zone = providers.CanonicalName(zone)
	var rows []providers.Record
	hasSOA := false
	whole := false
	p := dns.NewZoneParser(io.MultiReader(bytes.NewReader(text), strings.NewReader("\n"+end+" 0 IN TXT end\n")), dns.Fqdn(zone), file)
	p.SetIncludeAllowed(true)
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		h := rr.Header()
		whole = h.Name == end
		r := providers.Record{Zone: zone, Name: providers.CanonicalName(h.Name), Type: dns.Type(h.Rrtype).String(), TTL: h.Ttl}
		if h.Class != dns.ClassINET || !providers.InZone(r.Name, zone) {
			continue
		}
		r.Value = valueOf(rr, r.Type)
		hasSOA = hasSOA || r.Type == "SOA" && r.Name == zone
		rows = append(rows, r)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	if !whole {
		return nil, fmt.Errorf("%s is cut off: a parenthesis or a quote is not closed", file)
	}
	if !hasSOA {
		return nil, fmt.Errorf("%s has no SOA record of %s", file, zone)
	}
	return rows, nil
}

// end is the owner of a record appended to the file. If it is not parsed, the file ends within a record.
const end = "end.of.file.invalid."

// valueOf returns the value of a record in rollcall's spelling.
func valueOf(rr dns.RR, typ string) string {
	v := rr.String()
	return providers.SpellValue(typ, v[strings.LastIndexByte(v, '\t')+1:])
}

func (a *Account) fail(kind providers.Kind, err error) error {
	return &providers.Error{Kind: kind, Source: a.zone, Op: "read the zone file", Err: err}
}
