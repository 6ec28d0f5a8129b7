//go:build tools

// Package tools pins helm-docs, which makes the README of the chart.
package tools

import _ "github.com/norwoodj/helm-docs/cmd/helm-docs"
