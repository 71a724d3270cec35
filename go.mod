module github.com/kv-shepherd/shepherd-go

go 1.26

exclude k8s.io/kube-openapi v0.31.0
