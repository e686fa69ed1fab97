package route53

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
