package route53

import "time"

// ShortPauses makes the pauses of an account's retries ten times shorter.
func ShortPauses(a *Account) {
	a.jitter = func(bound time.Duration) time.Duration { return jitter(bound / 10) }
}

// The codec of names and values, for its tests.
var (
	NameFromWire  = nameFromWire
	NameToWire    = nameToWire
	ValueFromWire = valueFromWire
	ValueToWire   = valueToWire
	PolicyOf      = policyOf
	SetPolicy     = setPolicy
)

// MaxSetValues is how many values a record set may have.
const MaxSetValues = maxSetValues
