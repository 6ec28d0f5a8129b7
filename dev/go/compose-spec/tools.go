//go:build tools

// Package tools pins the Compose specification's schema, against which docker-compose.yml is checked.
package tools

import _ "github.com/compose-spec/compose-go/v2/schema"
