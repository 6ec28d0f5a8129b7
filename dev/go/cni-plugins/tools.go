//go:build tools

// Package tools pins the network plugins of the node that the demo runs Pods on.
package tools

import (
	_ "github.com/containernetworking/plugins/plugins/ipam/host-local"
	_ "github.com/containernetworking/plugins/plugins/main/ptp"
)
