package cloudflare

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"

	"rollcall/providers"
)

type srvData struct {
	Priority uint16 `json:"priority"`
	Weight   uint16 `json:"weight"`
	Port     uint16 `json:"port"`
	Target   string `json:"target"`
}

type uriData struct {
	Weight uint16 `json:"weight"`
	Target string `json:"target"`
}

type caaData struct {
	Flags uint8  `json:"flags"`
	Tag   string `json:"tag"`
	Value string `json:"value"`
}

func (w *wireRecord) value(typ string) string {
	switch typ {
	case "MX":
		prio := 0
		if w.Priority != nil {
			prio = int(*w.Priority)
		}
		return strconv.Itoa(prio) + " " + w.Content
	case "SRV":
		var d srvData
		if json.Unmarshal(w.Data, &d) == nil && d.Target != "" {
			return fmt.Sprintf("%d %d %d %s", d.Priority, d.Weight, d.Port, d.Target)
		}
		if f := strings.Fields(w.Content); len(f) == 3 && w.Priority != nil { // weight, port, target
			return strconv.Itoa(int(*w.Priority)) + " " + strings.Join(f, " ")
		}
	case "URI":
		var d uriData
		if json.Unmarshal(w.Data, &d) == nil && d.Target != "" && w.Priority != nil {
			return fmt.Sprintf("%d %d %s", int(*w.Priority), d.Weight, providers.FormatTXT([]string{d.Target}))
		}
	}
	if w.Content == "" {
		return valueOfData(typ, w.Data)
	}
	// The content of LOC starts with class and type.
	return strings.TrimPrefix(w.Content, "IN "+typ+" ")
}

// dataFields lists the fields of a data object in the order of the presentation format, for the types whose content the
// API derives from it ("DNS Records for a Zone" in the API reference). A trailing colon marks character strings.
var dataFields = map[string][]string{
	"CAA":    {"flags", "tag", "value:"},
	"HTTPS":  {"priority", "target", "value"},
	"SVCB":   {"priority", "target", "value"},
	"SSHFP":  {"algorithm", "type", "fingerprint"},
	"TLSA":   {"usage", "selector", "matching_type", "certificate"},
	"SMIMEA": {"usage", "selector", "matching_type", "certificate"},
	"DS":     {"key_tag", "algorithm", "digest_type", "digest"},
	"DNSKEY": {"flags", "protocol", "algorithm", "public_key"},
	"CERT":   {"type", "key_tag", "algorithm", "certificate"},
	"NAPTR":  {"order", "preference", "flags:", "service:", "regex:", "replacement"},
	"LOC": {
		"lat_degrees", "lat_minutes", "lat_seconds", "lat_direction", "long_degrees", "long_minutes", "long_seconds", "long_direction",
		"altitude", "size", "precision_horz", "precision_vert",
	},
}

// valueOfData returns the value of a data object, for answers without content; empty if a field is missing.
func valueOfData(typ string, data json.RawMessage) string {
	var d map[string]any
	fields := dataFields[typ]
	if len(fields) == 0 || json.Unmarshal(data, &d) != nil {
		return ""
	}
	var parts []string
	for i, f := range fields {
		name, quoted := strings.CutSuffix(f, ":")
		v, ok := d[name]
		if !ok || v == nil {
			return ""
		}
		text := fmt.Sprint(v)
		switch n, number := v.(float64); {
		case quoted:
			text = providers.FormatTXT([]string{text})
		case number:
			text = strconv.FormatFloat(n, 'f', -1, 64)
			if typ == "LOC" && i > 7 {
				text += "m"
			}
		}
		parts = append(parts, text)
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// spelling is the content of Record.Raw: the fields of an answer that hold the value.
type spelling struct {
	Content  *string         `json:"content,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	Priority *float64        `json:"priority,omitempty"`
	Value    string          `json:"value"` // the value that they were decoded to
}

// raw returns the fields that hold the value, if they differ from those that would be written for the value alone.
func (w *wireRecord) raw(r *providers.Record) string {
	bare := w.Priority == nil || *w.Priority == 0
	switch r.Type {
	case "A", "AAAA", "CNAME", "NS", "PTR", "TXT", "SPF":
		if r.Value == w.Content && bare {
			return ""
		}
	case "MX":
		if w.Priority != nil && r.Value == strconv.Itoa(int(*w.Priority))+" "+w.Content {
			return ""
		}
	case "SRV", "CAA":
		if fields, err := contentFields(r.Type, r.Value); err == nil && sameJSON(fields["data"], w.Data) {
			return ""
		}
	}
	s := spelling{Data: w.Data, Priority: w.Priority, Value: r.Value}
	if len(w.Data) == 0 || string(w.Data) == "null" || string(w.Data) == "{}" {
		s.Data, s.Content = nil, &w.Content
	}
	b, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(b)
}

// sameJSON reports whether a value, as JSON, is equivalent to a text.
func sameJSON(v any, text json.RawMessage) bool {
	b, err := json.Marshal(v)
	if err != nil {
		return false
	}
	var x, y any
	return json.Unmarshal(b, &x) == nil && json.Unmarshal(text, &y) == nil && reflect.DeepEqual(x, y)
}

// valueFields returns the fields of a request that hold the value of a record: as they were read, if that is known,
// else derived from the value.
func valueFields(r *providers.Record) (map[string]any, error) {
	var s spelling
	if r.Raw == "" || json.Unmarshal([]byte(r.Raw), &s) != nil || s.Value != providers.CanonicalValue(r.Type, r.Value) {
		return contentFields(r.Type, r.Value)
	}
	fields := map[string]any{}
	if s.Content != nil {
		fields["content"] = *s.Content
	}
	if len(s.Data) > 0 {
		fields["data"] = s.Data
	}
	if s.Priority != nil {
		fields["priority"] = *s.Priority
	}
	return fields, nil
}

// contentFields returns the fields of a request that hold a value. Names in it are absolute without the last dot, as
// the API returns them.
func contentFields(typ, value string) (map[string]any, error) {
	v := providers.CanonicalValue(typ, value)
	bad := func() error { return fmt.Errorf("%q is no value of type %s", providers.Brief(value), typ) }
	if v == "" {
		return nil, bad()
	}
	switch typ {
	case "A", "AAAA":
		if a, err := netip.ParseAddr(v); err != nil || a.Zone() != "" || a.Is4() != (typ == "A") {
			return nil, bad()
		}
		return map[string]any{"content": v}, nil
	case "CNAME", "NS", "PTR", "TXT", "SPF": // a text that is not quoted as DNS writes it is what some zones hold
		return map[string]any{"content": v}, nil
	case "MX":
		prio, host, ok := strings.Cut(v, " ")
		n, err := strconv.ParseUint(prio, 10, 16)
		if !ok || err != nil {
			return nil, bad()
		}
		return map[string]any{"priority": n, "content": host}, nil
	case "SRV":
		s, ok := providers.ParseSRV(v)
		if !ok {
			return nil, bad()
		}
		return map[string]any{"data": srvData{Priority: s.Priority, Weight: s.Weight, Port: s.Port, Target: s.Target}}, nil
	case "CAA":
		f := strings.SplitN(v, " ", 3)
		if len(f) != 3 {
			return nil, bad()
		}
		flags, err := strconv.ParseUint(f[0], 10, 8)
		if err != nil {
			return nil, bad()
		}
		return map[string]any{"data": caaData{Flags: uint8(flags), Tag: f[1], Value: strings.Trim(f[2], `"`)}}, nil
	}
	return nil, fmt.Errorf("rollcall does not write records of type %s", typ)
}
