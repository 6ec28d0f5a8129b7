//go:build tools

// Package tools pins the Compose specification's reference program, which checks docker-compose.yml.
package tools

import _ "github.com/compose-spec/compose-go/v2/cmd"
