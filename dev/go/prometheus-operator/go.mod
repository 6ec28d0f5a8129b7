// Pins the CustomResourceDefinitions of the Prometheus Operator, by which the manifests in deploy/monitoring are checked.
module github.com/gorizond/capi-vip-allocator/dev/go/prometheus-operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
