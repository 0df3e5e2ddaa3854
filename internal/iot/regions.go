package iot

import (
	"slices"
	"strings"
)

// Regions returns the regions that have AWS IoT Core (botocore 1.43.11, endpoints.json, service iot).
// A new region may be missing, so a name that is not listed need not be wrong.
func Regions() []string {
	return []string{
		"ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-5",
		"ca-central-1", "eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
		"il-central-1", "me-central-1", "me-south-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
		"cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1",
	}
}

// RegionOf returns the region in the name of a host of AWS, such as sts.eu-west-1.amazonaws.com.
func RegionOf(host string) string {
	_, rest, _ := strings.Cut(host, ".")
	region, _, _ := strings.Cut(rest, ".")
	return region
}

// IsRegion reports whether AWS IoT Core is known to be in a region.
func IsRegion(name string) bool { return slices.Contains(Regions(), name) }
