//go:build tools

// Package tools pins the Prometheus server and promtool that the tests of the alert rules run.
//
// go.mod holds what a build without service discoveries needs. To change the version, change it there, remove the indirect
// requirements and go.sum, and run: go list -e -mod=mod -deps -tags=tools,remove_all_sd ./...
// (go mod tidy would bring the modules of all service discoveries.)
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
