package ec2

import (
	"testing"
)

func TestShortNamesOfRegionsAreThoseThatOperatorsUse(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "aws-use1", "eu-west-1": "aws-euw1", "ap-southeast-2": "aws-apse2", "eu-central-1": "aws-euc1", "us-gov-west-1": "aws-usgovw1", "ap-northeast-3": "aws-apne3", "odd": "aws-odd",
	} {
		if got := shortRegion(region); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}
