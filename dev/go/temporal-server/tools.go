//go:build tools

// Package tools pins the Temporal server that can keep its data in PostgreSQL, and the tool that makes its schema.
package tools

import (
	_ "go.temporal.io/server/cmd/server"
	_ "go.temporal.io/server/cmd/tools/sql"
)
