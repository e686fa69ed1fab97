package cloudflare

import (
	"encoding/json"
	"testing"

	"rollcall/providers"
)

// The shapes of records whose content the API makes of a data object, as its reference documents them and
// as public recordings show them.
func TestARecordOfEveryDocumentedShapeIsReadAndWrittenBackAsItWas(t *testing.T) {
	for _, c := range []struct{ typ, answer, value string }{
		{"URI", `"content":"1 \"http://example.com/example.html\"","priority":10,"data":{"weight":1,"target":"http://example.com/example.html"}`, `10 1 "http://example.com/example.html"`},
		{"LOC", `"content":"IN LOC 37 46 46 N 122 23 35 W 0m 100m 0m 0m","data":{"lat_degrees":37,"lat_minutes":46,"lat_seconds":46,"lat_direction":"N","long_degrees":122,"long_minutes":23,"long_seconds":35,"long_direction":"W","altitude":0,"size":100,"precision_horz":0,"precision_vert":0}`, "37 46 46 N 122 23 35 W 0m 100m 0m 0m"},
		{"NAPTR", `"content":"30 100 \"S\" \"SIP+D2T\" \"\" _sip._tls.example.com.","data":{"order":30,"preference":100,"flags":"S","service":"SIP+D2T","regex":"","replacement":"_sip._tls.example.com."}`, `30 100 "S" "SIP+D2T" "" _sip._tls.example.com.`},
		{"HTTPS", `"content":"1 . alpn=\"h3,h2\"","data":{"priority":1,"target":".","value":"alpn=\"h3,h2\""}`, `1 . alpn="h3,h2"`},
		{"SVCB", `"content":"1 svc.example.com. port=\"8443\"","data":{"priority":1,"target":"svc.example.com.","value":"port=\"8443\""}`, `1 svc.example.com. port="8443"`},
		{"SSHFP", `"content":"1 2 859be6ed04643db411f067b6c1da1d75fe08b672","data":{"algorithm":1,"type":2,"fingerprint":"859be6ed04643db411f067b6c1da1d75fe08b672"}`, "1 2 859be6ed04643db411f067b6c1da1d75fe08b672"},
		{"TLSA", `"content":"3 1 1 aabb","data":{"usage":3,"selector":1,"matching_type":1,"certificate":"aabb"}`, "3 1 1 aabb"},
		{"SMIMEA", `"content":"3 0 0 aabb","data":{"usage":3,"selector":0,"matching_type":0,"certificate":"aabb"}`, "3 0 0 aabb"},
		{"DS", `"content":"1 13 2 B5BB9D80","data":{"key_tag":1,"algorithm":13,"digest_type":2,"digest":"B5BB9D80"}`, "1 13 2 B5BB9D80"},
		{"CERT", `"content":"9 1 1 aabb","data":{"type":9,"key_tag":1,"algorithm":1,"certificate":"aabb"}`, "9 1 1 aabb"},
		{"CAA", `"content":"0 issue \"ca.example.com\"","data":{"flags":0,"tag":"issue","value":"ca.example.com"}`, `0 issue "ca.example.com"`},
		// As they were recorded: without content, and with the parts of the name in the data.
		{"CAA", `"data":{"flags":0,"tag":"issue","value":"ca.example.com"}`, `0 issue "ca.example.com"`},
		{"SRV", `"data":{"service":"_imap","proto":"_tcp","name":"example.com","priority":0,"weight":0,"port":0,"target":"."}`, "0 0 0 ."},
		{"LOC", `"data":{"lat_degrees":31,"lat_minutes":58,"lat_seconds":52.1,"lat_direction":"S","long_degrees":115,"long_minutes":49,"long_seconds":11.7,"long_direction":"E","altitude":20,"size":10,"precision_horz":10,"precision_vert":2}`, "31 58 52.1 S 115 49 11.7 E 20m 10m 10m 2m"},
		{"NAPTR", `"data":{"order":30,"preference":100,"flags":"S","service":"SIP+D2T","regex":"!^.*$!sip:a@b!","replacement":"."}`, `30 100 "S" "SIP+D2T" "!^.*$!sip:a@b!" .`},
	} {
		text := `{"id":"1","name":"a.example.com","type":"` + c.typ + `","ttl":300,` + c.answer + `}`
		var w wireRecord
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		r, err := w.decode("example.com")
		if err != nil || r.Value != providers.CanonicalValue(c.typ, c.value) {
			t.Errorf("%s: %q, %v, want %q", c.typ, r.Value, err, c.value)
			continue
		}
		body, err := postBody(&r, "example.com")
		if err != nil {
			t.Errorf("%s cannot be written back: %v", c.typ, err)
			continue
		}
		if !sameJSON(body["data"], w.Data) || w.Priority != nil && body["priority"] != *w.Priority {
			t.Errorf("%s is written back as %v", c.typ, body)
		}
	}
}

func TestAnInternalZoneIsPrivate(t *testing.T) {
	w := wireZone{ID: "1", Name: "shared.internal.test", Status: "active", Type: "internal"}
	if z, err := w.decode(); err != nil || !z.Private || z.Pending {
		t.Errorf("%+v, %v", z, err)
	}
}
