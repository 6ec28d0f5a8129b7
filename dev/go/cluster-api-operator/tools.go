//go:build tools

// Package tools pins the Cluster API operator, by which an installation is tried.
package tools

import _ "sigs.k8s.io/cluster-api-operator/cmd"
