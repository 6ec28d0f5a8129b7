//go:build tools

// Package tools pins clusterctl, with which the move of Clusters to another management cluster is tried.
package tools

import _ "sigs.k8s.io/cluster-api/cmd/clusterctl"
