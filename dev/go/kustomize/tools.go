//go:build tools

// Package tools pins kustomize, in the version that people install beside kubectl.
package tools

import _ "sigs.k8s.io/kustomize/kustomize/v5"
