package awsapi

import "strings"

// Hosts are the ends of the host names of Amazon's own endpoints.
var Hosts = []string{"amazonaws.com", "amazonaws.com.cn", "api.aws"}

// Console returns the address of Amazon's web console for a region, or for what has no region if it is empty: each
// partition has its own (General Reference, "AWS service endpoints").
func Console(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "https://console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "https://console.amazonaws-us-gov.com"
	}
	return "https://console.aws.amazon.com"
}
