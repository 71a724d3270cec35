#!/usr/bin/env bash
# consumers.sh builds modules that use the library, each in a directory of its own that is removed afterwards:
#
#   - every light package by itself, which must bring no Kubernetes with it: few requirements, few checksums;
#   - provider/kubevirt with the one exclude line of the README, and without it, which must still be needed;
#   - provider/kubevirt beside newer Kubernetes libraries than its own.
#
# Nothing is used but the go command and its module proxy. It prints a table and fails when a row is not as expected.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
templates=$root/scripts/consumers
module=$(cd "$root" && go list -m)
goversion=$(cd "$root" && go list -m -f '{{.GoVersion}}')
most_requires=3
most_sums=20

# Packages that know neither Kubernetes nor a database.
light=(domain provider provider/contract provider/mock provider/providermock providertest)
# What each Kubernetes version is expected to give: ok, or fails where its libraries do not build with KubeVirt's client.
newer=(v0.36.0:ok v0.37.0:ok v0.37.2:ok)

work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
failed=0
rows=()

# row NAME EXPECTED GOT DETAIL
row() {
	local verdict=pass
	if [[ $2 != "$3" ]]; then
		verdict=FAIL
		failed=1
	fi
	rows+=("$(printf '%-44s %-6s %-6s %-5s %s' "$1" "$2" "$3" "$verdict" "$4")")
}

# start NAME makes a module that replaces the library by this checkout, and enters it.
start() {
	mkdir "$work/$1"
	cd "$work/$1"
	printf 'module example.test/consumer\n\ngo %s\n\nrequire %s v0.0.0\n\nreplace %s => %s\n' "$goversion" "$module" "$module" "$root" >go.mod
}

# attempt runs a command and says ok or fails; what it printed is in the file log.
attempt() {
	if "$@" >log 2>&1; then
		echo ok
	else
		echo fails
	fi
}

reason() { grep -v '^go: \(downloading\|finding\|found\)' log | head -n 1 | cut -c1-110 || true; }

count() { awk -v what="$1" '
	what == "require" && /^require \(/ { inside = 1; next }
	what == "require" && inside && /^\)/ { inside = 0; next }
	what == "require" && (inside || /^require /) { n++ }
	what == "sum" { n++ }
	END { print n + 0 }' "$2"; }

for package in "${light[@]}"; do
	start "light-${package//\//-}"
	sed "s|PACKAGE|$module/$package|" "$templates/light.go.tmpl" >main.go
	got=$(attempt go mod tidy)
	detail=$([[ $got == ok ]] || reason)
	if [[ $got == ok ]]; then
		touch go.sum
		requires=$(count require go.mod)
		sums=$(count sum go.sum)
		detail="$requires require, $sums go.sum"
		if ((requires > most_requires || sums > most_sums)); then
			got=large
		else
			got=$(attempt go build -o consumer .)
		fi
	fi
	row "$package" ok "$got" "$detail"
done

# kubevirt NAME EXPECTED EXCLUDE [VERSION] builds a user of provider/kubevirt.
kubevirt() {
	local got detail="" selected
	start "$1"
	sed "s|MODULE|$module|" "$templates/kubevirt.go.tmpl" >main.go
	if [[ $3 == yes ]]; then
		go mod edit -exclude=k8s.io/kube-openapi@v0.31.0
	fi
	if [[ -n ${4:-} ]]; then
		for library in api apimachinery client-go apiextensions-apiserver; do
			go mod edit -require="k8s.io/$library@$4"
		done
	fi
	got=$(attempt go mod tidy)
	if [[ $got == ok ]]; then
		got=$(attempt go build -o consumer .)
	fi
	if [[ $got == ok ]]; then
		selected=$(go list -m -f '{{.Version}}' k8s.io/client-go)
		detail="client-go $selected, $(count require go.mod) require, $(count sum go.sum) go.sum"
		if [[ -n ${4:-} && $selected != "$4" ]]; then
			got=other
		fi
	else
		detail=$(reason)
	fi
	row "$1" "$2" "$got" "$detail"
}

kubevirt "provider-kubevirt" ok yes
kubevirt "provider-kubevirt-without-exclude" fails no
for entry in "${newer[@]}"; do
	kubevirt "provider-kubevirt-beside-${entry%%:*}" "${entry##*:}" yes "${entry%%:*}"
done

printf '%-44s %-6s %-6s %-5s %s\n' consumer want got "" detail
printf '%s\n' "${rows[@]}"
exit "$failed"
