//go:build tools

// Package tools pins the in-cluster IPAM provider that the development stack runs.
package tools

import _ "sigs.k8s.io/cluster-api-ipam-provider-in-cluster"
