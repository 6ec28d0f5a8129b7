// Pins the CustomResourceDefinition of external-dns, with which the tests of DNS names run.
module github.com/gorizond/capi-vip-allocator/dev/go/external-dns

go 1.26.0

require sigs.k8s.io/external-dns v0.22.0
