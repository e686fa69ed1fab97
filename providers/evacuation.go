package providers

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// An evacuation is marked in DNS, so that agents and every console know of it. Its markers are the strings of one TXT
// record set, EvacuationName(key)._rollcall.<name>, and hold for that name and all names below it. They are quiesced
// owner markers of no instance:
//
//	rollcall1 <fleet> <cloud key> cloud-<cloud key> <unix time> q EVACUATED <unix time of the reminder, or ->
//	rollcall1 <fleet> <cloud key> cloud-<cloud key> <unix time> q BEFORE <digest of a value>
//
// The second kind names a value that was taken out of DNS before the evacuation, and is not returned with it.
const (
	evacuationPrefix = "cloud-"
	typeEvacuated    = "EVACUATED"
	typeBefore       = "BEFORE"
	noReminder       = "-"
)

// EvacuationName returns the name that stands in the place of an instance id in the markers of a cloud's evacuation.
func EvacuationName(key CloudKey) string { return evacuationPrefix + string(key) }

// Evacuates reports whether the marker is one of the evacuation of its cloud, and of no instance.
func (o Owner) Evacuates() bool {
	return strings.HasPrefix(o.Instance, evacuationPrefix) && o.Instance == EvacuationName(o.Cloud)
}

// EvacuationOwner returns the marker that says since when a cloud is evacuated, and until when that is intended. A zero
// until means that nothing reminds of it.
func EvacuationOwner(fleet string, key CloudKey, since, until time.Time) Owner {
	value := noReminder
	if !until.IsZero() {
		value = strconv.FormatInt(until.Unix(), 10)
	}
	return Owner{Fleet: fleet, Cloud: key, Instance: EvacuationName(key), Registered: since.UTC().Truncate(time.Second), Quiesced: true, Type: typeEvacuated, Value: value}
}

// EvacuatedUntil returns until when an evacuation is intended, zero for no time. ok is false if the marker is not that of
// EvacuationOwner.
func (o Owner) EvacuatedUntil() (until time.Time, ok bool) {
	if !o.Evacuates() || o.Type != typeEvacuated {
		return time.Time{}, false
	}
	if unix, err := strconv.ParseInt(o.Value, 10, 64); err == nil {
		until = time.Unix(unix, 0).UTC()
	}
	return until, true
}

// Before returns the marker that says that a value was taken out of DNS before the evacuation that o marks.
func (o Owner) Before(name, typ, value string) Owner {
	sum := sha256.Sum256([]byte(CanonicalName(name) + " " + typ + " " + value))
	o.Type, o.Value = typeBefore, hex.EncodeToString(sum[:6])
	return o
}

// IsBefore reports whether the marker is one that Before returns.
func (o Owner) IsBefore() bool { return o.Evacuates() && o.Type == typeBefore }

// EvacuationRecord returns the TXT record of a marker of an evacuation for a name and those below it.
func EvacuationRecord(zone, name string, o Owner) (Record, error) {
	text, err := o.Encode()
	return Record{Zone: zone, Name: MarkerName(o.Instance, name), Type: "TXT", TTL: 300, Value: FormatTXT([]string{text})}, err
}
