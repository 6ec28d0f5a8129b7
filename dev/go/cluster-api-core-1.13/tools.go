//go:build tools

// Package tools pins the Cluster API core manager that the development stack runs.
package tools

import _ "sigs.k8s.io/cluster-api"
