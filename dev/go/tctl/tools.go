//go:build tools

// Package tools pins tctl, with which the manual start of a workflow is tried.
package tools

import _ "github.com/temporalio/tctl/cmd/tctl"
