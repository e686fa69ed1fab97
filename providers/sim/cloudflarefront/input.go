package cloudflarefront

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

const (
	autoTTL    = 1
	maxTTL     = 86400
	maxContent = 4096 // bytes
)

// limits returns the lowest TTL in seconds and the most characters of a comment in a zone ("Time to Live" and "Record
// attributes" in Cloudflare's documentation).
func limits(z *world.Zone) (ttl float64, comment int) {
	ttl, comment = 60, 500
	switch z.Plan() {
	case "free":
		comment = 100
	case "enterprise":
		ttl = 30
	}
	return ttl, comment
}

// input is a record as sent by a client. Clients add different fields (ids, zero times, null tags, empty settings), so
// unknown fields are ignored.
type input map[string]json.RawMessage

// has reports whether a field is present and not null.
func (in input) has(name string) bool {
	v, ok := in[name]
	return ok && string(v) != "null"
}

// text returns a text field; "" if it has another type.
func (in input) text(name string) string {
	var s string
	if json.Unmarshal(in[name], &s) != nil {
		return ""
	}
	return s
}

func invalid(code int, format string, args ...any) *apiError {
	return newError(http.StatusBadRequest, code, format, args...)
}

// apply stores the fields of the input in r, and checks the whole record.
func (in input) apply(z *world.Zone, r *world.Record) error {
	if in.has("type") {
		r.Type = strings.ToUpper(in.text("type"))
	}
	if in.has("name") {
		name, err := absolute(in.text("name"), z.Name)
		if err != nil {
			return err
		}
		r.Name = name
	}
	if r.Name == "" {
		return invalid(9000, "DNS name is invalid.")
	}
	if err := in.applyTTL(z, r); err != nil {
		return err
	}
	if in.has("proxied") && json.Unmarshal(in["proxied"], &r.Proxied) != nil {
		return invalid(9207, "Request body is invalid.")
	}
	if r.Proxied {
		r.TTL = autoTTL
	}
	if _, ok := in["comment"]; ok {
		_, most := limits(z)
		if r.Comment = in.text("comment"); utf8.RuneCountInString(r.Comment) > most {
			return invalid(9313, "DNS record comment exceeds the maximum length of %d characters.", most)
		}
	}
	if _, ok := in["tags"]; ok {
		var tags []string
		if json.Unmarshal(in["tags"], &tags) != nil {
			return invalid(9207, "Request body is invalid.")
		}
		if len(tags) > z.TagQuota() {
			return invalid(9300, "DNS record has %d tags, exceeding the quota of %d.", len(tags), z.TagQuota())
		}
		r.Tags = tags
	}
	if in.has("settings") {
		var settings map[string]any
		if json.Unmarshal(in["settings"], &settings) != nil {
			return invalid(9207, "Request body is invalid.")
		}
		r.Settings = nil
		if len(settings) > 0 {
			r.Settings = in["settings"]
		}
	}
	return in.applyContent(r)
}

func (in input) applyTTL(z *world.Zone, r *world.Record) error {
	least, _ := limits(z)
	if !in.has("ttl") {
		return nil
	}
	var ttl float64 // some SDKs write numbers as floats
	if json.Unmarshal(in["ttl"], &ttl) != nil || ttl != float64(uint32(ttl)) || (ttl != autoTTL && (ttl < least || ttl > maxTTL)) {
		return invalid(9021, "TTL must be between %d and %d seconds, or 1 for Automatic.", int(least), maxTTL)
	}
	r.TTL = uint32(ttl)
	return nil
}

// absolute returns a full name: "@" is the zone, and a name that does not end in the zone's name is below it.
func absolute(name, zone string) (string, error) {
	name, ok := aLabels(strings.TrimSuffix(strings.TrimSpace(name), "."))
	if !ok {
		return "", invalid(9000, "DNS name is invalid.")
	}
	switch {
	case name == "@" || providers.SameName(name, zone):
		return zone, nil
	case name == "":
		return "", invalid(9000, "DNS name is invalid.")
	case !providers.InZone(name, zone):
		name += "." + zone
	}
	if _, ok := dns.IsDomainName(name); !ok || strings.Contains(name, "..") || strings.ContainsAny(name, " \t/") {
		return "", invalid(9000, "DNS name is invalid.")
	}
	return providers.CanonicalName(name), nil
}

// aLabels returns a name in A-labels (RFC 5891). The API accepts record names in Unicode and returns A-labels.
func aLabels(name string) (string, bool) {
	if strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return name, true
	}
	ascii, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(false)).ToASCII(name)
	return ascii, err == nil
}

func proxiable(typ string) bool { return typ == "A" || typ == "AAAA" || typ == "CNAME" }

// applyContent stores and checks content, or data for the types that have it.
func (in input) applyContent(r *world.Record) error {
	if f, ok := dataTypes[r.Type]; ok {
		return in.applyData(r, f)
	}
	r.Data = nil
	content := r.Content
	if in.has("content") {
		content = in.text("content")
	}
	if len(content) > maxContent {
		return invalid(9015, "Record content exceeds the allowed length of %d wire format bytes.", maxContent)
	}
	if r.Proxied && !proxiable(r.Type) {
		return invalid(9004, "This record type cannot be proxied.")
	}
	switch r.Type {
	case "A", "AAAA":
		ip, err := netip.ParseAddr(content)
		if r.Type == "A" && (err != nil || !ip.Is4()) {
			return invalid(9005, "Content for A record must be a valid IPv4 address.")
		}
		if r.Type == "AAAA" && (err != nil || !ip.Is6() || ip.Zone() != "") {
			return invalid(9006, "Content for AAAA record must be a valid IPv6 address.")
		}
		if r.Proxied && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()) {
			return invalid(9003, "Target %s is not allowed for a proxied record.", ip)
		}
		content = ip.String()
	case "CNAME", "NS", "PTR", "MX":
		if content != "." || r.Type != "MX" { // a null MX (RFC 7505)
			content = strings.TrimSuffix(content, ".")
		}
		ascii, ok := aLabels(content)
		if !ok {
			return invalid(9007, "Content for %s record is invalid.", r.Type)
		}
		content = ascii
		if _, ok := dns.IsDomainName(content); !ok || content == "" || strings.ContainsAny(content, " \t\n/") {
			return invalid(9007, "Content for %s record is invalid.", r.Type)
		}
		content = providers.CanonicalName(content)
	case "TXT", "OPENPGPKEY":
		if content == "" {
			return invalid(9019, "TXT record content must not be empty.")
		}
	case "":
		return invalid(9020, "A DNS record type is required.")
	default:
		return invalid(9020, "DNS record type %s is invalid.", r.Type)
	}
	r.Content = content
	if r.Type != "MX" {
		r.Priority = nil // some clients always send priority 0
		return nil
	}
	if in.has("priority") {
		r.Priority = new(uint16) // the old record is unchanged
		if json.Unmarshal(in["priority"], r.Priority) != nil {
			r.Priority = nil
		}
	}
	if r.Priority == nil {
		return invalid(9008, "Invalid priority, priority must be set and be between 0 and 65535")
	}
	return nil
}

// dataTypes are the types whose content is derived from a data object, with its fields in the order of the presentation
// format ("Create DNS Record" in the Cloudflare API reference).
var dataTypes = map[string][]string{
	"SRV":    {"priority", "weight", "port", "target"},
	"CAA":    {"flags", "tag", "value"},
	"HTTPS":  {"priority", "target", "value"},
	"SVCB":   {"priority", "target", "value"},
	"SSHFP":  {"algorithm", "type", "fingerprint"},
	"TLSA":   {"usage", "selector", "matching_type", "certificate"},
	"SMIMEA": {"usage", "selector", "matching_type", "certificate"},
	"DS":     {"key_tag", "algorithm", "digest_type", "digest"},
	"DNSKEY": {"flags", "protocol", "algorithm", "public_key"},
	"CERT":   {"type", "key_tag", "algorithm", "certificate"},
	"NAPTR":  {"order", "preference", "flags", "service", "regex", "replacement"},
	"URI":    {"weight", "target"}, // the priority is beside the data
	"LOC": {
		"lat_degrees", "lat_minutes", "lat_seconds", "lat_direction", "long_degrees", "long_minutes", "long_seconds", "long_direction",
		"altitude", "size", "precision_horz", "precision_vert",
	},
}

// quotedFields are written as character strings.
var quotedFields = map[string][]string{"CAA": {"value"}, "NAPTR": {"flags", "service", "regex"}, "URI": {"target"}}

// metres are the fields of LOC with a unit.
var metres = []string{"altitude", "size", "precision_horz", "precision_vert"}

func (in input) applyData(r *world.Record, fields []string) error {
	if r.Proxied {
		return invalid(9004, "This record type cannot be proxied.")
	}
	data := map[string]any{}
	if in.has("data") {
		if json.Unmarshal(in["data"], &data) != nil {
			return invalid(9207, "Request body is invalid.")
		}
	} else if r.Data != nil {
		_ = json.Unmarshal(r.Data, &data) // written by ourselves
	}
	if _, ok := data["priority"]; !ok && in.has("priority") && r.Type == "SRV" {
		var p any
		_ = json.Unmarshal(in["priority"], &p) // it came as part of valid JSON
		data["priority"] = p
	}
	kept := map[string]any{}
	var parts []string
	for _, f := range fields {
		v, text, err := dataField(r.Type, f, data)
		if err != nil {
			return err
		}
		kept[f] = v
		parts = append(parts, text)
	}
	content := strings.TrimSpace(strings.Join(parts, " "))
	priority, err := in.priority(r, kept)
	if err != nil {
		return err
	}
	whole := content
	if r.Type == "URI" {
		whole = fmt.Sprintf("%d %s", *priority, content)
	}
	rr, err := dns.NewRR(". 60 IN " + r.Type + " " + whole)
	if err != nil || rr == nil || strings.ContainsAny(whole, "\n\r") {
		return invalid(9007, "Content for %s record is invalid.", r.Type)
	}
	if _, err := dns.PackRR(rr, make([]byte, dns.MaxMsgSize), 0, nil, false); err != nil {
		return invalid(9007, "Content for %s record is invalid.", r.Type)
	}
	raw, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	r.Data, r.Content, r.Priority = raw, whole, priority
	return nil
}

// priority returns the field beside the data: for SRV, whose data has it too, and for URI.
func (in input) priority(r *world.Record, data map[string]any) (*uint16, error) {
	switch r.Type {
	case "SRV":
		p := uint16(data["priority"].(int)) // dataField has checked it
		return &p, nil
	case "URI":
		p := r.Priority
		if in.has("priority") {
			p = new(uint16)
			if json.Unmarshal(in["priority"], p) != nil {
				p = nil
			}
		}
		if p == nil {
			return nil, invalid(9008, "Invalid priority, priority must be set and be between 0 and 65535")
		}
		return p, nil
	}
	return nil, nil
}

// dataField returns one field of a data object, as stored and in the presentation format.
func dataField(typ, field string, data map[string]any) (kept any, text string, err error) {
	v, ok := data[field]
	if !ok || v == nil {
		return nil, "", invalid(9101, "%s is a required data field.", field)
	}
	switch {
	case slices.Contains(quotedFields[typ], field):
		s, ok := v.(string)
		if !ok {
			return nil, "", invalid(9101, "%s must be a text.", field)
		}
		return v, `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
	case field == "target" || field == "replacement":
		s, _ := v.(string)
		if s == "" && typ == "SRV" {
			return nil, "", invalid(9101, "%s is a required data field.", field)
		}
		if s = strings.TrimSuffix(s, "."); s == "" {
			s = "."
		}
		s = providers.CanonicalName(s)
		return s, s, nil
	}
	n, ok := v.(float64)
	switch {
	case !ok:
		return v, fmt.Sprint(v), nil
	case typ == "LOC" && slices.Contains(metres, field):
		return v, fmt.Sprintf("%.2fm", n), nil
	case typ == "LOC" && strings.HasSuffix(field, "seconds"):
		return v, fmt.Sprintf("%.3f", n), nil
	case n < 0 || n > 65535 || n != float64(int(n)):
		return nil, "", invalid(9102, "%s must be a whole number between 0 and 65535.", field)
	}
	return int(n), strconv.Itoa(int(n)), nil
}

// shown returns the content as the API writes it. SRV and URI omit the priority, which has a field of its own; HTTPS
// and SVCB contain it. LOC starts with class and type.
func shown(r *world.Record) string {
	if r.Priority != nil && (r.Type == "SRV" || r.Type == "URI") {
		if _, rest, ok := strings.Cut(r.Content, " "); ok {
			return rest
		}
	}
	if r.Type == "LOC" {
		return "IN LOC " + r.Content
	}
	return r.Content
}

const sameName = " For more details, refer to <https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/>."

// clash returns an error if a record conflicts with an existing one.
func clash(tx *world.Tx, r *world.Record) error {
	for _, o := range tx.Records() {
		if o.ID == r.ID || o.Name != r.Name {
			continue
		}
		switch {
		case o.Type == r.Type && o.Content == r.Content && priority(o) == priority(r):
			return invalid(81058, "An identical record already exists.")
		case r.Type == "CNAME" && proxiable(o.Type):
			return invalid(81053, "An A, AAAA, or CNAME record with that host already exists.%s", sameName)
		case o.Type == "CNAME" && (r.Type == "A" || r.Type == "AAAA"):
			return invalid(81054, "A CNAME record with that host already exists.%s", sameName)
		}
	}
	return nil
}

func priority(r *world.Record) int {
	if r.Priority == nil {
		return -1
	}
	return int(*r.Priority)
}
